//! One mapped segment as readers see it: from ids to bytes by arithmetic, never past what is published.
//!
//! Offsets come from entries that may be damaged on disk, so every range is bounded; what is out of bounds
//! reads as empty. This file does no I/O but for page faults.

use std::sync::Arc;

use arc_swap::ArcSwap;
use zerocopy::FromBytes as _;

use crate::event::EventId;
use crate::limits;
use crate::log::format::{Entry, Geometry, Salt};
use crate::log::header::{Header, Seal};
use crate::log::postings::Postings;
use crate::log::sound::Soundness;
use crate::log::{Flags, Region, Run};
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, OnceLock, Ordering};

/// The count of a segment that still takes events.
const OPEN: u32 = u32::MAX;

/// One mapped segment file. All ids given to it must be its own and not past the commit point.
pub struct Segment {
    region: Region,
    geometry: Geometry,
    salt: Salt,
    seg_id: u64,
    base: EventId,
    /// Moves only while the segment is empty.
    created_ms: AtomicU64,
    /// `OPEN`, or how many events it holds; set before the commit point moves into the next segment.
    count: AtomicU32,
    seal: OnceLock<Seal>,
    /// What is known of its bytes; made when a sealed segment is first read.
    sound: OnceLock<Soundness>,
    /// Its file has its name, durably.
    named: AtomicBool,
    /// Of stretches that follow each other from slot 0 on. Slots behind them are looked at one by one.
    postings: ArcSwap<Vec<Arc<Postings>>>,
}

impl Segment {
    pub(in crate::log) fn new(region: Region, header: &Header) -> Self {
        Self {
            region,
            geometry: header.geometry,
            salt: header.salt(),
            seg_id: header.seg_id,
            base: header.base,
            created_ms: AtomicU64::new(header.created_ms),
            count: AtomicU32::new(OPEN),
            seal: OnceLock::new(),
            sound: OnceLock::new(),
            named: AtomicBool::new(false),
            postings: ArcSwap::default(),
        }
    }

    /// The first id of this segment.
    pub fn base(&self) -> EventId {
        self.base
    }

    /// The last id of this segment that is not past `visible`; `base().previous()` when there is none.
    pub fn last(&self, visible: EventId) -> EventId {
        let end = match self.count.load(Ordering::Acquire) {
            OPEN => self.base.0.saturating_add(self.geometry.slots_max()),
            count => self.base.0.saturating_add(u64::from(count)),
        };
        if visible < self.base { self.base.previous() } else { visible.min(EventId(end).previous()) }
    }

    /// Unix milliseconds to which entries' times are relative.
    pub fn created_ms(&self) -> u64 {
        self.created_ms.load(Ordering::Relaxed)
    }

    /// Unix milliseconds of an event.
    pub fn time_ms(&self, id: EventId) -> u64 {
        self.created_ms().saturating_add(u64::from(self.entry(id).time_offset_ms()))
    }

    /// Unix milliseconds of the first event in `id..=last` whose entry is whole; never earlier than the event's own.
    pub(in crate::log) fn time_from(&self, id: EventId, last: EventId) -> Option<u64> {
        let mut id = id;
        while id <= last {
            match self.index_run(id, id) {
                Run::Whole(_) => return Some(self.time_ms(id)),
                Run::Damaged(through) => id = through.next(),
                Run::Unreadable => return None,
            }
        }
        None
    }

    /// The event's entry. For an id that is not of this segment: an empty one, without `Flags::PRESENT`.
    #[inline]
    pub fn entry(&self, id: EventId) -> &Entry {
        let slot = id.0.wrapping_sub(self.base.0);
        let bytes = self.region.slice(self.geometry.entry_offset(slot), limits::ENTRY_BYTES);
        match Entry::ref_from_bytes(bytes) {
            Ok(entry) if slot < self.geometry.slots_max() => entry,
            _ => &Entry::NONE,
        }
    }

    /// The event's entry if its own checksum is right.
    pub fn checked_entry(&self, id: EventId) -> Option<&Entry> {
        Some(self.entry(id)).filter(|entry| entry.is_valid(self.salt.seed(id)))
    }

    /// False for a sealed segment whose entries are not those that were sealed: the disk has changed them,
    /// or cannot read them. Reads all of them.
    pub fn is_index_whole(&self) -> bool {
        self.seal.get().is_none_or(|seal| {
            let first = self.geometry.entry_offset(u64::from(seal.count).saturating_sub(1));
            let bytes = self.geometry.seal_offset() - first;
            self.populate_bytes(first, bytes).is_ok()
                && crc32c::crc32c(self.closed_bytes(first, bytes)) == seal.entries_crc
        })
    }

    /// The entries of `first..=last` in order of their ids; none where the range is not of this segment.
    pub fn entries(&self, first: EventId, last: EventId) -> impl Iterator<Item = &Entry> {
        let (offset, bytes) = self.entries_range(first, last);
        let bytes = self.region.slice(offset, bytes);
        <[Entry]>::ref_from_bytes(bytes).unwrap_or_default().iter().rev()
    }

    /// The event's bytes as they go on the wire, chunk framing included.
    #[inline]
    pub fn frame(&self, id: EventId) -> &[u8] {
        self.span(id, id)
    }

    /// The contiguous bytes of the frames `first..=last`.
    #[inline]
    pub fn span(&self, first: EventId, last: EventId) -> &[u8] {
        let (from, to) = (self.entry(first), self.entry(last));
        let start = u64::from(from.frame_offset.get());
        let present = from.flags() & to.flags() & Flags::PRESENT != 0;
        let end = to.frame_end();
        let inside =
            limits::SEGMENT_HEADER_BYTES <= start && start <= end && end <= self.geometry.seal_offset();
        if present && inside { self.region.slice(start, (end - start) as usize) } else { &[] }
    }

    /// The last id of the longest run of frames from `first` on that is not past `last` and not over
    /// `bytes_max` bytes long, but at least `first` itself.
    pub fn run_within(&self, first: EventId, last: EventId, bytes_max: usize) -> EventId {
        let start = u64::from(self.entry(first).frame_offset.get());
        let limit = start.saturating_add(bytes_max as u64);
        // Frame ends grow with the ids. `fits` is always inside the run, `over` never.
        let (mut fits, mut over) = (first, last.max(first).next());
        while over.0 - fits.0 > 1 {
            let middle = EventId(fits.0 + (over.0 - fits.0) / 2);
            if self.entry(middle).frame_end() <= limit {
                fits = middle;
            } else {
                over = middle;
            }
        }
        fits
    }

    pub(in crate::log) fn region(&self) -> &Region {
        &self.region
    }

    /// The seal, and what is known of the bytes it vouches for; `None` while the segment takes events.
    pub(in crate::log) fn sound(&self) -> Option<(&Seal, &Soundness)> {
        let seal = self.seal.get()?;
        Some((seal, self.sound.get_or_init(|| Soundness::new(self, seal))))
    }

    /// What is known of its bytes, where anybody has asked.
    pub(in crate::log) fn known_soundness(&self) -> Option<&Soundness> {
        self.sound.get()
    }

    /// Has the kernel begin to read those entries of these slots that are not in memory.
    pub(in crate::log) fn prefetch_entries(&self, slots: &[u32]) {
        let offset = |&slot: &u32| self.geometry.entry_offset(u64::from(slot));
        self.region.prefetch(slots.iter().map(|slot| (offset(slot), limits::ENTRY_BYTES)));
    }

    /// Unix milliseconds of the last event not past `visible`; `None` when there is none.
    pub(in crate::log) fn last_time_ms(&self, visible: EventId) -> Option<u64> {
        let last = self.last(visible);
        match self.seal.get() {
            _ if last < self.base => None,
            Some(seal) if visible >= last && self.count() == Some(u64::from(seal.count)) => {
                Some(seal.last_ms)
            }
            _ => Some(self.time_ms(last)),
        }
    }

    /// Drawn at random when the segment's file was made: what a repair or a restored backup puts in its place has
    /// another.
    pub fn seg_id(&self) -> u64 {
        self.seg_id
    }

    /// Complete, durable, and never written again.
    pub fn is_sealed(&self) -> bool {
        self.seal.get().is_some()
    }

    /// Bytes the file takes: all of it while it is open, what is used once it is sealed.
    pub fn disk_bytes(&self) -> u64 {
        self.seal.get().map_or(self.geometry.file_bytes(), |seal| {
            let unused = self.geometry.entry_offset(u64::from(seal.count).saturating_sub(1)) - seal.data_end;
            self.geometry.file_bytes() - unused
        })
    }

    pub(in crate::log) fn geometry(&self) -> Geometry {
        self.geometry
    }

    pub(in crate::log) fn salt(&self) -> Salt {
        self.salt
    }

    pub(in crate::log) fn header(&self, uuid: [u8; 16]) -> Header {
        Header {
            uuid,
            seg_id: self.seg_id,
            base: self.base,
            created_ms: self.created_ms(),
            geometry: self.geometry,
        }
    }

    /// How many events it holds, once it takes no more.
    pub(in crate::log) fn count(&self) -> Option<u64> {
        Some(self.count.load(Ordering::Acquire)).filter(|&count| count != OPEN).map(u64::from)
    }

    pub(in crate::log) fn seal(&self) -> Option<&Seal> {
        self.seal.get()
    }

    pub(in crate::log) fn postings(&self) -> Arc<Vec<Arc<Postings>>> {
        self.postings.load_full()
    }

    /// For the one thread that makes postings.
    pub(in crate::log) fn set_postings(&self, parts: Vec<Arc<Postings>>) {
        self.postings.store(Arc::new(parts));
    }

    /// Whether the next start would find it: the first file of a start that had no room, and one that is new
    /// since the last sync, have no name yet.
    pub(in crate::log) fn is_named(&self) -> bool {
        self.named.load(Ordering::Acquire) || self.is_sealed()
    }

    pub(in crate::log) fn set_named(&self) {
        self.named.store(true, Ordering::Release);
    }

    /// Says that no more events come: before the first id of the next segment is written.
    pub(in crate::log) fn close(&self, count: u32) {
        self.count.store(count, Ordering::Release);
    }

    pub(in crate::log) fn set_seal(&self, seal: Seal) {
        self.close(seal.count);
        // Set once, by the one thread that seals.
        let _again = self.seal.set(seal);
    }

    /// Moves the origin of times while no event is in the segment.
    pub(in crate::log) fn set_created_ms(&self, created_ms: u64) {
        self.created_ms.store(created_ms, Ordering::Relaxed);
    }

    /// The bytes of a closed segment's frames from `offset` on, and of its entries, for the seal.
    pub(in crate::log) fn closed_bytes(&self, offset: u64, bytes: u64) -> &[u8] {
        self.region.slice(offset, bytes as usize)
    }
}
