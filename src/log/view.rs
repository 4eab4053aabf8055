//! The segments and holes at one moment: from positions and times to segments.
//!
//! A view never changes; rolling and retention publish a new one. It knows nothing of the commit point:
//! callers pass the one they work with.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::{Hole, Segment};

/// Where a subscriber that has seen everything up to a position goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next event is this id: dense with the position, kept or not yet written.
    Next(EventId),
    /// Events after the position are gone; `earliest` is the first that is kept (or will be, at the tail).
    /// `missed`: how many, over the whole log, where that can be known.
    Gap { earliest: EventId, missed: Option<u64> },
    /// The position is ahead of the commit point, or of an epoch that this log does not know.
    Ahead,
}

/// The segments at one moment, oldest first.
#[derive(Clone)]
pub struct View {
    /// Never empty: the last one takes events.
    segments: Vec<Arc<Segment>>,
    /// In order of their ids.
    holes: Arc<[Hole]>,
}

impl View {
    pub(in crate::log) fn new(segments: Vec<Arc<Segment>>, holes: Arc<[Hole]>) -> Self {
        Self { segments, holes }
    }

    /// The same with one more segment at the end.
    pub(in crate::log) fn with(&self, segment: Arc<Segment>) -> Self {
        let segments = self.segments.iter().cloned().chain([segment]).collect();
        Self { segments, holes: Arc::clone(&self.holes) }
    }

    /// The same with another segment in place of the last one, which was to hold the same ids and has none.
    pub(in crate::log) fn with_last(&self, segment: Arc<Segment>) -> Self {
        let before = self.segments.split_last().map_or(&[][..], |(_, before)| before);
        let segments = before.iter().cloned().chain([segment]).collect();
        Self { segments, holes: Arc::clone(&self.holes) }
    }

    /// The same without the `count` oldest segments.
    pub(in crate::log) fn without_oldest(&self, count: usize, holes: Arc<[Hole]>) -> Self {
        Self { segments: self.segments.iter().skip(count).cloned().collect(), holes }
    }

    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// The holes in the kept ids, in order.
    pub fn holes(&self) -> &[Hole] {
        &self.holes
    }

    /// The first kept event (or the first that will be, in an empty log).
    pub fn earliest(&self) -> EventId {
        self.segments.first().map_or(EventId::ZERO.next(), |segment| segment.base())
    }

    /// The segment that holds `id`, if it is kept. An id past `visible` may be refused or found: look at
    /// `visible` first.
    pub fn segment(&self, id: EventId) -> Option<&Arc<Segment>> {
        let behind = self.segments.partition_point(|segment| segment.base() <= id);
        let segment = self.segments.get(behind.checked_sub(1)?)?;
        (id <= segment.last(id)).then_some(segment)
    }

    /// Where a subscriber at `position` goes on. `visible`: the commit point the caller works with.
    pub fn step(&self, position: EventId, visible: EventId) -> Step {
        if position > visible {
            return Step::Ahead;
        }
        let next = position.next();
        let earliest = self.earliest();
        if next < earliest {
            let dense = next.epoch() == earliest.epoch();
            return Step::Gap { earliest, missed: dense.then(|| earliest.0 - next.0) };
        }
        let begun = self.holes.partition_point(|hole| hole.after <= position);
        match begun.checked_sub(1).and_then(|at| self.holes.get(at)) {
            Some(hole) if next < hole.first => {
                let missed = hole.missed.map(|_| hole.first.0 - next.0);
                Step::Gap { earliest: hole.first, missed }
            }
            _ => Step::Next(next),
        }
    }

    /// The first event at or after a time (unix ms) that is not past `visible`; `visible.next()` when none
    /// is.
    pub fn at_or_after(&self, time_ms: u64, visible: EventId) -> EventId {
        // Times never fall along the log; segments without a visible event stand at the end.
        let earlier = self.segments.partition_point(|segment| {
            segment.last_time_ms(visible).is_some_and(|last_ms| last_ms < time_ms)
        });
        let Some(segment) = self.segments.get(earlier) else { return visible.next() };
        let (mut first, mut end) = (segment.base(), segment.last(visible).next());
        if first >= end {
            return visible.next();
        }
        while first < end {
            let middle = EventId(first.0 + (end.0 - first.0) / 2);
            if segment.time_from(middle, end.previous()).is_some_and(|then_ms| then_ms < time_ms) {
                first = middle.next();
            } else {
                end = middle;
            }
        }
        first
    }

    /// Pieces of sealed segments that are known to be damaged; what can still be read of them is shown, the rest
    /// announced as gone.
    pub fn damaged_pieces(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.damaged_pieces())).sum()
    }

    /// Bytes of all segment files.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.disk_bytes()).sum()
    }
}
