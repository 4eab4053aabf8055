//! A power cut without a plug to pull: the data lies on a file system of its own on a loop device, which is told to
//! drop dead, is unmounted and mounted again, so that its journal recovers it as after a real one.
//!
//! What is lost is what had not been flushed: the page cache and the journal in memory. The device itself keeps all
//! it was given; that it has a cache of its own which a flush must empty is not tried here. Everything is mounted in
//! a namespace of this process and the loop device ends with its last user, so nothing stays behind, however the
//! process ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::cutting;

/// Size of the device. It is a sparse file in memory, so only what is used counts.
const DEVICE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// How long something may go on using a file system that is to be unmounted.
const BUSY_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum FileSystem {
    Ext4,
    Xfs,
}

impl FileSystem {
    fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// What a run on it does.
    pub(super) fn cuts(self) -> &'static str {
        match self {
            Self::Ext4 => "power cuts on ext4",
            Self::Xfs => "power cuts on xfs",
        }
    }
}

/// Why there can be no power cuts on this machine.
#[derive(Debug, thiserror::Error)]
pub(super) enum PowerError {
    #[error("a mount namespace needs root: {0}")]
    Namespace(io::Error),
    #[error("{what} cannot be used: {source}")]
    File { what: &'static str, source: io::Error },
    #[error("{program} is not there: {source}")]
    Program { program: String, source: io::Error },
    #[error("`{command}` failed: {message}")]
    Command { command: String, message: String },
}

/// The device and what is mounted.
pub(super) struct Power {
    kind: FileSystem,
    /// Held so that the loop device stays between two mounts. It was detached already and ends with this.
    held: Option<File>,
    device: PathBuf,
    memory: PathBuf,
    mount: PathBuf,
}

impl Power {
    /// Makes a device with an empty file system of this kind and mounts it below `directory`. To be called before
    /// there is a second thread.
    pub(super) fn on(kind: FileSystem, directory: &Path) -> Result<Self, PowerError> {
        cutting::leave_mount_namespace().map_err(PowerError::Namespace)?;
        // Else what is mounted here would show in the namespace we came from.
        run("mount", &["--make-rprivate", "/"])?;
        let (memory, mount) = (directory.join("memory"), directory.join("disk"));
        for place in [&memory, &mount] {
            fs::create_dir(place).map_err(file("the directory"))?;
        }
        run("mount", &["-t", "tmpfs", "-o", "size=2112m", "tailwire-chaos", text(&memory)])?;
        let image = memory.join("image");
        let sized = File::create(&image).and_then(|file| file.set_len(DEVICE_BYTES));
        sized.map_err(file("the image"))?;
        match kind {
            FileSystem::Ext4 => run("mkfs.ext4", &["-q", "-F", text(&image)])?,
            FileSystem::Xfs => run("mkfs.xfs", &["-q", "-f", text(&image)])?,
        };
        let device = PathBuf::from(run("losetup", &["--find", "--show", text(&image)])?.trim());
        let held = Some(File::open(&device).map_err(file("the loop device"))?);
        // As long as it is used, this only marks it to go with its last user.
        run("losetup", &["--detach", text(&device)])?;
        let power = Self { kind, held, device, memory, mount };
        power.mount()?;
        Ok(power)
    }

    /// Where the file system is mounted.
    pub(super) fn place(&self) -> &Path {
        &self.mount
    }

    /// Something by which the power can be cut from any thread.
    pub(super) fn plug(&self) -> io::Result<File> {
        File::open(&self.mount)
    }

    /// Whether less than half of the file system is taken. How fast the lives of a run fill it is the machine's matter,
    /// and a server on a full one rightly takes nothing.
    pub(super) fn has_room(&self) -> bool {
        rustix::fs::statvfs(&self.mount).is_ok_and(|fs| fs.f_bavail > fs.f_blocks / 2)
    }

    /// Mounts the file system again after a cut. Nobody may use it any more.
    pub(super) fn restore(&self) -> Result<(), PowerError> {
        self.unmount(&self.mount)?;
        self.mount()
    }

    /// Copies what is on the file system to `place`, for whoever looks for the cause.
    pub(super) fn rescue(&self, place: &Path) -> Result<(), PowerError> {
        self.restore()?;
        run("cp", &["-a", "--sparse=always", text(&self.mount), text(place)]).map(drop)
    }

    fn mount(&self) -> Result<(), PowerError> {
        run("mount", &["-t", self.kind.name(), text(&self.device), text(&self.mount)]).map(drop)
    }

    fn unmount(&self, place: &Path) -> Result<(), PowerError> {
        let deadline = Instant::now() + BUSY_MAX;
        loop {
            match run("umount", &[text(place)]) {
                // A process that has ended may still be giving its files back.
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                other => return other.map(drop),
            }
        }
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        // What cannot be unmounted goes with the namespace.
        let _with_the_process = self.unmount(&self.mount);
        self.held = None;
        let _with_the_process = self.unmount(&self.memory);
    }
}

/// Runs a program to its end; what it printed.
fn run(program: &str, arguments: &[&str]) -> Result<String, PowerError> {
    // Those that make and mount file systems are not on everybody's path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program).args(arguments).env("PATH", path).output();
    let output = output.map_err(|source| PowerError::Program { program: program.to_owned(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
    Err(PowerError::Command { command: format!("{program} {}", arguments.join(" ")), message })
}

fn file(what: &'static str) -> impl Fn(io::Error) -> PowerError {
    move |source| PowerError::File { what, source }
}

/// Paths are made here, of ASCII; a temporary directory with another name is refused by the programs.
fn text(path: &Path) -> &str {
    path.to_str().unwrap_or("?")
}
