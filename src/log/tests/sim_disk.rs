//! A disk that loses what was not synced, for crash tests.
//!
//! At a crash every 512-byte sector takes any version it had since the file's last sync, and every name that
//! changed since its directory's last sync takes any state it had since then, each on its own. Calls can be
//! made to fail: all of them from the nth on (the crash), or the nth sync or write alone; a sync can also lie.
//! Another part of the program may be given a turn in the middle of a call (`during`).

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) use crate::log::tests::sim_faults::{Faults, Random, Torn};
use crate::log::tests::sim_inode::{Choose, Inode};
use crate::log::{Access, Disk, DiskFile, Lock, Region};

/// Done once, before the nth changing call from now.
type During = Box<dyn FnOnce() + Send>;

struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    /// The states of the names since their directory's last sync, the synced one first, the present one left
    /// out.
    unsynced_names: BTreeMap<String, Vec<Option<usize>>>,
    faults: Faults,
    random: Random,
    calls: u64,
    /// A fault has come.
    hit: bool,
    during: Option<(u64, During)>,
}

#[derive(Clone)]
pub(crate) struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    pub(crate) fn new(seed: u64) -> Self {
        Self::from_state(Vec::new(), BTreeMap::new(), Random::new(seed))
    }

    fn from_state(inodes: Vec<Inode>, names: BTreeMap<String, usize>, random: Random) -> Self {
        let state = State {
            inodes,
            names,
            unsynced_names: BTreeMap::new(),
            faults: Faults::default(),
            random,
            calls: 0,
            hit: false,
            during: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.calls = 0;
        state.hit = false;
        state.faults = faults;
    }

    /// Changes the room there is and leaves the other faults as they are.
    pub(crate) fn set_free_bytes(&self, free_bytes: Option<u64>) {
        self.state().faults.free_bytes = free_bytes;
    }

    /// Whether a fault came since they were set.
    pub(crate) fn was_hit(&self) -> bool {
        self.state().hit
    }

    /// How many changing calls were made since faults were set.
    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Gives `turn` its turn before the nth changing call from now.
    pub(crate) fn during(&self, nth: u64, turn: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        let at = state.calls + nth;
        state.during = Some((at, Box::new(turn)));
    }

    /// Takes back a turn that has not come.
    pub(crate) fn forget_turn(&self) {
        let turn = self.state().during.take();
        drop(turn);
    }

    /// The disk as a power cut leaves it. This one is done for.
    pub(crate) fn crash(&self, seed: u64) -> Self {
        self.cut(seed, Torn::Evenly)
    }

    /// The disk as a power cut leaves it. This one is done for.
    pub(crate) fn cut(&self, seed: u64, torn: Torn) -> Self {
        let mut random = Random::new(seed);
        let mut pick = random.clone();
        self.crash_by(Random::new(random.next()), &mut |states| {
            let edge = torn != Torn::Evenly && !pick.one_in(8);
            match torn {
                Torn::MostlyOld if edge => 0,
                Torn::MostlyNew if edge => states - 1,
                _ => pick.below(states as u64) as usize,
            }
        })
    }

    /// The disk as a power cut leaves it where `choose` picks among the states of each name and sector.
    pub(crate) fn crash_by(&self, random: Random, choose: &mut Choose<'_>) -> Self {
        let mut state = self.state();
        let mut names = std::mem::take(&mut state.names);
        for (name, older) in std::mem::take(&mut state.unsynced_names) {
            let picked = choose(older.len() + 1);
            match older.get(picked) {
                None => {}
                Some(Some(inode)) => drop(names.insert(name, *inode)),
                Some(None) => drop(names.remove(&name)),
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
                inodes.push(inode.crash(choose));
            }
            *at = moved[at];
        }
        Self::from_state(inodes, names, random)
    }

    /// A copy of the disk, its history included, without faults.
    pub(crate) fn fork(&self) -> Self {
        let state = self.state();
        let inodes = state.inodes.iter().map(Inode::fork).collect();
        let fork = Self::from_state(inodes, state.names.clone(), state.random.clone());
        fork.state().unsynced_names = state.unsynced_names.clone();
        fork
    }

    /// Changes bytes behind everybody's back, on the platter too.
    pub(crate) fn corrupt(&self, name: &str, offset: u64, change: impl Fn(u8) -> u8) {
        let mut state = self.state();
        let inode = state.names[name];
        state.inodes[inode].corrupt(offset, change);
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
        self.state().names.keys().cloned().collect()
    }

    /// Counts a changing call, and fails it where the faults say so.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        if state.during.as_ref().is_some_and(|(at, _)| state.calls >= *at)
            && let Some((_, turn)) = state.during.take()
        {
            drop(state);
            turn();
            state = self.state();
        }
        if state.faults.crash_after.is_some_and(|calls| state.calls > calls) {
            state.hit = true;
            return Err(io::Error::other("simulated power cut"));
        }
        Ok(state)
    }

    fn file(&self, inode: usize, access: Access) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), inode, access })
    }
}

impl State {
    fn set_name(&mut self, name: &str, inode: Option<usize>) {
        let before = match inode {
            Some(inode) => self.names.insert(name.to_owned(), inode),
            None => self.names.remove(name),
        };
        self.unsynced_names.entry(name.to_owned()).or_default().push(before);
    }

    /// Counts one of the calls of which the nth is to fail.
    fn comes(&mut self, nth: fn(&mut Faults) -> &mut Option<u64>) -> bool {
        let Some(left) = nth(&mut self.faults) else { return false };
        *left = left.saturating_sub(1);
        let comes = *left == 0;
        if comes {
            *nth(&mut self.faults) = None;
            self.hit = true;
        }
        comes
    }

    fn fails(&mut self, fails: bool, call: &str) -> io::Result<()> {
        self.hit |= fails;
        if fails { Err(io::Error::other(format!("simulated {call} error"))) } else { Ok(()) }
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
        state.set_name(name, Some(inode));
        Ok(self.file(inode, Access::ReadWrite))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let inode = self.state().names.get(name).copied();
        inode.map(|inode| self.file(inode, access)).ok_or(io::ErrorKind::NotFound.into())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let state = self.state();
        let inside = state.names.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(inside.filter(|rest| !rest.contains('/')).map(str::to_owned).collect())
    }

    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let fails = state.faults.fail_rename;
        state.fails(fails, "rename")?;
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.set_name(from, None);
        state.set_name(to, Some(inode));
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.set_name(to, Some(inode));
        Ok(())
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let fails = state.faults.fail_unlink;
        state.fails(fails, "unlink")?;
        if !state.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.set_name(name, None);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let inside = |name: &str| name.rsplit_once('/').map_or("", |(parent, _)| parent) == dir;
        state.unsynced_names.retain(|name, _| !inside(name));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.hit |= state.faults.free_bytes.is_some();
        Ok(state.faults.free_bytes.unwrap_or(1 << 40))
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
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
        Ok(self.disk.state().inodes[self.inode].bytes())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.call()?;
        let fails = state.comes(|faults| &mut faults.fail_write);
        state.fails(fails, "write")?;
        state.inodes[self.inode].write(offset, bytes);
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let filled = state.inodes[self.inode].read(offset, bytes);
        if self.access == Access::ReadUncached {
            let asked = offset / 4096..(offset + filled as u64).div_ceil(4096);
            let fails = state.faults.bad_page.is_some_and(|page| asked.contains(&page));
            state.fails(fails, "read")?;
            state.inodes[self.inode].uncache(offset, &mut bytes[..filled]);
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.call()?;
        if state.comes(|faults| &mut faults.lying_sync) {
            return Ok(());
        }
        let fails = state.comes(|faults| &mut faults.fail_sync);
        if fails {
            // As a kernel does: the pages are clean now, the platter has whatever it got.
            let State { inodes, random, .. } = &mut *state;
            inodes[self.inode].lose(&mut |states| random.below(states as u64) as usize);
        } else {
            state.inodes[self.inode].sync();
        }
        state.fails(fails, "fdatasync")
    }

    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.call()?;
        if state.faults.free_bytes.is_some_and(|free| free < bytes) {
            state.hit = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.inodes[self.inode].allocate(bytes);
        Ok(())
    }

    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.call()?;
        state.inodes[self.inode].punch(offset, bytes);
        Ok(())
    }

    fn map(&self) -> io::Result<Region> {
        Ok(self.disk.state().inodes[self.inode].map())
    }
}

struct SimLock;

impl Lock for SimLock {}
