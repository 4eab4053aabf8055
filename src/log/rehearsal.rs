//! A disk on which changes are made in memory alone: what a recovery would do to a directory, without doing it.
//!
//! It holds a copy of every file that is changed, so it needs memory for as much as the recovery would write. It is
//! for one thread and knows nothing of durability.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};

use rustix::fs::MemfdFlags;

use crate::log::disk::Lock;
use crate::log::shared::locked;
use crate::log::{Access, Disk, DiskFile, Region};

/// Bytes that are copied, or left out as zeros, at once.
const STEP: usize = 64 * 1024;

/// Stands before a real disk.
pub(in crate::log) struct Rehearsal {
    below: Arc<dyn Disk>,
    changed: Mutex<BTreeMap<String, Changed>>,
}

/// What became of a name.
#[derive(Clone)]
enum Changed {
    Gone,
    Memory(Arc<MemoryFile>),
    /// The file that the disk below has under this name.
    Below(String),
}

impl Rehearsal {
    pub(in crate::log) fn new(below: Arc<dyn Disk>) -> Self {
        Self { below, changed: Mutex::new(BTreeMap::new()) }
    }

    fn now(&self, name: &str) -> Changed {
        locked(&self.changed).get(name).cloned().unwrap_or_else(|| Changed::Below(name.to_owned()))
    }

    fn set(&self, name: &str, changed: Changed) {
        locked(&self.changed).insert(name.to_owned(), changed);
    }

    fn exists(&self, name: &str) -> bool {
        self.open(name, Access::Read).is_ok()
    }
}

impl Disk for Rehearsal {
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>> {
        self.below.lock(name, holder)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = Arc::new(MemoryFile::new()?);
        self.set(name, Changed::Memory(Arc::clone(&file)));
        Ok(file)
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        match self.now(name) {
            Changed::Gone => Err(io::ErrorKind::NotFound.into()),
            Changed::Memory(file) => Ok(file),
            Changed::Below(below) if access == Access::ReadWrite => {
                let file = Arc::new(MemoryFile::copy(&*self.below.open(&below, Access::Read)?)?);
                self.set(name, Changed::Memory(Arc::clone(&file)));
                Ok(file)
            }
            Changed::Below(below) => self.below.open(&below, access),
        }
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = self.below.list(dir)?;
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        for (path, changed) in &*locked(&self.changed) {
            let Some(name) = path.strip_prefix(&prefix).filter(|name| !name.contains('/')) else { continue };
            names.retain(|other| other != name);
            if !matches!(changed, Changed::Gone) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.link_over(from, to)?;
        self.set(from, Changed::Gone);
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        if self.exists(to) { Err(io::ErrorKind::AlreadyExists.into()) } else { self.link_over(from, to) }
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        if !self.exists(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.set(name, Changed::Gone);
        Ok(())
    }

    fn sync_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.below.free_bytes()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.below.fill_random(bytes)
    }
}

impl Rehearsal {
    fn link_over(&self, from: &str, to: &str) -> io::Result<()> {
        if !self.exists(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.set(to, self.now(from));
        Ok(())
    }
}

struct MemoryFile {
    file: File,
}

impl MemoryFile {
    fn new() -> io::Result<Self> {
        Ok(Self { file: File::from(rustix::fs::memfd_create("rehearsal", MemfdFlags::CLOEXEC)?) })
    }

    fn copy(original: &dyn DiskFile) -> io::Result<Self> {
        let copy = Self::new()?;
        let bytes = original.bytes()?;
        copy.file.set_len(bytes)?;
        let mut buffer = vec![0; STEP];
        let mut offset = 0;
        while offset < bytes {
            let read = original.read_at(offset, &mut buffer)?;
            let held =
                buffer.get(..read).filter(|held| !held.is_empty()).ok_or(io::ErrorKind::UnexpectedEof)?;
            if held.iter().any(|&byte| byte != 0) {
                copy.file.write_all_at(held, offset)?;
            }
            offset += read as u64;
        }
        Ok(copy)
    }
}

impl DiskFile for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn punch(&self, _offset: u64, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn map(&self) -> io::Result<Region> {
        Region::open(&self.file)
    }
}
