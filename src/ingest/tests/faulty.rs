//! A disk in a directory whose writes, syncs and room can be made to fail.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::log::{Access, Disk, DiskFile, Lock, RealDisk, Region};

/// What fails from now on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) write: AtomicBool,
    pub(crate) sync: AtomicBool,
    pub(crate) room: AtomicBool,
}

pub(crate) struct FaultyDisk {
    inner: RealDisk,
    faults: Arc<Faults>,
}

struct FaultyFile {
    inner: Arc<dyn DiskFile>,
    faults: Arc<Faults>,
}

impl FaultyDisk {
    pub(crate) fn open(root: &Path) -> (Arc<Self>, Arc<Faults>) {
        let faults = Arc::<Faults>::default();
        (Arc::new(Self { inner: RealDisk::open(root).unwrap(), faults: Arc::clone(&faults) }), faults)
    }

    fn wrap(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile { inner: file, faults: Arc::clone(&self.faults) })
    }
}

fn check(fault: &AtomicBool, kind: io::ErrorKind) -> io::Result<()> {
    if fault.load(Ordering::Relaxed) { Err(kind.into()) } else { Ok(()) }
}

impl Disk for FaultyDisk {
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>> {
        self.inner.lock(name, holder)
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.inner.create(name).map(|file| self.wrap(file))
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.inner.open(name, access).map(|file| self.wrap(file))
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.inner.make_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }
    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.link(from, to)
    }
    fn unlink(&self, name: &str) -> io::Result<()> {
        self.inner.unlink(name)
    }
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.inner.free_bytes()
    }
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.fill_random(bytes)
    }
}

impl DiskFile for FaultyFile {
    fn bytes(&self) -> io::Result<u64> {
        self.inner.bytes()
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        check(&self.faults.write, io::ErrorKind::Other)?;
        self.inner.write_at(offset, bytes)
    }
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        check(&self.faults.sync, io::ErrorKind::Other)?;
        self.inner.sync()
    }
    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        check(&self.faults.room, io::ErrorKind::StorageFull)?;
        self.inner.allocate_zeroed(bytes)
    }
    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.inner.punch(offset, bytes)
    }
    fn map(&self) -> io::Result<Region> {
        self.inner.map()
    }
}
