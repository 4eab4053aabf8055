//! The walk through the events of one segment file, each held against its checksums and the rules of the format.
//!
//! A damaged event ends nothing: what follows is found by its own entry.

use zerocopy::FromBytes as _;

use crate::event::EventId;
use crate::limits;
use crate::log::examine::{FoundEvent, Visitor};
use crate::log::fault::{Fault, FaultKind};
use crate::log::format::{Entry, Salt};
use crate::log::header::Header;
use crate::log::scan::Window;
use crate::log::seal_check::SealCheck;
use crate::log::{DiskFile, Flags};

const KNOWN_FLAGS: u16 = Flags::PRESENT | Flags::BATCH_MORE | Flags::POSITIONED;

/// The walk through one segment.
pub(in crate::log) struct Walk<'a> {
    file: &'a dyn DiskFile,
    name: &'a str,
    header: Header,
    salt: Salt,
    entries: Window,
    pub(in crate::log) frames: Window,
    /// Where the frame of the last entry ends; unknown behind a damaged one.
    pub(in crate::log) data_end: Option<u64>,
    /// Of the first and the last event that can be read.
    pub(in crate::log) times_ms: Option<(u64, u64)>,
}

impl<'a> Walk<'a> {
    pub(in crate::log) fn new(file: &'a dyn DiskFile, name: &'a str, header: Header) -> Self {
        Self {
            file,
            name,
            header,
            salt: header.salt(),
            entries: Window::new(true),
            frames: Window::new(false),
            data_end: None,
            times_ms: None,
        }
    }

    /// Looks at the events of some slots. `deep`: at the checksum of each frame, even where that of its block is right.
    /// False: the visitor wants no more.
    pub(in crate::log) fn through(
        &mut self,
        slots: std::ops::Range<u64>,
        mut check: Option<&mut SealCheck<'_>>,
        deep: bool,
        visitor: &mut dyn Visitor,
    ) -> bool {
        self.data_end = (slots.start == 0).then_some(limits::SEGMENT_HEADER_BYTES);
        for slot in slots {
            let entry = match self.entry(slot) {
                Ok(entry) => entry,
                Err(fault) => {
                    self.data_end = None;
                    visitor.fault(*fault);
                    continue;
                }
            };
            let (id, time_ms) = (self.id(slot), self.time_ms(&entry));
            if !self.keeps_rules(&entry, time_ms) {
                self.tell_rules(slot, &entry, visitor);
            }
            self.data_end = Some(entry.frame_end());
            self.times_ms = Some((self.times_ms.map_or(time_ms, |times| times.0), time_ms));
            visitor.read(limits::ENTRY_BYTES as u64 + entry.frame_len() as u64);
            let mut vouched = false;
            if let Some(check) = &mut check {
                let start = u64::from(entry.frame_offset.get());
                check.blocks_before(start + 1, &mut self.frames, visitor);
                vouched = !deep && check.vouches(start, entry.frame_end());
            }
            let name = self.name;
            match self.frame(slot, &entry, vouched) {
                Ok(frame) => {
                    if !visitor.event(&FoundEvent { id, file: name, time_ms, entry: &entry, frame }) {
                        return false;
                    }
                }
                Err(fault) => visitor.fault(*fault),
            }
        }
        true
    }

    fn time_ms(&self, entry: &Entry) -> u64 {
        self.header.created_ms.saturating_add(u64::from(entry.time.get()))
    }

    /// Whether a whole entry follows the one before it as the format says.
    fn keeps_rules(&self, entry: &Entry, time_ms: u64) -> bool {
        self.data_end.is_none_or(|end| end == u64::from(entry.frame_offset.get()))
            && self.times_ms.is_none_or(|times| times.1 <= time_ms)
            && entry.payload_offset() < entry.frame_len()
            && entry.frame_len() <= limits::FRAME_BYTES_MAX
            && entry.flags() & !KNOWN_FLAGS == 0
    }

    /// Tells which rules an entry breaks. Its checksum being right, it was written so.
    fn tell_rules(&self, slot: u64, entry: &Entry, visitor: &mut dyn Visitor) {
        let (id, offset) = (self.id(slot), self.header.geometry.entry_offset(slot));
        let mut fault = |at: u64, expected: String, found: u64| {
            visitor.fault(Fault::new(self.name, FaultKind::Entry, &expected, found).at(offset + at).of(id));
        };
        let (start, time_ms) = (u64::from(entry.frame_offset.get()), self.time_ms(entry));
        if let Some(end) = self.data_end.filter(|&end| end != start) {
            fault(44, format!("a frame offset of {end}"), start);
        }
        if let Some((_, last_ms)) = self.times_ms.filter(|times| times.1 > time_ms) {
            fault(40, format!("a time not before {last_ms} ms"), time_ms);
        }
        if entry.payload_offset() >= entry.frame_len() || entry.frame_len() > limits::FRAME_BYTES_MAX {
            fault(52, "a frame with room for its payload".to_owned(), entry.frame_len() as u64);
        }
        if entry.flags() & !KNOWN_FLAGS != 0 {
            fault(56, "flags that are known".to_owned(), entry.flags().into());
        }
    }

    fn id(&self, slot: u64) -> EventId {
        EventId(self.header.base.0.saturating_add(slot))
    }

    /// The entry of a slot, its checksum being right.
    fn entry(&mut self, slot: u64) -> Result<Entry, Box<Fault>> {
        let (id, offset, name) = (self.id(slot), self.header.geometry.entry_offset(slot), self.name);
        let bytes = self.entries.get(self.file, offset, limits::ENTRY_BYTES as u64);
        let entry = match bytes {
            Ok(bytes) => bytes.and_then(|bytes| Entry::read_from_bytes(bytes).ok()).unwrap_or(Entry::NONE),
            Err(error) => return Err(Box::new(Fault::unreadable(name, offset, &error).of(id))),
        };
        let crc = entry.checksum(self.salt.seed(id));
        let fault = |expected: &str, found: String| {
            Box::new(Fault::new(name, FaultKind::Entry, expected, found).at(offset).of(id))
        };
        if entry.crc.get() != crc {
            return Err(fault("its checksum over it", format!("{:08x} for {crc:08x}", entry.crc.get())));
        }
        if entry.flags() & Flags::PRESENT == 0 {
            return Err(fault("an entry", "none".to_owned()));
        }
        Ok(entry)
    }

    /// The frame of a whole entry, its checksum being right. `vouched`: that of its block is.
    fn frame(&mut self, slot: u64, entry: &Entry, vouched: bool) -> Result<&[u8], Box<Fault>> {
        let (id, offset, name) = (self.id(slot), u64::from(entry.frame_offset.get()), self.name);
        let fault = |expected: &str, found: String| {
            Box::new(Fault::new(name, FaultKind::Frame, expected, found).at(offset).of(id))
        };
        let inside = offset >= limits::SEGMENT_HEADER_BYTES
            && entry.frame_end() <= self.header.geometry.entry_offset(slot)
            && (1..=limits::FRAME_BYTES_MAX).contains(&entry.frame_len());
        if !inside {
            return Err(fault(
                "a frame between head and entries",
                format!("one up to {}", entry.frame_end()),
            ));
        }
        let bytes = match self.frames.get(self.file, offset, entry.frame_len() as u64) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => return Err(Box::new(Fault::unreadable(name, offset, &error).of(id))),
        };
        if vouched && bytes.len() == entry.frame_len() {
            return Ok(bytes);
        }
        let crc = crc32c::crc32c_append(self.salt.seed(id), bytes);
        if crc == entry.frame_crc.get() {
            Ok(bytes)
        } else {
            Err(fault(
                "the checksum that its entry says",
                format!("{crc:08x} for {:08x}", entry.frame_crc.get()),
            ))
        }
    }
}
