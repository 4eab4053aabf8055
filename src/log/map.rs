//! A read-only shared map of a file: the one place of the log with `unsafe`.
//!
//! No slice of the whole map is ever formed: the file is written with `pwrite` while it is mapped, and a
//! slice promises that its bytes do not change. Callers ask for ranges that lie below the commit point, which
//! nothing writes any more.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::{Advice, MmapOptions, MmapRaw};

/// The bytes of a mapped file. The file never shrinks while it is mapped (the log unlinks, it does not
/// truncate).
#[derive(Debug)]
pub struct Region {
    map: Arc<MmapRaw>,
}

impl Region {
    /// Maps all of `file` for reading.
    pub(in crate::log) fn open(file: &File) -> io::Result<Self> {
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

    /// Has the kernel begin to read a range, and does not wait for it. Where it will not, the one who reads waits.
    pub(in crate::log) fn prefetch(&self, offset: u64, bytes: usize) {
        let inside = offset.saturating_add(bytes as u64) <= self.map.len() as u64;
        if inside && bytes > 0 {
            let _read_when_needed = self.map.advise_range(Advice::WillNeed, offset as usize, bytes);
        }
    }

    /// Brings a range into memory and into the page table; to be called off the threads that must not wait.
    pub(in crate::log) fn populate(&self, offset: u64, bytes: usize) -> io::Result<()> {
        let end = offset.saturating_add(bytes as u64).min(self.map.len() as u64);
        let bytes = end.saturating_sub(offset) as usize;
        if bytes == 0 { Ok(()) } else { self.map.advise_range(Advice::PopulateRead, offset as usize, bytes) }
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
