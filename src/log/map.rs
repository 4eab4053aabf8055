//! A read-only shared map of a file, and which of its pages are in memory: the one place of the log with `unsafe`.
//!
//! No slice of the whole map is ever formed: the file is written with `pwrite` while it is mapped, and a
//! slice promises that its bytes do not change. Callers ask for ranges that lie below the commit point, which
//! nothing writes any more.

use std::fs::File;
use std::io;

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::limits;

/// The bytes of a mapped file. The file never shrinks while it is mapped (the log unlinks, it does not
/// truncate).
#[derive(Debug)]
pub struct Region {
    map: MmapRaw,
}

impl Region {
    /// Maps all of `file` for reading.
    pub(in crate::log) fn open(file: &File) -> io::Result<Self> {
        Ok(Self { map: MmapOptions::new().map_raw_read_only(file)? })
    }

    /// A map of zeros that is no file's.
    pub(in crate::log) fn of_nothing() -> io::Result<Self> {
        Ok(Self { map: MmapOptions::new().len(1).map_anon()?.into() })
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

    /// Brings ranges (offset and bytes) into memory and into the page table; to be called off the threads that
    /// must not wait. Answers how many bytes that were. Ranges that touch are taken together.
    pub(in crate::log) fn populate(&self, ranges: impl Iterator<Item = (u64, usize)>) -> io::Result<usize> {
        let runs = self.page_runs(ranges);
        // All are asked of the disk before the first is waited for; a fault alone would also read around it.
        for &(offset, bytes) in &runs {
            self.map.advise_range(Advice::WillNeed, offset, bytes)?;
        }
        for &(offset, bytes) in &runs {
            self.map.advise_range(Advice::PopulateRead, offset, bytes)?;
        }
        Ok(runs.iter().map(|(_, bytes)| bytes).sum())
    }

    /// The pages of ranges inside the map, neighbours joined, in whichever direction the ranges go.
    fn page_runs(&self, ranges: impl Iterator<Item = (u64, usize)>) -> Vec<(usize, usize)> {
        let page = rustix::param::page_size();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (offset, bytes) in ranges {
            let end = offset.saturating_add(bytes as u64).min(self.map.len() as u64) as usize;
            let Some(start) = usize::try_from(offset).ok().filter(|&start| start < end) else { continue };
            let (start, end) = (start - start % page, end.next_multiple_of(page).min(self.map.len()));
            match runs.last_mut() {
                Some((first, bytes)) if start <= *first + *bytes && *first <= end => {
                    let joined_end = end.max(*first + *bytes);
                    *first = start.min(*first);
                    *bytes = joined_end - *first;
                }
                _ => runs.push((start, end - start)),
            }
        }
        runs
    }

    /// Whether all pages of a range are in memory, so that touching them does not wait for the disk: mincore(2),
    /// about a microsecond. False where the range is longer than `limits::RESIDENT_BYTES_MAX` or not inside the
    /// map. The kernel may drop a page at any time after.
    #[expect(unsafe_code, reason = "mincore has no wrapper")]
    pub(in crate::log) fn is_resident(&self, offset: u64, bytes: usize) -> bool {
        let page = rustix::param::page_size();
        let inside = offset.checked_add(bytes as u64).is_some_and(|end| end <= self.map.len() as u64);
        if !inside || bytes == 0 || bytes > limits::RESIDENT_BYTES_MAX {
            return inside && bytes == 0;
        }
        let start = offset as usize - offset as usize % page;
        let bytes = offset as usize + bytes - start;
        let mut pages = [0_u8; limits::RESIDENT_BYTES_MAX / 4096 + 2];
        let Some(pages) = pages.get_mut(..bytes.div_ceil(page)) else { return false };
        // SAFETY: `start` is below the map's length, which was checked above.
        let first = unsafe { self.map.as_mut_ptr().add(start) };
        // SAFETY: the range is inside the map, and `pages` has a byte for each of its pages.
        let answer = unsafe { libc::mincore(first.cast(), bytes, pages.as_mut_ptr()) };
        answer == 0 && pages.iter().all(|page| page & 1 == 1)
    }
}
