//! A disk that loses what was not synced, for crash tests.
//!
//! Each file is a memory file, so that maps of it see what is written. At a crash every 512-byte sector takes
//! any version it had since the file's last sync, and every name that changed since its directory's last sync
//! is in the old or the new state, each on its own. Calls can be made to fail: all of them from the nth on
//! (the crash), or the nth sync or write alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};

use rustix::fs::MemfdFlags;

use crate::log::{Access, Disk, DiskFile, Lock, Region};

const SECTOR: u64 = 512;

/// A small generator: the same seed, the same run.
#[derive(Debug, Clone)]
pub(in crate::log) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(in crate::log) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(in crate::log) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}

/// Faults to come. Counters are of calls from when they are set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Every changing call fails once so many have been made.
    pub(crate) crash_after: Option<u64>,
    pub(crate) fail_sync: Option<u64>,
    pub(crate) fail_write: Option<u64>,
    /// The page that cannot be read past the cache, in any file.
    pub(crate) bad_page: Option<u64>,
    pub(crate) fail_rename: bool,
    pub(crate) fail_unlink: bool,
    pub(crate) free_bytes: Option<u64>,
}

struct Inode {
    cache: File,
    /// The versions of each sector since the last sync, the synced one first.
    unsynced: BTreeMap<u64, Vec<Vec<u8>>>,
    /// What the platter holds of sectors that a failed sync has called clean. A later sync does not save them.
    lost: BTreeMap<u64, Vec<u8>>,
}

struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    /// The names as they are on the platter.
    durable_names: BTreeMap<String, usize>,
    faults: Faults,
    random: Random,
    calls: u64,
}

#[derive(Clone)]
pub(crate) struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    pub(crate) fn new(seed: u64) -> Self {
        Self::from_state(Vec::new(), BTreeMap::new(), seed)
    }

    fn from_state(inodes: Vec<Inode>, names: BTreeMap<String, usize>, seed: u64) -> Self {
        let durable_names = names.clone();
        let random = Random::new(seed);
        let faults = Faults::default();
        let state = State { inodes, names, durable_names, faults, random, calls: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        let mut state = self.state.lock().unwrap();
        state.calls = 0;
        state.faults = faults;
    }

    /// The disk as a power cut leaves it. This one is done for.
    pub(crate) fn crash(&self, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut state = self.state.lock().unwrap();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let all: BTreeSet<String> = state.names.keys().chain(state.durable_names.keys()).cloned().collect();
        for name in all {
            let synced = random.below(2) == 0;
            let side = if synced { &state.durable_names } else { &state.names };
            if let Some(&inode) = side.get(&name) {
                names.insert(name, inode);
            }
        }
        // A file may go by two names for a while; files without one are gone.
        let mut old: Vec<Option<Inode>> = std::mem::take(&mut state.inodes).into_iter().map(Some).collect();
        drop(state);
        let mut inodes = Vec::new();
        let mut moved = BTreeMap::new();
        for at in names.values_mut() {
            if let Some(inode) = old[*at].take() {
                moved.insert(*at, inodes.len());
                inodes.push(inode.crash(&mut random));
            }
            *at = moved[at];
        }
        Self::from_state(inodes, names, seed)
    }

    /// Changes bytes behind everybody's back, on the platter too.
    pub(crate) fn corrupt(&self, name: &str, offset: u64, change: impl Fn(u8) -> u8) {
        let state = self.state.lock().unwrap();
        let inode = &state.inodes[state.names[name]];
        let mut byte = [0];
        inode.cache.read_exact_at(&mut byte, offset).unwrap();
        inode.cache.write_all_at(&[change(byte[0])], offset).unwrap();
    }

    /// The contents of a file.
    pub(crate) fn read_all(&self, name: &str) -> Vec<u8> {
        let file = self.open(name, Access::Read).unwrap();
        let mut bytes = vec![0; file.bytes().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }

    /// Puts other contents in a file's place, durably.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) {
        let file = self.create(name).unwrap();
        file.write_at(0, bytes).and_then(|()| file.sync()).and_then(|()| self.sync_dir("")).unwrap();
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().names.keys().cloned().collect()
    }

    /// Counts a changing call, and fails it where the faults say so.
    fn call(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        if state.faults.crash_after.is_some_and(|calls| state.calls > calls) {
            return Err(io::Error::other("simulated power cut"));
        }
        Ok(state)
    }

    fn file(&self, inode: usize, access: Access) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), inode, access })
    }
}

impl Inode {
    fn new() -> Self {
        let fd = rustix::fs::memfd_create("sim", MemfdFlags::CLOEXEC).unwrap();
        Self { cache: File::from(fd), unsynced: BTreeMap::new(), lost: BTreeMap::new() }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let sectors = offset / SECTOR..(offset + bytes.len() as u64).div_ceil(SECTOR);
        for sector in sectors.clone() {
            if !self.unsynced.contains_key(&sector) {
                let synced = self.sector(sector)?;
                let on_platter = self.lost.remove(&sector).unwrap_or(synced);
                self.unsynced.insert(sector, vec![on_platter]);
            }
        }
        self.cache.write_all_at(bytes, offset)?;
        for sector in sectors {
            let now = self.sector(sector)?;
            self.unsynced.entry(sector).or_default().push(now);
        }
        Ok(())
    }

    fn sector(&self, sector: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; SECTOR as usize];
        let _past_the_end = self.cache.read_at(&mut bytes, sector * SECTOR)?;
        Ok(bytes)
    }

    /// Calls every page clean; the platter has got any version of each sector.
    fn lose(&mut self, random: &mut Random) {
        for (sector, mut versions) in std::mem::take(&mut self.unsynced) {
            let got = random.below(versions.len() as u64) as usize;
            self.lost.insert(sector, versions.swap_remove(got));
        }
    }

    /// Puts what the platter holds over bytes that were read from the cache.
    fn uncache(&self, offset: u64, bytes: &mut [u8]) {
        let end = offset + bytes.len() as u64;
        for (&sector, on_platter) in self.lost.range(offset / SECTOR..end.div_ceil(SECTOR)) {
            let start = sector * SECTOR;
            for (at, &byte) in (start..).zip(on_platter).filter(|&(at, _)| offset <= at && at < end) {
                bytes[(at - offset) as usize] = byte;
            }
        }
    }

    /// A new file, since maps of the old one may live on.
    fn crash(self, random: &mut Random) -> Self {
        let bytes = self.cache.metadata().unwrap().len();
        let mut copy = vec![0; bytes as usize];
        self.cache.read_exact_at(&mut copy, 0).unwrap();
        let lost = self.lost.into_iter().map(|(sector, on_platter)| (sector, vec![on_platter]));
        for (sector, versions) in self.unsynced.into_iter().chain(lost) {
            let version = &versions[random.below(versions.len() as u64) as usize];
            let start = (sector * SECTOR) as usize;
            let end = copy.len().min(start + version.len());
            copy[start..end].copy_from_slice(&version[..end - start]);
        }
        let inode = Self::new();
        inode.cache.set_len(bytes).unwrap();
        for (page, bytes) in copy.chunks(4096).enumerate().filter(|(_, bytes)| bytes.iter().any(|&b| b != 0))
        {
            inode.cache.write_all_at(bytes, page as u64 * 4096).unwrap();
        }
        inode
    }
}

impl Disk for SimDisk {
    fn lock(&self, _name: &str, _holder: &str) -> io::Result<Box<dyn Lock>> {
        Ok(Box::new(SimLock))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.call()?;
        state.inodes.push(Inode::new());
        let inode = state.inodes.len() - 1;
        state.names.insert(name.to_owned(), inode);
        Ok(self.file(inode, Access::ReadWrite))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock().unwrap();
        state.names.get(name).map(|&inode| self.file(inode, access)).ok_or(io::ErrorKind::NotFound.into())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let state = self.state.lock().unwrap();
        let inside = state.names.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(inside.filter(|rest| !rest.contains('/')).map(str::to_owned).collect())
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?;
        if state.faults.fail_rename {
            return Err(io::Error::other("simulated rename error"));
        }
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        let mut state = self.call()?;
        if state.faults.fail_unlink {
            return Err(io::Error::other("simulated unlink error"));
        }
        state.names.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let inside = |name: &str| name.rsplit_once('/').map_or("", |(parent, _)| parent) == dir;
        let now: Vec<_> =
            state.names.iter().filter(|(name, _)| inside(name)).map(|(n, &i)| (n.clone(), i)).collect();
        state.durable_names.retain(|name, _| !inside(name));
        state.durable_names.extend(now);
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.state.lock().unwrap().faults.free_bytes.unwrap_or(1 << 40))
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        bytes.fill_with(|| state.random.next() as u8);
        Ok(())
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
    access: Access,
}

impl DiskFile for SimFile {
    fn bytes(&self) -> io::Result<u64> {
        let state = self.disk.state.lock().unwrap();
        Ok(state.inodes[self.inode].cache.metadata()?.len())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.call()?;
        if let Some(left) = &mut state.faults.fail_write {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.faults.fail_write = None;
                return Err(io::Error::other("simulated write error"));
            }
        }
        state.inodes[self.inode].write(offset, bytes)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state.lock().unwrap();
        let mut filled = 0;
        while filled < bytes.len() {
            match state.inodes[self.inode].cache.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        if self.access == Access::ReadUncached {
            let asked = offset / 4096..(offset + filled as u64).div_ceil(4096);
            if state.faults.bad_page.is_some_and(|page| asked.contains(&page)) {
                return Err(io::Error::other("simulated read error"));
            }
            state.inodes[self.inode].uncache(offset, &mut bytes[..filled]);
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.call()?;
        if let Some(left) = &mut state.faults.fail_sync {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.faults.fail_sync = None;
                // As a kernel does: the pages are clean now, the platter has whatever it got.
                let State { inodes, random, .. } = &mut *state;
                inodes[self.inode].lose(random);
                return Err(io::Error::other("simulated fdatasync error"));
            }
        }
        state.inodes[self.inode].unsynced.clear();
        Ok(())
    }

    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        // Files are prepared under names that recovery drops and synced before they are used: no sector
        // history.
        let state = self.disk.call()?;
        if state.faults.free_bytes.is_some_and(|free| free < bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.inodes[self.inode].cache.set_len(bytes)
    }

    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.call()?;
        let zeros = vec![0; bytes as usize];
        state.inodes[self.inode].write(offset, &zeros)
    }

    fn map(&self) -> io::Result<Region> {
        Region::open(&self.disk.state.lock().unwrap().inodes[self.inode].cache)
    }
}

struct SimLock;

impl Lock for SimLock {}
