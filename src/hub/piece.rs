//! Which bytes a subscriber gets next: one contiguous piece of the log where that serves, gathered frames where not.
//!
//! A piece never crosses a segment border, never splits the bookkeeping of a frame, and is bounded in bytes and in
//! entries looked at.

use crate::event::EventId;
use crate::hub::matches::{Matches, next_found};
use crate::hub::slots::{Slot, flag};
use crate::hub::{Control, Filter, Memory, SubscriberId};
use crate::limits;
use crate::log::{Found, Run, Segment, Step, View};
use crate::sse;

/// Runs of matching frames from this many bytes on are sent from the map; shorter ones are copied together
/// (94–117 ns a frame, against 254–517 for a gathering send).
const DIRECT_BYTES_MIN: usize = 4096;
/// Gathered bytes after which a piece ends.
const GATHER_BYTES_MAX: usize = 64 * 1024;

/// Where a job's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes<'v> {
    /// In the log's map.
    Log(&'v [u8]),
    /// In the scratch buffer of the chunk.
    Scratch { start: usize, end: usize },
}

impl<'v> Bytes<'v> {
    pub fn len(&self) -> usize {
        match self {
            Self::Log(bytes) => bytes.len(),
            Self::Scratch { start, end } => end - start,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes themselves.
    pub fn resolve<'a>(&self, scratch: &'a [u8]) -> &'a [u8]
    where
        'v: 'a,
    {
        match *self {
            Self::Log(bytes) => bytes,
            Self::Scratch { start, end } => scratch.get(start..end).unwrap_or_default(),
        }
    }
}

/// One send that the server is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job<'v> {
    pub id: SubscriberId,
    pub bytes: Bytes<'v>,
    pub(crate) kind: JobKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Frames from the slot's position on; when all is sent the subscriber stands at `resume`.
    Events {
        last: EventId,
        resume: EventId,
        events: u32,
    },
    Control,
    Half,
    /// Nothing can follow what was sent: the rest of the frame begun is gone.
    Lost,
}

impl Default for Job<'_> {
    fn default() -> Self {
        let nobody = SubscriberId { index: u32::MAX, generation: 0 };
        Self { id: nobody, bytes: Bytes::Log(&[]), kind: JobKind::Control }
    }
}

pub(crate) enum Piece<'v> {
    Events {
        bytes: Bytes<'v>,
        last: EventId,
        resume: EventId,
        events: u32,
    },
    /// Events are gone; the frame is to be sent, and then the subscriber stands at `earliest`.
    Gap {
        control: Control,
        earliest: EventId,
        damaged: bool,
    },
    /// The subscriber has everything up to the limit.
    Nothing,
    /// The scan was cut short; there may be more.
    Later,
    /// What comes next is not in memory.
    Cold,
    /// The frame that is half sent is gone, or the disk does not say what comes next: the connection can only be
    /// closed, to resume where it is.
    Lost,
}

/// What limits a piece.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) visible: EventId,
    /// The last event that may be sent to this subscriber now.
    pub(crate) limit: EventId,
    pub(crate) bytes_max: usize,
    /// By what to learn whether it is in memory; `None` where it is.
    pub(crate) memory: Option<Memory>,
}

/// The next piece for a subscriber. Moves `slot.next` over events that do not match.
pub(crate) fn next_piece<'v, K>(
    slot: &mut Slot<K>,
    filter: Option<&Filter>,
    found: Option<&Found>,
    view: &'v View,
    bounds: Bounds,
    scratch: &mut Vec<u8>,
) -> Piece<'v> {
    let mut budget = limits::SCAN_ENTRIES_PER_TURN;
    let stood = slot.next;
    if let Some(found) = found
        && slot.offset == 0
    {
        slot.next = next_found(found, slot.next).unwrap_or(found.through.next().max(slot.next));
    }
    while slot.next <= bounds.limit {
        let Some(segment) = view.segment(slot.next) else {
            return beyond(slot, view, bounds.visible);
        };
        let last = segment.last(bounds.visible).min(bounds.limit);
        if last < slot.next {
            return beyond(slot, view, bounds.visible);
        }
        let matches = match (filter, found) {
            (None, _) => return everything(slot, segment, last, bounds, scratch),
            // Behind where the list began nobody has looked yet, nor brought anything into memory.
            (Some(_), Some(found)) if found.through < slot.next && stood < slot.next => return Piece::Later,
            (Some(_), Some(found)) if found.through < slot.next => return stopped(slot, segment, last),
            (Some(_), Some(found)) => Matches::Found(found),
            (Some(filter), None) => Matches::Filter(filter),
        };
        let last = match matches {
            Matches::Filter(_) => match segment.index_run(slot.next, last) {
                Run::Whole(through) => through,
                Run::Damaged(through) => return damaged(slot, through),
                Run::Unreadable => return Piece::Lost,
            },
            _ => last,
        };
        match matches.first(segment, slot.next, last, &mut budget) {
            Ok(id) if slot.offset > 0 && id != slot.next => return Piece::Lost,
            Ok(id) => {
                slot.next = id;
                return gather(slot, segment, &matches, last, budget, scratch);
            }
            Err(_) if slot.offset > 0 => return Piece::Lost,
            Err(next) => slot.next = next,
        }
        if budget == 0 {
            return Piece::Later;
        }
    }
    Piece::Nothing
}

/// All events from `slot.next` on, of which the entries and then the frames have to be in memory.
fn everything<'v, K>(
    slot: &Slot<K>,
    segment: &'v Segment,
    last: EventId,
    bounds: Bounds,
    scratch: &mut Vec<u8>,
) -> Piece<'v> {
    let first = slot.next;
    let last = last.min(EventId(first.0 + limits::PIECE_EVENTS_MAX as u64 - 1));
    if let Some(memory) = bounds.memory {
        if !(memory.entries)(segment, first, last) {
            return Piece::Cold;
        }
        let last = match segment.index_run(first, last) {
            Run::Whole(through) => through,
            Run::Damaged(through) => return damaged(slot, through),
            Run::Unreadable => return Piece::Lost,
        };
        if !(memory.frames)(segment, first, segment.run_within(first, last, bounds.bytes_max)) {
            return Piece::Cold;
        }
    }
    let end = match segment.frame_run(first, last, bounds.bytes_max) {
        Run::Whole(through) => through,
        Run::Damaged(through) => return damaged(slot, through),
        Run::Unreadable => return Piece::Lost,
    };
    if slot.has(flag::UNCHUNKED) {
        gather(slot, segment, &Matches::Everything, end, limits::SCAN_ENTRIES_PER_TURN, scratch)
    } else {
        run(slot, segment, end)
    }
}

/// A search has ended before the position: for now, or because the entries from there on are damaged.
fn stopped<'v, K>(slot: &Slot<K>, segment: &Segment, last: EventId) -> Piece<'v> {
    let first = slot.next;
    if segment.index_run(first, first) == Run::Whole(first) {
        return Piece::Later;
    }
    match segment.index_run(first, last) {
        Run::Damaged(through) => damaged(slot, through),
        Run::Whole(_) => Piece::Later,
        Run::Unreadable => Piece::Lost,
    }
}

/// The position is in no segment: a hole, or retention went past it.
fn beyond<'v, K>(slot: &Slot<K>, view: &View, visible: EventId) -> Piece<'v> {
    let after = slot.next.previous();
    if slot.offset > 0 {
        return Piece::Lost;
    }
    match view.step(after, visible) {
        Step::Gap { earliest, missed } if earliest > after => {
            let control = Control::Gap { after, earliest, missed };
            Piece::Gap { control, earliest, damaged: false }
        }
        _ => Piece::Nothing,
    }
}

/// A contiguous run of whatever comes, straight from the map.
fn run<'v, K>(slot: &Slot<K>, segment: &'v Segment, end: EventId) -> Piece<'v> {
    let bytes = segment.span(slot.next, end).get(slot.offset as usize..).unwrap_or_default();
    if bytes.is_empty() {
        return damaged(slot, end);
    }
    let events = (end.0 - slot.next.0 + 1) as u32;
    Piece::Events { bytes: Bytes::Log(bytes), last: end, resume: end.next(), events }
}

/// What stands for events that cannot be read any more: they are announced as gone, never passed over in silence.
fn damaged<'v, K>(slot: &Slot<K>, end: EventId) -> Piece<'v> {
    if slot.offset > 0 {
        return Piece::Lost;
    }
    let first = slot.next;
    let (after, earliest, missed) = (first.previous(), end.next(), Some(end.0 - first.0 + 1));
    Piece::Gap { control: Control::Gap { after, earliest, missed }, earliest, damaged: true }
}

/// Matching frames from `slot.next` (which matches) on: from the map when they lie together, else copied together.
fn gather<'v, K>(
    slot: &Slot<K>,
    segment: &'v Segment,
    matches: &Matches<'_>,
    last: EventId,
    mut budget: usize,
    scratch: &mut Vec<u8>,
) -> Piece<'v> {
    let unchunked = slot.has(flag::UNCHUNKED);
    let mut end = slot.next;
    let mut bytes = segment.frame(end).len();
    while end < last && bytes < limits::BEHIND_BYTES_PER_TURN && matches.has(segment, end.next()) {
        end = end.next();
        bytes += segment.entry(end).frame_len();
    }
    if !unchunked && (bytes >= DIRECT_BYTES_MIN || end == last) {
        return match segment.scattered_run(slot.next, end) {
            Run::Whole(end) => run(slot, segment, end),
            Run::Damaged(through) => damaged(slot, through),
            Run::Unreadable => Piece::Lost,
        };
    }
    let start = scratch.len();
    let (mut next, mut skip, mut events) = (Ok(slot.next), slot.offset as usize, 0);
    let mut resume = slot.next;
    while let Ok(at) = next {
        let whole = segment.scattered_run(at, at);
        if whole != Run::Whole(at) && events > 0 {
            // What stands before it goes first; it is announced when its turn comes.
            resume = at;
            break;
        }
        match whole {
            Run::Whole(_) => {}
            Run::Damaged(through) => return damaged(slot, through),
            Run::Unreadable => return Piece::Lost,
        }
        scratch.extend_from_slice(on_wire(segment.frame(at), unchunked).get(skip..).unwrap_or_default());
        (end, resume, skip, events) = (at, at.next(), 0, events + 1);
        if scratch.len() - start >= GATHER_BYTES_MAX {
            break;
        }
        next = matches.first(segment, resume, last, &mut budget);
        resume = next.err().unwrap_or(resume);
    }
    if scratch.len() == start {
        return damaged(slot, end);
    }
    Piece::Events { bytes: Bytes::Scratch { start, end: scratch.len() }, last: end, resume, events }
}

/// A frame as this subscriber gets it.
pub(crate) fn on_wire(frame: &[u8], unchunked: bool) -> &[u8] {
    if unchunked { sse::unchunked(frame) } else { frame }
}
