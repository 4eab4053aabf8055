//! The slow look at what nobody reads: the frames and entries of sealed segments, read past the page cache piece by
//! piece, at the rate its caller grants.
//!
//! It remembers nothing on disk and repairs nothing. What it finds damaged is never again taken for whole, whatever
//! memory still holds of it, and is told once.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use zerocopy::FromBytes as _;

use crate::event::EventId;
use crate::limits;
use crate::log::fault::{Fault, FaultKind};
use crate::log::format::Entry;
use crate::log::header::{BLOCK_BYTES, BLOCKS_OFFSET, Seal};
use crate::log::scan::Window;
use crate::log::shared::{Shared, segment_name};
use crate::log::sound::{GROUP_ENTRIES, Soundness, block_count, block_range};
use crate::log::{Access, DiskFile, Segment, View};

/// Milliseconds from the start of one pass over the log to that of the next, if it does not take longer.
const PASS_MS: u64 = 7 * 24 * 3600 * 1000;
/// Entries of one piece.
const PIECE_ENTRIES: u64 = 1024;
/// Bytes of the largest piece.
const PIECE_BYTES: u64 = BLOCK_BYTES;

const _: () = assert!(PIECE_ENTRIES * limits::ENTRY_BYTES as u64 == PIECE_BYTES);
const _: () = assert!(PIECE_ENTRIES.is_multiple_of(GROUP_ENTRIES));

/// What one turn has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scrubbed {
    pub bytes: u64,
    /// Damage that was not told before, also what readers have met.
    pub faults: Vec<Fault>,
    /// The turn has ended a pass over the whole log.
    pub finished: bool,
}

/// Walks the sealed segments; to be called now and then from a background thread.
pub struct Scrubber {
    shared: Arc<Shared>,
    /// Bytes that may be read and were not.
    credit: u64,
    /// When the pass began; `None` before the first one.
    started_ms: Option<u64>,
    place: Option<Place>,
    /// Which damage has been told: segment, kind, number of the piece.
    told: BTreeSet<(EventId, FaultKind, u64)>,
    /// How many damaged pieces were known when last they were told.
    known: u64,
    /// Segments whose file could not be opened in this pass.
    unopened: BTreeSet<EventId>,
}

/// Where a pass stands.
struct Place {
    segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    piece: u64,
    blocks: Window,
    entries: Window,
}

impl Scrubber {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            credit: 0,
            started_ms: None,
            place: None,
            told: BTreeSet::new(),
            known: 0,
            unopened: BTreeSet::new(),
        }
    }

    /// Reads about `budget` bytes more, of the pass that is under way or of one that is due. `now_ms`: the monotonic
    /// clock. With a budget of 0 it reads nothing and tells what readers have met.
    pub fn turn(&mut self, now_ms: u64, budget: u64) -> Scrubbed {
        let mut done = Scrubbed::default();
        let due = self.started_ms.is_none_or(|started_ms| now_ms.saturating_sub(started_ms) >= PASS_MS);
        if self.place.is_none() && budget > 0 && due {
            self.started_ms = Some(now_ms);
            self.unopened.clear();
            self.place = self.next_place(EventId::ZERO, &mut done.faults);
            done.finished = self.place.is_none();
        }
        self.credit = self.credit.min(PIECE_BYTES).saturating_add(budget);
        while self.credit >= PIECE_BYTES
            && let Some(place) = &mut self.place
        {
            match place.look() {
                Some(bytes) => {
                    done.bytes += bytes;
                    self.credit -= bytes.min(self.credit);
                }
                None => {
                    let base = place.segment.base();
                    self.place = self.next_place(base.next(), &mut done.faults);
                    done.finished = self.place.is_none();
                }
            }
        }
        self.tell(&mut done.faults);
        done
    }

    /// The first sealed segment from `from` on that can be opened.
    fn next_place(&mut self, from: EventId, faults: &mut Vec<Fault>) -> Option<Place> {
        let view = self.shared.view.load_full();
        let later = view.segments().iter().filter(|segment| segment.base() >= from && segment.is_sealed());
        for segment in later {
            let name = segment_name(segment.base());
            match self.shared.disk.open(&name, Access::ReadUncached) {
                Ok(file) => {
                    let (blocks, entries) = (Window::new(false), Window::new(true));
                    return Some(Place { segment: Arc::clone(segment), file, piece: 0, blocks, entries });
                }
                // Retention was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    if self.unopened.insert(segment.base()) {
                        faults.push(Fault::unreadable(&name, 0, &error).of(segment.base()));
                    }
                }
            }
        }
        None
    }

    /// Tells the damage that is known and was not told.
    fn tell(&mut self, faults: &mut Vec<Fault>) {
        let view: &View = &self.shared.view.load();
        let known = view.damaged_pieces();
        if std::mem::replace(&mut self.known, known) == known {
            return;
        }
        let earliest = view.earliest();
        self.told.retain(|(base, ..)| *base >= earliest);
        for segment in view.segments().iter().filter(|segment| segment.damaged_pieces() > 0) {
            let Some((seal, sound)) = segment.sound() else { continue };
            for fault in damage(segment, seal, sound) {
                if self.told.insert((segment.base(), fault.kind, fault.offset.unwrap_or_default())) {
                    faults.push(fault);
                }
            }
        }
    }
}

impl Place {
    /// Looks at the next piece of the segment; the bytes it had. `None`: that was all of it.
    fn look(&mut self) -> Option<u64> {
        let (seal, sound) = self.segment.sound()?;
        let (piece, blocks) = (self.piece, block_count(seal.data_end));
        self.piece += 1;
        if piece < blocks {
            let (offset, bytes) = block_range(piece, seal.data_end);
            let held = self.blocks.get(&*self.file, offset, bytes).ok().flatten().map(crc32c::crc32c);
            if held != sound.block_crcs.get(piece as usize).map(|crc| crc.get()) {
                sound.distrust_block(piece);
            }
            return Some(bytes);
        }
        let first = (piece - blocks) * PIECE_ENTRIES;
        let end = (first + PIECE_ENTRIES).min(u64::from(seal.count));
        let last = end.checked_sub(1).filter(|&last| last >= first)?;
        let bytes = (end - first) * limits::ENTRY_BYTES as u64;
        let offset = self.segment.geometry().entry_offset(last);
        let held = self.entries.get(&*self.file, offset, bytes).ok().flatten();
        let held = held.and_then(|held| <[Entry]>::ref_from_bytes(held).ok()).unwrap_or_default();
        let salt = self.segment.salt();
        // From the last to the first, as they lie in the file.
        for slot in first..end {
            let entry = held.get((last - slot) as usize);
            let seed = salt.seed(EventId(self.segment.base().0 + slot));
            if !entry.is_some_and(|entry| entry.is_valid(seed)) {
                sound.distrust_group(slot / GROUP_ENTRIES);
            }
        }
        Some(bytes)
    }
}

/// The damage that is known of a segment.
fn damage(segment: &Segment, seal: &Seal, sound: &Soundness) -> Vec<Fault> {
    let name = segment_name(segment.base());
    let mut faults = Vec::new();
    if sound.block_crcs.is_empty() {
        let offset = segment.geometry().seal_offset() + BLOCKS_OFFSET;
        let fault = Fault::new(&name, FaultKind::Seal, "the checksums of its blocks", "other bytes");
        faults.push(fault.at(offset).of(segment.base()));
    } else {
        for block in (0..block_count(seal.data_end)).filter(|&block| sound.is_block_distrusted(block)) {
            let (offset, _) = block_range(block, seal.data_end);
            let fault = Fault::new(&name, FaultKind::Block, "the frames that were sealed", "other bytes");
            faults.push(fault.at(offset).of(first_event_past(segment, seal, offset)));
        }
    }
    let groups = u64::from(seal.count).div_ceil(GROUP_ENTRIES);
    for group in (0..groups).filter(|&group| sound.is_group_distrusted(group)) {
        let first = group * GROUP_ENTRIES;
        let last = (first + GROUP_ENTRIES).min(u64::from(seal.count)).saturating_sub(1);
        let fault = Fault::new(&name, FaultKind::Entry, "the entries that were written", "other bytes");
        let event = EventId(segment.base().0 + first);
        faults.push(fault.at(segment.geometry().entry_offset(last)).of(event));
    }
    faults
}

/// The first event whose frame ends behind `offset`.
fn first_event_past(segment: &Segment, seal: &Seal, offset: u64) -> EventId {
    let base = segment.base().0;
    let (mut first, mut end) = (0, u64::from(seal.count));
    while first < end {
        let middle = first + (end - first) / 2;
        if segment.entry(EventId(base + middle)).frame_end() <= offset {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    EventId(base + first)
}
