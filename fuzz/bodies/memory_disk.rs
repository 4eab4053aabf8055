//! A log's directory in memory, made anew for each run from bytes that were changed in between.
//!
//! Nothing here fails or is lost: damage that comes from a disk is in the bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::fs::MemfdFlags;
use tailwire::log::{Access, Disk, DiskFile, Lock, Region};

/// The files of a directory by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

const PAGE: usize = 4096;
const ZEROS: [u8; PAGE] = [0; PAGE];

#[derive(Default)]
pub(crate) struct MemoryDisk {
    files: Mutex<BTreeMap<String, Arc<MemoryFile>>>,
    drawn: AtomicU64,
}

impl MemoryDisk {
    pub(crate) fn of(files: &Files) -> Self {
        let disk = Self::default();
        for (name, bytes) in files {
            let file = disk.create_file(name).expect("memory is to be had");
            file.0.set_len(bytes.len() as u64).expect("memory is to be had");
            // In one comparison: the fuzzer looks at each that is made in a loop.
            for (at, page) in bytes.chunks(PAGE).enumerate().filter(|(_, page)| **page != ZEROS[..page.len()])
            {
                file.0.write_all_at(page, (at * PAGE) as u64).expect("memory is to be had");
            }
        }
        disk
    }

    /// What is in it now.
    pub(crate) fn files(&self) -> Files {
        let read = |(name, file): (&String, &Arc<MemoryFile>)| {
            let mut bytes = vec![0; file.bytes().expect("it is there") as usize];
            file.read_at(0, &mut bytes).expect("it can be read");
            (name.clone(), bytes)
        };
        self.files.lock().expect("no panic before").iter().map(read).collect()
    }

    fn create_file(&self, name: &str) -> io::Result<Arc<MemoryFile>> {
        let file = File::from(rustix::fs::memfd_create("tailwire", MemfdFlags::CLOEXEC)?);
        let file = Arc::new(MemoryFile(file));
        self.files.lock().expect("no panic before").insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn take(&self, name: &str) -> io::Result<Arc<MemoryFile>> {
        self.files.lock().expect("no panic before").remove(name).ok_or(io::ErrorKind::NotFound.into())
    }
}

struct NoLock;

impl Lock for NoLock {}

impl Disk for MemoryDisk {
    fn lock(&self, _name: &str, _holder: &str) -> io::Result<Box<dyn Lock>> {
        Ok(Box::new(NoLock))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.create_file(name)?)
    }

    fn open(&self, name: &str, _access: Access) -> io::Result<Arc<dyn DiskFile>> {
        match self.files.lock().expect("no panic before").get(name) {
            Some(file) => Ok(Arc::clone(file) as Arc<dyn DiskFile>),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let files = self.files.lock().expect("no panic before");
        let inside = files.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(inside.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let file = self.take(from)?;
        self.files.lock().expect("no panic before").insert(to.to_owned(), file);
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files.lock().expect("no panic before");
        if files.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = files.get(from).cloned().ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        self.take(name).map(drop)
    }

    fn sync_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(1 << 40)
    }

    /// The same on every run, so that a finding can be played again.
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        for part in bytes.chunks_mut(8) {
            let drawn =
                self.drawn.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed) ^ 0x5DEE_CE66_D1CE_4E5B;
            let mixed = drawn.wrapping_mul(0xBF58_476D_1CE4_E5B9);
            part.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

struct MemoryFile(File);

impl DiskFile for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.0.read_at(&mut bytes[filled..], offset + filled as u64)? {
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
        self.0.set_len(bytes)
    }

    fn punch(&self, _offset: u64, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn map(&self) -> io::Result<Region> {
        Region::open(&self.0)
    }
}
