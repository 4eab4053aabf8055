//! What the operator gave the process beyond need: root, or a data directory that others may enter. It is said once, at
//! start, with the cure; nothing is refused or changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Warns of both. To be called when the directory exists.
pub(in crate::app) fn warn(data_dir: &Path) {
    if rustix::process::geteuid().is_root() {
        tracing::warn!(
            "running as root, which nothing here needs: whoever breaks in has the machine. Give {} to an \
             ordinary user and start the server as that user; deploy/README.md has a unit that does",
            data_dir.display()
        );
    }
    // Files in it are made for their owner alone, but who may write the directory may remove or replace them.
    let mode = data_dir.metadata().map_or(0, |metadata| metadata.mode());
    if mode & OTHERS != 0 {
        tracing::warn!(
            "the data directory {dir} has mode {mode:04o}, so others on this machine may enter it: \
             chmod -R go-rwx {dir}",
            dir = data_dir.display(),
            mode = mode & 0o7777
        );
    }
}
