//! Which events of the log are a subscriber's: all, those its filter picks as the entries are looked at, or a list that
//! was found beforehand, so that nothing between its events is touched.

use crate::event::EventId;
use crate::hub::{Filter, Memory};
use crate::limits;
use crate::log::{Found, Run, Segment};

/// How a subscriber's events are told from others.
pub(crate) enum Matches<'a> {
    Everything,
    Filter(&'a Filter),
    Found(&'a Found),
}

impl Matches<'_> {
    /// The first of `from..=last` that is the subscriber's, of one segment; or up to where there is none: the first
    /// id not looked at. Each entry looked at is taken from `budget`.
    pub(crate) fn first(
        &self,
        segment: &Segment,
        from: EventId,
        last: EventId,
        budget: &mut usize,
    ) -> Result<EventId, EventId> {
        let mut at = from;
        match self {
            Self::Everything => return if at <= last { Ok(at) } else { Err(at) },
            Self::Found(found) => {
                let next = next_found(found, from);
                return next.filter(|id| *id <= last).ok_or(found.through.min(last).next().max(from));
            }
            Self::Filter(filter) => {
                while at <= last && *budget > 0 {
                    *budget -= 1;
                    if filter.matches(segment.entry(at)) {
                        return Ok(at);
                    }
                    at = at.next();
                }
            }
        }
        Err(at)
    }

    /// Whether this one event is the subscriber's.
    pub(crate) fn has(&self, segment: &Segment, id: EventId) -> bool {
        match self {
            Self::Everything => true,
            Self::Filter(filter) => filter.matches(segment.entry(id)),
            Self::Found(found) => found.ids.binary_search(&id).is_ok(),
        }
    }
}

/// The first found event at or after `from`.
pub(crate) fn next_found(found: &Found, from: EventId) -> Option<EventId> {
    found.ids.get(found.ids.partition_point(|id| *id < from)).copied()
}

/// The events of `first..=last` that a filter picks, where there is little to look at and all of it in memory; up to
/// the segment's end. `None`: it is left to the pager. Adds the entries looked at to `looked`.
pub(crate) fn find_nearby(
    memory: Memory,
    segment: &Segment,
    filter: &Filter,
    (first, last): (EventId, EventId),
    looked: &mut usize,
) -> Option<Found> {
    if last.0 - first.0 >= limits::NEARBY_ENTRIES_MAX as u64 {
        return None;
    }
    let last = segment.last(last);
    if !(memory.entries)(segment, first, last) {
        return None;
    }
    let Run::Whole(last) = segment.index_run(first, last) else {
        return Some(Found { ids: Vec::new(), through: first.previous() });
    };
    let mut found = Found { ids: Vec::new(), through: first.previous() };
    let (matches, mut budget, mut bytes) = (Matches::Filter(filter), usize::MAX, 0);
    while found.ids.len() < limits::FOUND_EVENTS_MAX && bytes < limits::BEHIND_BYTES_PER_TURN {
        match matches.first(segment, found.through.next(), last, &mut budget) {
            Ok(id) => {
                bytes += segment.entry(id).frame_len();
                found.ids.push(id);
                found.through = id;
            }
            Err(next) => {
                found.through = next.previous();
                break;
            }
        }
    }
    *looked += usize::MAX - budget;
    let (Some(first), Some(last)) = (found.ids.first(), found.ids.last()) else { return Some(found) };
    if !(memory.frames)(segment, *first, *last) {
        return None;
    }
    segment.judge_frames(&found.ids);
    Some(found)
}
