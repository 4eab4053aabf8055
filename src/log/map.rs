//! A read-only shared map of a file, and which of its pages are in memory: the one place of the log with `unsafe`.
//!
//! No slice of the whole map is ever formed: the file is written with `pwrite` while it is mapped, and a
//! slice promises that its bytes do not change. Callers ask for ranges that lie below the commit point, which
//! nothing writes any more.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::limits;

/// Pages of the longest range that is asked for, which need not begin or end with a page; none is smaller.
const PAGES_MAX: usize = limits::RESIDENT_BYTES_MAX / 4096 + 2;

/// Bytes over which asking for the pages between two runs costs as much as asking twice.
const NEAR_BYTES: usize = 64 * 1024;

/// The bytes of a mapped file. The file never shrinks while it is mapped (the log unlinks, it does not
/// truncate).
#[derive(Debug)]
pub struct Region {
    map: Arc<MmapRaw>,
}

impl Region {
    /// Maps all of `file` for reading.
    pub fn open(file: &File) -> io::Result<Self> {
        Ok(Self { map: Arc::new(MmapOptions::new().map_raw_read_only(file)?) })
    }

    /// A map of zeros that is no file's.
    pub(in crate::log) fn of_nothing() -> io::Result<Self> {
        Ok(Self { map: Arc::new(MmapOptions::new().len(1).map_anon()?.into()) })
    }

    /// The bytes `offset..offset + bytes`, or none where the range is not inside the map.
    ///
    /// The range must be published: written before a Release store that the caller's Acquire load has seen,
    /// and never written again. Ranges that were taken from damaged entries are caught by the bound alone.
    #[inline]
    #[expect(unsafe_code, reason = "the map is read as a slice")]
    pub(in crate::log) fn slice(&self, offset: u64, bytes: usize) -> &[u8] {
        let inside = offset.checked_add(bytes as u64).is_some_and(|end| end <= self.map.len() as u64);
        if !inside {
            return &[];
        }
        // SAFETY: `offset + bytes` is at most the map's length, which was checked above.
        let start = unsafe { self.map.as_ptr().add(offset as usize) };
        // SAFETY: the range is inside the map, which lives as long as `&self`; the file never shrinks; the
        // contract above says that nothing writes to the range while the slice lives.
        unsafe { std::slice::from_raw_parts(start, bytes) }
    }

    /// Has the kernel begin to read what of these ranges (offset and bytes) is not in memory, and does not wait for it.
    /// Where it will not, the one who reads waits.
    pub(in crate::log) fn prefetch(&self, ranges: impl Iterator<Item = (u64, usize)>) {
        for (offset, bytes) in self.not_resident(&self.page_runs(ranges)) {
            let _read_when_needed = self.map.advise_range(Advice::WillNeed, offset, bytes);
        }
    }

    /// Brings a range into memory and into the page table; to be called off the threads that must not wait.
    pub(in crate::log) fn populate(&self, offset: u64, bytes: usize) -> io::Result<()> {
        let end = offset.saturating_add(bytes as u64).min(self.map.len() as u64);
        let bytes = end.saturating_sub(offset) as usize;
        if bytes == 0 { Ok(()) } else { self.map.advise_range(Advice::PopulateRead, offset as usize, bytes) }
    }

    /// Brings ranges (offset and bytes) into memory; to be called off the threads that must not wait. Answers how many
    /// bytes those are in whole pages, also where they are in memory already.
    pub(in crate::log) fn bring(&self, ranges: impl Iterator<Item = (u64, usize)>) -> io::Result<usize> {
        let runs = self.page_runs(ranges);
        let missing = self.not_resident(&runs);
        // All are asked of the disk before the first is waited for; a fault alone would also read around it.
        for &(offset, bytes) in &missing {
            self.map.advise_range(Advice::WillNeed, offset, bytes)?;
        }
        for &(offset, bytes) in &missing {
            self.populate(offset as u64, bytes)?;
        }
        Ok(runs.iter().map(|(_, bytes)| bytes).sum())
    }

    /// Whether all pages of a range are in memory, so that touching them does not wait for the disk: mincore(2),
    /// about a microsecond. False where the range is longer than `limits::RESIDENT_BYTES_MAX` or not inside the
    /// map. The kernel may drop a page at any time after.
    pub(in crate::log) fn is_resident(&self, offset: u64, bytes: usize) -> bool {
        let inside = offset.checked_add(bytes as u64).is_some_and(|end| end <= self.map.len() as u64);
        if !inside || bytes == 0 || bytes > limits::RESIDENT_BYTES_MAX {
            return inside && bytes == 0;
        }
        let page = rustix::param::page_size();
        let start = offset as usize - offset as usize % page;
        let pages = &mut [0; PAGES_MAX];
        self.residency(start, offset as usize + bytes - start, pages)
            .is_some_and(|pages| pages.iter().all(|page| page & 1 == 1))
    }

    /// The pages of ranges inside the map, in order, neighbours joined.
    fn page_runs(&self, ranges: impl Iterator<Item = (u64, usize)>) -> Vec<(usize, usize)> {
        let page = rustix::param::page_size();
        let inside = ranges.filter_map(|(offset, bytes)| {
            let end = offset.saturating_add(bytes as u64).min(self.map.len() as u64) as usize;
            let start = usize::try_from(offset).ok().filter(|&start| start < end)?;
            Some((start - start % page, end.next_multiple_of(page).min(self.map.len())))
        });
        let mut ends: Vec<(usize, usize)> = inside.collect();
        ends.sort_unstable();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (start, end) in ends {
            match runs.last_mut() {
                Some((first, bytes)) if start <= *first + *bytes => {
                    *bytes = end.max(*first + *bytes) - *first
                }
                _ => runs.push((start, end - start)),
            }
        }
        runs
    }

    /// Those of some runs of pages, in order, of which a page is not in memory. The kernel is asked once for those that
    /// lie near each other: two calls for each page would cost more than all that is done with it.
    fn not_resident(&self, runs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let page = rustix::param::page_size();
        let mut missing = Vec::new();
        let pages = &mut [0; PAGES_MAX];
        let mut rest = runs;
        while let Some(&(start, bytes)) = rest.first() {
            let mut end = start + bytes;
            let near = rest.iter().take_while(|(offset, bytes)| {
                let next = offset + bytes;
                let near = *offset <= end + NEAR_BYTES && next - start <= limits::RESIDENT_BYTES_MAX;
                end = if near { next } else { end };
                near
            });
            let (window, others) = rest.split_at(near.count().max(1));
            rest = others;
            let pages = self.residency(start, end - start, pages).unwrap_or_default();
            missing.extend(window.iter().filter(|(offset, bytes)| {
                let first = (offset - start) / page;
                let own = pages.get(first..first + bytes.div_ceil(page));
                !own.is_some_and(|own| own.iter().all(|page| page & 1 == 1))
            }));
        }
        missing
    }

    /// A byte for each page from `start` on, which is a page's first byte: its lowest bit says that the page is in
    /// memory. `None` where `pages` is too short, or the kernel does not say.
    #[expect(unsafe_code, reason = "mincore has no wrapper")]
    fn residency<'a>(&self, start: usize, bytes: usize, pages: &'a mut [u8; PAGES_MAX]) -> Option<&'a [u8]> {
        let bytes = bytes.min(self.map.len().checked_sub(start)?);
        let pages = pages.get_mut(..bytes.div_ceil(rustix::param::page_size()))?;
        // SAFETY: `start` is not past the map's end, which was checked above.
        let first = unsafe { self.map.as_mut_ptr().add(start) };
        // SAFETY: the range is inside the map, and `pages` has a byte for each of its pages.
        let answer = unsafe { libc::mincore(first.cast(), bytes, pages.as_mut_ptr()) };
        (answer == 0).then_some(pages)
    }
}

/// The memory of a simulated disk's file. Its regions share it as maps share the page cache, without a system
/// call for each.
#[cfg(test)]
impl Region {
    /// Zeros.
    pub(in crate::log) fn of_memory(bytes: usize) -> io::Result<Self> {
        Ok(Self { map: Arc::new(MmapOptions::new().len(bytes.max(1)).map_anon()?.into()) })
    }

    /// Another view of the same bytes.
    pub(in crate::log) fn share(&self) -> Self {
        Self { map: Arc::clone(&self.map) }
    }

    /// Whether other views of these bytes live.
    pub(in crate::log) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.map) > 1
    }

    /// Writes to memory from `of_memory`, which must be long enough.
    #[expect(unsafe_code, reason = "the memory is written while regions share it, as a file is")]
    pub(in crate::log) fn write(&self, offset: u64, bytes: &[u8]) {
        assert!(offset.saturating_add(bytes.len() as u64) <= self.map.len() as u64, "outside of the memory");
        // SAFETY: `offset` is at most the map's length, which was checked above.
        let start = unsafe { self.map.as_mut_ptr().add(offset as usize) };
        // SAFETY: the range is inside the map, which is writable and lives as long as `&self`; `bytes` is not
        // part of it. Readers hold no slices of what is still written to, see `slice`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) }
    }
}
