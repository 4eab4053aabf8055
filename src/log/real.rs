//! The log's directory on a local file system: files of mode 0600 in directories of mode 0700.
//!
//! It adds nothing to what the kernel does: no retries, no caching, no knowledge of the format.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, FallocateFlags, FlockOperation, OFlags};

use crate::log::disk::Lock;
use crate::log::scan::read_page;
use crate::log::{Access, Disk, DiskFile, Region};

/// Bytes of zeros written and flushed in one go while a segment is prepared: a commit waits behind no more of them.
/// All 128 MiB handed to the device at once made commits wait 30–80 ms for it.
const ZEROS_BYTES: usize = 1024 * 1024;

/// A log directory.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// Opens the directory, making it (mode 0700) where it does not exist.
    pub fn open(root: &Path) -> io::Result<Self> {
        make_dir(root)?;
        Self::open_existing(root)
    }

    /// Opens the directory only if it exists; for those who only look.
    pub fn open_existing(root: &Path) -> io::Result<Self> {
        if root.metadata()?.is_dir() {
            Ok(Self { root: root.to_path_buf() })
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Disk for RealDisk {
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>> {
        // Not truncated before the lock is ours: the text names whoever has it.
        let file = options().write(true).create(true).truncate(false).open(self.path(name))?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.set_len(0)?;
        file.write_all_at(holder.as_bytes(), 0)?;
        Ok(Box::new(RealLock { _file: file }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = options().write(true).create(true).truncate(true).open(self.path(name))?;
        Ok(Arc::new(RealFile { file }))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path(name);
        let file = match access {
            Access::Read => options().open(path)?,
            Access::ReadWrite => options().write(true).open(path)?,
            Access::ReadUncached => open_uncached(&path)?,
        };
        Ok(Arc::new(RealFile { file }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.path(dir)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn make_dir(&self, dir: &str) -> io::Result<()> {
        make_dir(&self.path(dir))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::hard_link(self.path(from), self.path(to))
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        File::open(self.path(dir))?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
        }
        Ok(())
    }
}

/// An open file of the log's directory.
#[derive(Debug)]
struct RealFile {
    file: File,
}

impl DiskFile for RealFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        // The reservation is for one contiguous extent and an early "disk full"; not every file system has
        // it.
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, bytes) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        let zeros = vec![0; ZEROS_BYTES];
        let mut offset = 0;
        while offset < bytes {
            let step = zeros.len().min((bytes - offset) as usize);
            self.file.write_all_at(&zeros[..step], offset)?;
            self.file.sync_data()?;
            offset += step as u64;
        }
        Ok(())
    }

    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        Ok(rustix::fs::fallocate(&self.file, flags, offset, bytes)?)
    }

    fn map(&self) -> io::Result<Region> {
        Region::open(&self.file)
    }
}

/// The lock ends with the file's last descriptor.
#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl Lock for RealLock {}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).mode(0o600);
    options
}

/// Makes a directory and those above it, and their names durable.
fn make_dir(path: &Path) -> io::Result<()> {
    let is_missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for dir in missing {
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// `O_DIRECT`, or where that is refused a cached read after the clean pages were dropped.
fn open_uncached(path: &Path) -> io::Result<File> {
    let direct = options().custom_flags(OFlags::DIRECT.bits().cast_signed()).open(path);
    let refused = |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error());
    // Some file systems refuse it only when it comes to reading.
    let direct = direct.map(|file| RealFile { file });
    let unreadable = |file: &RealFile| read_page(file, 0).is_err_and(|error| refused(&error));
    match direct {
        Ok(file) if !unreadable(&file) => Ok(file.file),
        Err(error) if !refused(&error) => Err(error),
        _ => {
            let file = options().open(path)?;
            rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
            Ok(file)
        }
    }
}
