//! One file of the simulated disk: what the page cache shows, and what the platter may hold of it.
//!
//! Sectors of 512 bytes lie in flat arrays, and only those that were written since the last sync have a
//! history. Nothing here knows names or decides when a fault comes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::log::Region;

pub(in crate::log) const SECTOR: usize = 512;
const PAGE: usize = 4096;
/// Files that are kept for the next one of the same size.
const POOLED_MAX: usize = 64;

type Sector = [u8; SECTOR];

/// Picks one of so many states; the first is the oldest.
pub(in crate::log) type Choose<'a> = dyn FnMut(usize) -> usize + 'a;

/// A state of a sector that a later write has replaced in the cache.
#[derive(Clone)]
struct Version {
    /// One more than the place of the one before it; 0: this is what the platter holds for certain.
    older: u32,
    bytes: Sector,
}

pub(in crate::log) struct Inode {
    memory: Memory,
    bytes: u64,
    synced_bytes: u64,
    /// For each sector one more than the place of its newest version that is not in the cache; 0: it is clean.
    newest: Vec<u32>,
    versions: Vec<Version>,
    dirty: Vec<u32>,
    /// What the platter holds of sectors that a failed sync has called clean. A later sync does not save them.
    lost: BTreeMap<u32, Sector>,
}

impl Inode {
    pub(in crate::log) fn new() -> Self {
        Self {
            memory: Memory::take(PAGE),
            bytes: 0,
            synced_bytes: 0,
            newest: Vec::new(),
            versions: Vec::new(),
            dirty: Vec::new(),
            lost: BTreeMap::new(),
        }
    }

    pub(in crate::log) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(in crate::log) fn map(&self) -> Region {
        self.memory.pages().region.share()
    }

    pub(in crate::log) fn read(&self, offset: u64, bytes: &mut [u8]) -> usize {
        let filled = self.bytes.saturating_sub(offset).min(bytes.len() as u64) as usize;
        bytes[..filled].copy_from_slice(self.memory.slice(offset, filled));
        filled
    }

    pub(in crate::log) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.grow(offset + bytes.len() as u64);
        let first = offset as usize / SECTOR;
        for sector in first..(offset as usize + bytes.len()).div_ceil(SECTOR) {
            self.remember(sector as u32);
        }
        self.memory.write(offset, bytes);
    }

    /// Zeros over a range; what is zero already stays as it is.
    pub(in crate::log) fn punch(&mut self, offset: u64, bytes: u64) {
        for at in (offset..offset + bytes).step_by(SECTOR) {
            if self.memory.slice(at, SECTOR).iter().any(|&byte| byte != 0) {
                self.write(at, &[0; SECTOR]);
            }
        }
    }

    /// Makes the file this long, of zeros. Files are prepared under names that recovery drops, and synced
    /// before they are used: their sectors have no history, their length has.
    pub(in crate::log) fn allocate(&mut self, bytes: u64) {
        self.grow(bytes);
    }

    /// Changes a byte on the platter and in the cache.
    pub(in crate::log) fn corrupt(&mut self, offset: u64, change: impl Fn(u8) -> u8) {
        let now = self.memory.slice(offset, 1)[0];
        self.memory.write(offset, &[change(now)]);
    }

    /// Everything in the cache is on the platter now, but for what was lost before.
    pub(in crate::log) fn sync(&mut self) {
        for &sector in &self.dirty {
            self.newest[sector as usize] = 0;
        }
        self.dirty.clear();
        self.versions.clear();
        self.synced_bytes = self.bytes;
    }

    /// Calls every page clean; the platter has got any version of each sector.
    pub(in crate::log) fn lose(&mut self, choose: &mut Choose<'_>) {
        for sector in std::mem::take(&mut self.dirty) {
            if let Some(bytes) = self.pick(sector, choose) {
                self.lost.insert(sector, bytes);
            }
            self.newest[sector as usize] = 0;
        }
        self.versions.clear();
    }

    /// Puts what the platter holds over bytes that were read from the cache.
    pub(in crate::log) fn uncache(&self, offset: u64, bytes: &mut [u8]) {
        let sectors = offset / SECTOR as u64..(offset + bytes.len() as u64).div_ceil(SECTOR as u64);
        for (&sector, platter) in self.lost.range(sectors.start as u32..sectors.end as u32) {
            let start = u64::from(sector) * SECTOR as u64;
            for (at, &byte) in (start..).zip(platter) {
                if let Some(place) = at.checked_sub(offset).and_then(|at| bytes.get_mut(at as usize)) {
                    *place = byte;
                }
            }
        }
    }

    /// The file after the power was cut. Maps of the old one keep its bytes.
    pub(in crate::log) fn crash(mut self, choose: &mut Choose<'_>) -> Self {
        if self.memory.pages().region.is_shared() {
            self.memory = self.memory.copy();
        }
        for sector in std::mem::take(&mut self.dirty) {
            if let Some(bytes) = self.pick(sector, choose) {
                self.memory.write(u64::from(sector) * SECTOR as u64, &bytes);
            }
            self.newest[sector as usize] = 0;
        }
        for (sector, bytes) in std::mem::take(&mut self.lost) {
            self.memory.write(u64::from(sector) * SECTOR as u64, &bytes);
        }
        self.versions.clear();
        if self.synced_bytes != self.bytes && choose(2) == 0 {
            for at in (self.synced_bytes..self.bytes).step_by(SECTOR) {
                let bytes = (self.bytes - at).min(SECTOR as u64) as usize;
                self.memory.write(at, &[0; SECTOR][..bytes]);
            }
            self.bytes = self.synced_bytes;
        }
        self.synced_bytes = self.bytes;
        self
    }

    /// A copy with the same history.
    pub(in crate::log) fn fork(&self) -> Self {
        Self {
            memory: self.memory.copy(),
            bytes: self.bytes,
            synced_bytes: self.synced_bytes,
            newest: self.newest.clone(),
            versions: self.versions.clone(),
            dirty: self.dirty.clone(),
            lost: self.lost.clone(),
        }
    }

    /// Keeps what the cache holds of a sector before it is written to.
    fn remember(&mut self, sector: u32) {
        let older = self.newest[sector as usize];
        let mut bytes = [0; SECTOR];
        bytes.copy_from_slice(self.memory.slice(u64::from(sector) * SECTOR as u64, SECTOR));
        if older == 0 {
            self.dirty.push(sector);
            bytes = self.lost.remove(&sector).unwrap_or(bytes);
        }
        self.versions.push(Version { older, bytes });
        self.newest[sector as usize] = self.versions.len() as u32;
    }

    /// One of the states a dirty sector had; `None`: the one in the cache.
    fn pick(&self, sector: u32, choose: &mut Choose<'_>) -> Option<Sector> {
        let mut states = 1;
        let mut place = self.newest[sector as usize];
        while let Some(version) = self.version(place) {
            states += 1;
            place = version.older;
        }
        let back = states - 1 - choose(states);
        place = self.newest[sector as usize];
        for _ in 1..back {
            place = self.version(place)?.older;
        }
        self.version(place).filter(|_| back > 0).map(|version| version.bytes)
    }

    fn version(&self, place: u32) -> Option<&Version> {
        self.versions.get(place.checked_sub(1)? as usize)
    }

    fn grow(&mut self, bytes: u64) {
        if bytes as usize > self.memory.pages().bytes {
            self.memory = self.memory.copy_into(Memory::take((bytes as usize).next_multiple_of(PAGE)));
        }
        self.bytes = self.bytes.max(bytes);
        self.newest.resize(self.memory.pages().bytes / SECTOR, 0);
    }
}

thread_local! {
    static POOL: RefCell<Vec<Pages>> = const { RefCell::new(Vec::new()) };
}

/// Memory of a file, and which pages of it were written to; the others are zero.
struct Pages {
    region: Region,
    bytes: usize,
    written: Vec<bool>,
}

/// Pages that go back to the pool, zeroed, unless a map of them lives on.
struct Memory {
    pages: Option<Pages>,
}

impl Memory {
    fn take(bytes: usize) -> Self {
        let pooled = POOL.with_borrow_mut(|pool| {
            let at = pool.iter().rposition(|pages| pages.bytes == bytes);
            at.map(|at| pool.swap_remove(at))
        });
        let make = || Pages {
            region: Region::of_memory(bytes).unwrap(),
            bytes,
            written: vec![false; bytes.div_ceil(PAGE)],
        };
        Self { pages: Some(pooled.unwrap_or_else(make)) }
    }

    fn pages(&self) -> &Pages {
        self.pages.as_ref().unwrap()
    }

    fn slice(&self, offset: u64, bytes: usize) -> &[u8] {
        self.pages().region.slice(offset, bytes)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let pages = self.pages.as_mut().unwrap();
        pages.region.write(offset, bytes);
        let first = offset as usize / PAGE;
        pages.written[first..(offset as usize + bytes.len()).div_ceil(PAGE)].fill(true);
    }

    fn copy(&self) -> Self {
        self.copy_into(Self::take(self.pages().bytes))
    }

    fn copy_into(&self, mut other: Self) -> Self {
        for page in self.pages().written() {
            other.write(page, self.slice(page, PAGE));
        }
        other
    }
}

impl Pages {
    /// The offsets of the pages that were written to.
    fn written(&self) -> impl Iterator<Item = u64> {
        (0..).step_by(PAGE).zip(&self.written).filter(|&(_, &written)| written).map(|(page, _)| page)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some(mut pages) = self.pages.take().filter(|pages| !pages.region.is_shared()) else { return };
        for page in pages.written() {
            pages.region.write(page, &[0; PAGE]);
        }
        pages.written.fill(false);
        // The thread may be at its end, and its pool gone.
        let _gone = POOL.try_with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut()
                && pool.len() < POOLED_MAX
            {
                pool.push(pages);
            }
        });
    }
}
