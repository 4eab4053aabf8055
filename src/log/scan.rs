//! Reading a segment entry by entry past the page cache: what is valid, where it stops, and what lies beyond.
//!
//! It reads in aligned windows, so that a segment never has to fit into memory, and changes nothing.

use std::io;
use std::ops::Range;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::event::EventId;
use crate::limits;
use crate::log::DiskFile;
use crate::log::format::{Entry, Flags, Salt, UNSYNCED_MAX};
use crate::log::header::Header;

/// Bytes read at once; a multiple of the alignment, and more than the longest frame and two pages.
const WINDOW_BYTES: u64 = 256 * 1024;
const ALIGNMENT: u64 = 4096;
/// By how many threads a segment is read, and for how few slots each that does not pay.
const PARTS: u64 = 4;
const PART_SLOTS_MIN: u64 = 4096;

const _: () = assert!(WINDOW_BYTES.is_multiple_of(ALIGNMENT));
const _: () = assert!(limits::FRAME_BYTES_MAX as u64 + 2 * ALIGNMENT <= WINDOW_BYTES);

/// The valid entries from a segment's start on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Prefix {
    pub(in crate::log) count: u64,
    pub(in crate::log) data_end: u64,
    /// How many of `count` belong to whole batches.
    pub(in crate::log) whole: u64,
}

impl Prefix {
    pub(in crate::log) const NONE: Self = Self { count: 0, data_end: limits::SEGMENT_HEADER_BYTES, whole: 0 };
}

/// What lies behind the first invalid entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::log) struct Beyond {
    pub(in crate::log) valid: u64,
    /// The highest id that an entry there proves to have been durable.
    pub(in crate::log) proven: Option<EventId>,
}

/// Reads one segment.
pub(in crate::log) struct Scanner<'a> {
    file: &'a dyn DiskFile,
    header: Header,
    salt: Salt,
    entries: Window,
    frames: Window,
    /// What cannot be read counts as invalid.
    lenient: bool,
}

impl<'a> Scanner<'a> {
    /// `file`: opened for reading, as a rule uncached. `lenient`: what the disk cannot read counts as invalid
    /// instead of as an error.
    pub(in crate::log) fn new(file: &'a dyn DiskFile, header: Header, lenient: bool) -> Self {
        let salt = header.salt();
        Self { file, header, salt, entries: Window::new(true), frames: Window::new(false), lenient }
    }

    /// Walks from the first entry to the first that is not valid in its place, or to `slots_max`.
    pub(in crate::log) fn prefix(&mut self, slots_max: u64) -> io::Result<Prefix> {
        // Whether they are valid is seen only below, where several threads look.
        let chained = self.chain(slots_max)?;
        let sound = self.in_parts(0..chained.count, |scanner, slots| scanner.first_unsound(slots));
        for unsound in sound {
            if let Some(slot) = unsound? {
                return self.chain(slot);
            }
        }
        Ok(chained)
    }

    /// Looks for valid entries behind `prefix`, wherever one can lie, and for what they prove.
    pub(in crate::log) fn beyond(&mut self, prefix: Prefix) -> io::Result<Beyond> {
        let room = self.header.geometry.seal_offset().saturating_sub(prefix.data_end);
        let slots = prefix.count..room / limits::ENTRY_BYTES as u64;
        let mut beyond = Beyond::default();
        for part in self.in_parts(slots, |scanner, slots| scanner.valid_in(slots)) {
            let part = part?;
            beyond.valid += part.valid;
            beyond.proven = beyond.proven.max(part.proven);
        }
        Ok(beyond)
    }

    /// The entries that follow each other from the first on, whether or not they and their frames are valid.
    fn chain(&mut self, slots_max: u64) -> io::Result<Prefix> {
        let mut prefix = Prefix::NONE;
        while prefix.count < slots_max.min(self.header.geometry.slots_max()) {
            let Some(entry) = self.present(prefix.count)? else { break };
            if u64::from(entry.frame_offset.get()) != prefix.data_end {
                break;
            }
            prefix.count += 1;
            prefix.data_end = entry.frame_end();
            if entry.flags() & Flags::BATCH_MORE == 0 {
                prefix.whole = prefix.count;
            }
        }
        Ok(prefix)
    }

    /// The first of the slots whose entry or frame is not valid.
    fn first_unsound(&mut self, slots: Range<u64>) -> io::Result<Option<u64>> {
        for slot in slots {
            let Some(entry) = self.entry(slot)? else { return Ok(Some(slot)) };
            if self.frame(slot, &entry)?.is_none() {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    fn valid_in(&mut self, slots: Range<u64>) -> io::Result<Beyond> {
        let mut beyond = Beyond::default();
        for slot in slots {
            let Some(entry) = self.entry(slot)? else { continue };
            beyond.valid += 1;
            let unsynced = entry.unsynced.get();
            if unsynced < UNSYNCED_MAX {
                let id = self.header.base.0.saturating_add(slot);
                beyond.proven = beyond.proven.max(Some(EventId(id.saturating_sub(u64::from(unsynced)))));
            }
        }
        Ok(beyond)
    }

    /// Walks the slots, where they are many in parts by several threads: the time goes into waiting for the disk. What
    /// came of each part, in order.
    fn in_parts<T: Send>(
        &mut self,
        slots: Range<u64>,
        walk: impl Fn(&mut Scanner<'a>, Range<u64>) -> io::Result<T> + Sync,
    ) -> Vec<io::Result<T>> {
        let count = slots.end.saturating_sub(slots.start);
        if count < PART_SLOTS_MIN * PARTS {
            return vec![walk(self, slots)];
        }
        let (file, header, lenient, walk) = (self.file, self.header, self.lenient, &walk);
        std::thread::scope(|scope| {
            let size = count.div_ceil(PARTS);
            let parts = (0..PARTS).map(|part| {
                let first = slots.start + part * size;
                let part = first.min(slots.end)..(first + size).min(slots.end);
                scope.spawn(move || walk(&mut Scanner::new(file, header, lenient), part))
            });
            let parts: Vec<_> = parts.collect();
            let gone = || io::Error::other("a thread that read it panicked");
            parts.into_iter().map(|part| part.join().unwrap_or_else(|_| Err(gone()))).collect()
        })
    }

    /// The entry of a slot, if its checksum is right.
    pub(in crate::log) fn entry(&mut self, slot: u64) -> io::Result<Option<Entry>> {
        let (salt, id) = (self.salt, EventId(self.header.base.0.saturating_add(slot)));
        Ok(self.present(slot)?.filter(|entry| entry.is_valid(salt.seed(id))))
    }

    /// What lies in a slot and says that it is an entry.
    fn present(&mut self, slot: u64) -> io::Result<Option<Entry>> {
        let offset = self.header.geometry.entry_offset(slot);
        let bytes = self.entries.get(self.file, offset, limits::ENTRY_BYTES as u64);
        let bytes = if self.lenient { bytes.unwrap_or_default() } else { bytes? };
        let entry = bytes.and_then(|bytes| Entry::ref_from_bytes(bytes).ok());
        let present =
            |entry: &&Entry| slot < self.header.geometry.slots_max() && entry.flags() & Flags::PRESENT != 0;
        Ok(entry.filter(present).copied())
    }

    /// The frame of a valid entry, if it lies where a frame can and its checksum is right.
    pub(in crate::log) fn frame(&mut self, slot: u64, entry: &Entry) -> io::Result<Option<&[u8]>> {
        let seed = self.salt.seed(EventId(self.header.base.0.saturating_add(slot)));
        let start = u64::from(entry.frame_offset.get());
        let inside = start >= limits::SEGMENT_HEADER_BYTES
            && entry.frame_end() <= self.header.geometry.entry_offset(slot)
            && entry.payload_offset() < entry.frame_len()
            && entry.frame_len() <= limits::FRAME_BYTES_MAX;
        if !inside {
            return Ok(None);
        }
        let bytes = self.frames.get(self.file, start, entry.frame_len() as u64);
        let bytes = if self.lenient { bytes.unwrap_or_default() } else { bytes? };
        Ok(bytes.filter(|bytes| crc32c::crc32c_append(seed, bytes) == entry.frame_crc.get()))
    }
}

/// One aligned page, so that buffers of them suit `O_DIRECT`.
#[derive(Clone, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C, align(4096))]
struct Page([u8; ALIGNMENT as usize]);

/// A piece of a file in memory.
pub(in crate::log) struct Window {
    pages: Vec<Page>,
    start: u64,
    filled: u64,
    /// The file is walked from its end to its start.
    downwards: bool,
}

impl Window {
    /// `downwards`: the file is walked from its end to its start.
    pub(in crate::log) fn new(downwards: bool) -> Self {
        let pages = vec![Page([0; ALIGNMENT as usize]); (WINDOW_BYTES / ALIGNMENT) as usize];
        Self { pages, start: 0, filled: 0, downwards }
    }

    /// The bytes of a range of the file, at most a window long less two pages; `None` past its end.
    pub(in crate::log) fn get(
        &mut self,
        file: &dyn DiskFile,
        offset: u64,
        bytes: u64,
    ) -> io::Result<Option<&[u8]>> {
        let end = offset.saturating_add(bytes);
        if offset < self.start || end > self.start + self.filled {
            let above = end.next_multiple_of(ALIGNMENT).saturating_sub(WINDOW_BYTES);
            self.start = if self.downwards { above } else { offset / ALIGNMENT * ALIGNMENT };
            self.filled = 0;
            let read = file.read_at(self.start, self.pages.as_mut_bytes()).or_else(|_| {
                // A sector of the window cannot be read, but perhaps not one of these.
                self.start = offset / ALIGNMENT * ALIGNMENT;
                let needed = (end - self.start).div_ceil(ALIGNMENT);
                let pages = self.pages.get_mut(..needed as usize).unwrap_or_default();
                file.read_at(self.start, pages.as_mut_bytes())
            })?;
            self.filled = read as u64;
        }
        let from = (offset - self.start) as usize;
        let held = self.pages.as_bytes().get(..self.filled as usize).unwrap_or_default();
        Ok(held.get(from..from.saturating_add(bytes as usize)))
    }
}

/// Reads up to one page at an aligned offset: a header or a seal's head.
pub(in crate::log) fn read_page(file: &dyn DiskFile, offset: u64) -> io::Result<Vec<u8>> {
    let mut page = Page([0; ALIGNMENT as usize]);
    let read = file.read_at(offset, page.as_mut_bytes())?;
    Ok(page.as_bytes().get(..read).unwrap_or_default().to_vec())
}
