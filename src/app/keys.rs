//! The keys of a server: their files read at start, and again on SIGHUP. A set that cannot be used never replaces one
//! that can.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::auth::{KeyError, KeySet, SharedVerifier, Verifier};
use crate::config::KeySettings;
use crate::limits;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(
        "{setting} {}: the file cannot be read: {source}; name the right one, and let the user that runs the server \
         read it",
        path.display()
    )]
    Unreadable { setting: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The verifier of a server with keys; `None` without.
pub(in crate::app) fn verifier(settings: &KeySettings) -> Result<Option<SharedVerifier>, KeysError> {
    match settings.any() {
        true => load(settings).map(|verifier| Some(SharedVerifier::new(verifier))),
        false => Ok(None),
    }
}

/// Reads the keys again and verifies with them from now on; where that fails, the old ones stay.
pub(in crate::app) fn reload(settings: &KeySettings, shared: Option<&SharedVerifier>) {
    let Some(shared) = shared else {
        tracing::info!("SIGHUP: this server has no keys to read again");
        return;
    };
    match load(settings) {
        Ok(verifier) => shared.replace(verifier),
        Err(error) => {
            tracing::error!(%error, "SIGHUP: the keys were not exchanged, and those from before go on to be used");
        }
    }
}

fn load(settings: &KeySettings) -> Result<Verifier, KeysError> {
    let keys = KeySet::parse(settings.materials(read)?)?;
    settings.secret_files.iter().for_each(|file| warn_if_readable_by_others(&file.path));
    for why in keys.skipped() {
        tracing::warn!("a key was left out: {why}");
    }
    if keys.holds_secret() {
        settings.jwks.iter().for_each(|path| warn_if_readable_by_others(path));
    }
    tracing::info!(keys = keys.names().join(", "), "tokens are verified with these keys");
    Ok(Verifier::new(keys, settings.rules()))
}

/// A file's bytes; one more than a key may have, at most, so that too many show.
fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, KeysError> {
    let unreadable = |source| KeysError::Unreadable { setting, path: path.to_owned(), source };
    // Made at its full size: growing would leave copies of a secret behind.
    let mut content = Vec::with_capacity(limits::KEY_FILE_BYTES_MAX + 1);
    let file = File::open(path).map_err(unreadable)?;
    file.take(limits::KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
    Ok(content)
}

fn warn_if_readable_by_others(path: &Path) {
    const OTHERS_READ: u32 = 0o004;
    if path.metadata().is_ok_and(|metadata| metadata.mode() & OTHERS_READ != 0) {
        tracing::warn!(
            "{} holds a secret and everybody on this machine may read it: chmod o-r {}",
            path.display(),
            path.display()
        );
    }
}
