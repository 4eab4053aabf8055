//! Names and files in memory. Its own locks are `std`'s, which the checker does not see: so whatever order the
//! server's threads keep, they keep by themselves.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::log::{Access, Disk, DiskFile, Lock, Region};
use crate::memory::Memory;
use crate::sync::{Fault, planted};

/// Room in a file that was not made longer.
const SMALL_BYTES: usize = 4096;

#[derive(Default, Clone)]
pub(crate) struct MemoryDisk {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    names: Mutex<BTreeMap<String, Arc<MemoryFile>>>,
    random: AtomicU64,
    syncs_left: Arc<SyncsLeft>,
}

/// So many more syncs succeed; `None`: all.
type SyncsLeft = Mutex<Option<u64>>;

struct MemoryFile {
    syncs_left: Arc<SyncsLeft>,
    memory: OnceLock<Arc<Memory>>,
}

struct Locked;

impl Lock for Locked {}

impl MemoryDisk {
    /// Every sync fails once `count` more have been made.
    pub(crate) fn fail_syncs_after(&self, count: u64) {
        *self.state.syncs_left.lock().unwrap() = Some(count);
    }

    /// Whether bytes of a map may be shown after a crash: written, synced, and in a file that has a segment's name.
    pub(crate) fn is_durable(&self, bytes: &[u8]) -> bool {
        // The checker may change threads meanwhile.
        let files = self.state.names.lock().unwrap().clone();
        let of_file = |file: &Arc<MemoryFile>| file.memory.get().and_then(|memory| memory.is_synced(bytes));
        files.iter().any(|(name, file)| name.ends_with(".seg") && of_file(file) == Some(true))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.names.lock().unwrap().keys().cloned().collect()
    }
}

impl Disk for MemoryDisk {
    fn lock(&self, _name: &str, _holder: &str) -> io::Result<Box<dyn Lock>> {
        Ok(Box::new(Locked))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file =
            Arc::new(MemoryFile { syncs_left: Arc::clone(&self.state.syncs_left), memory: OnceLock::new() });
        self.state.names.lock().unwrap().insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn open(&self, name: &str, _access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let found = self.state.names.lock().unwrap().get(name).cloned();
        found.map(|file| file as Arc<dyn DiskFile>).ok_or(io::ErrorKind::NotFound.into())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let inside =
            self.names().into_iter().filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned));
        Ok(inside.filter(|name| !name.contains('/')).collect())
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut names = self.state.names.lock().unwrap();
        let file = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        names.insert(to.to_owned(), file);
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut names = self.state.names.lock().unwrap();
        let file = names.get(from).cloned().ok_or(io::ErrorKind::NotFound)?;
        names.insert(to.to_owned(), file);
        Ok(())
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        let file = self.state.names.lock().unwrap().remove(name).ok_or(io::ErrorKind::NotFound)?;
        if planted() == Some(Fault::Truncated) {
            file.write_at(0, &vec![0; file.memory().len()])?;
        }
        Ok(())
    }

    fn sync_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        for chunk in bytes.chunks_mut(8) {
            let number =
                self.state.random.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl MemoryFile {
    fn memory(&self) -> &Arc<Memory> {
        self.memory.get_or_init(|| Arc::new(Memory::zeros(SMALL_BYTES)))
    }
}

impl DiskFile for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.memory().len() as u64)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.memory().write(offset as usize, bytes);
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.memory().len().saturating_sub(offset as usize));
        bytes[..count].copy_from_slice(self.memory().read(offset as usize, count));
        Ok(count)
    }

    fn sync(&self) -> io::Result<()> {
        let mut left = self.syncs_left.lock().unwrap();
        match &mut *left {
            Some(0) => return Err(io::Error::other("the disk is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        drop(left);
        self.memory().sync();
        Ok(())
    }

    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        self.memory.get_or_init(|| Arc::new(Memory::zeros(bytes as usize)));
        Ok(())
    }

    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.memory().write(offset as usize, &vec![0; bytes as usize]);
        Ok(())
    }

    fn map(&self) -> io::Result<Region> {
        Ok(Region::over(Arc::clone(self.memory())))
    }
}
