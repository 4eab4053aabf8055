//! A real file system of a few megabytes that a test may fill: in a mount namespace of the calling thread and
//! what it starts, so that nothing is left of it, however the test ends.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::data_directory;

/// What the test's own files take at a time.
const FILLER_BYTES: usize = 64 * 1024;

pub struct SmallDisk {
    directory: tempfile::TempDir,
    fillers: Vec<PathBuf>,
}

impl SmallDisk {
    /// An ext4 of this size in a file, over a loop device; `None`, said loudly, where that cannot be had.
    pub fn ext4(bytes: u64) -> Option<Self> {
        Self::mount(|directory, target| {
            let image = directory.join("image");
            File::create(&image).unwrap().set_len(bytes).unwrap();
            run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image))?;
            run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(target))
        })
    }

    /// A tmpfs with these options.
    pub fn tmpfs(options: &str) -> Option<Self> {
        Self::mount(|_, target| {
            run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(target))
        })
    }

    fn mount(mount: impl FnOnce(&Path, &Path) -> Result<(), String>) -> Option<Self> {
        let directory = data_directory();
        let target = directory.path().join("disk");
        std::fs::create_dir(&target).unwrap();
        let mounted = own_namespace().and_then(|()| mount(directory.path(), &target));
        if let Err(reason) = mounted {
            eprintln!("SKIPPED: a disk that can be filled needs root and mount(8): {reason}");
            return None;
        }
        Some(Self { directory, fillers: Vec::new() })
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    pub fn free_bytes(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Takes room until no more than this is free; with 0, until the kernel says that the disk is full.
    pub fn fill(&mut self, free_bytes: u64) {
        let path = self.filler();
        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let zeros = vec![0; FILLER_BYTES];
        let mut step = FILLER_BYTES;
        while free_bytes == 0 || self.free_bytes() > free_bytes {
            match file.write(&zeros[..step]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull && step > 1 => step /= 16,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        // What the kernel has only promised room for is taken now.
        let _full = file.sync_all();
    }

    /// Makes files until the kernel says that there can be no more.
    pub fn use_up_files(&mut self) {
        loop {
            let path = self.filler();
            match File::create(&path) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Takes all of it away again.
    pub fn free(&mut self) {
        for path in self.fillers.drain(..) {
            let removed = std::fs::remove_file(path);
            assert!(removed.is_ok() || removed.is_err_and(|error| error.kind() == ErrorKind::NotFound));
        }
    }

    fn filler(&mut self) -> PathBuf {
        let path = self.path().join(format!("filler-{}", self.fillers.len()));
        self.fillers.push(path.clone());
        path
    }
}

impl Drop for SmallDisk {
    /// The namespace would take it away as well, but only with the test's last thread.
    fn drop(&mut self) {
        let _with_the_namespace = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// Gives the calling thread mounts of its own, of which the rest of the machine sees nothing.
#[expect(deprecated, reason = "the unsafe one is so for file descriptors, which stay shared here")]
fn own_namespace() -> Result<(), String> {
    rustix::thread::unshare(rustix::thread::UnshareFlags::NEWNS).map_err(|error| error.to_string())?;
    run(Command::new("mount").args(["--make-rprivate", "/"]))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
