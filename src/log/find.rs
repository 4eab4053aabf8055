//! Which events of a stretch of the log stand under given topics.
//!
//! It reads postings where there are any and entries where there are none, never frames, and may wait for the disk:
//! not for a thread that must not. Postings only ever spare it a look: what they name is looked at, and where they
//! cannot be read every entry is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::event::EventId;
use crate::log::postings::{Broken, Postings};
use crate::log::slot_list::Cursor;
use crate::log::{Entry, Run, Segment, View};

/// Entries that are asked for together before the first of them is looked at.
const LOOK_AHEAD: usize = 64;
/// More topics than this are dense, as a rule: looking at so many events for each topic costs no more than looking all
/// of them up, and often finds enough.
const TOPICS_FEW: usize = 64;
const SCAN_FIRST: u64 = 4;
/// What looking a topic up in postings costs, in entries looked at.
const LOOKS_PER_TOPIC: usize = 64;

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// In the order of their ids.
    pub ids: Vec<EventId>,
    /// All up to here have been looked at; the search goes on after it.
    pub through: EventId,
}

impl View {
    /// The first `max` events of `first..=last` for which `matches` holds, among those at which one of `topics`
    /// (hashes of payment streams and users, sorted) stands; among all where `topics` is empty. `last` is not
    /// past the commit point. Stops before ids that are in no segment, and before entries that
    /// are damaged and may be among them, and after about `looks_max` looks at entries: what postings spare it does
    /// not count, so that the length of the log does not either. `matches` is asked of no other event.
    pub fn find(
        &self,
        topics: &[u64],
        matches: &dyn Fn(&Entry) -> bool,
        first: EventId,
        last: EventId,
        max: usize,
        looks_max: usize,
    ) -> Found {
        let found = Found { ids: Vec::new(), through: first.previous() };
        let scan_first = if topics.len() > TOPICS_FEW { SCAN_FIRST * topics.len() as u64 } else { 0 };
        let mut search =
            Search { topics, matches, max, looks_left: looks_max, scan_first, found, damaged: false };
        while search.found.through < last
            && !search.is_over()
            && let Some(segment) = self.segment(search.found.through.next())
        {
            let end = segment.last(last);
            if end <= search.found.through {
                break;
            }
            search.look_through(segment, end);
        }
        search.found
    }
}

/// A search on its way. `found.through` grows with every step, and all matches up to it are in `found.ids`.
struct Search<'a> {
    topics: &'a [u64],
    matches: &'a dyn Fn(&Entry) -> bool,
    max: usize,
    looks_left: usize,
    /// Events to be looked at before anything is looked up.
    scan_first: u64,
    found: Found,
    /// It has come to an entry that cannot be read.
    damaged: bool,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.damaged || self.looks_left == 0 || self.found.ids.len() >= self.max
    }

    /// Goes on in `segment`, to its event `last` at most.
    fn look_through(&mut self, segment: &Segment, last: EventId) {
        let ahead = EventId(self.found.through.0.saturating_add(std::mem::take(&mut self.scan_first)));
        self.scan(segment, ahead.min(last));
        let parts = segment.postings();
        for part in parts.iter().filter(|_| !self.topics.is_empty()) {
            let end = EventId(segment.base().0 + u64::from(part.slots().end)).previous().min(last);
            if self.look_up(segment, part, end).is_err() {
                part.set_broken();
                self.scan(segment, end);
            }
        }
        self.scan(segment, last);
    }

    /// Looks at what `part` names up to `last`.
    fn look_up(&mut self, segment: &Segment, part: &Postings, last: EventId) -> Result<(), Broken> {
        let Some(from) = self.next_slot(segment, last) else { return Ok(()) };
        self.looks_left = self.looks_left.saturating_sub(LOOKS_PER_TOPIC * self.topics.len());
        let mut cursors = BinaryHeap::new();
        let mut checked = 0..0;
        for &topic in self.topics {
            if let Some(row) = part.find(topic, &mut checked)?
                && let Some(cursor) = Cursor::open(part, row, from)?
            {
                cursors.push(Reverse(cursor));
            }
        }
        let last_slot = (last.0 - segment.base().0) as u32;
        let mut ahead = Vec::with_capacity(LOOK_AHEAD);
        loop {
            gather(&mut cursors, last_slot, LOOK_AHEAD.min(self.max - self.found.ids.len()), &mut ahead)?;
            if ahead.is_empty() {
                break;
            }
            // On a cold log the waits for the disk fall together.
            segment.prefetch_entries(&ahead);
            for &slot in &ahead {
                let id = EventId(segment.base().0 + u64::from(slot));
                if segment.index_run(id, id) != Run::Whole(id) {
                    (self.damaged, self.found.through) = (true, id.previous());
                    return Ok(());
                }
                if self.look_at(id, segment.entry(id)) {
                    return Ok(());
                }
            }
        }
        self.found.through = last;
        Ok(())
    }

    /// Looks at every event up to `last`.
    fn scan(&mut self, segment: &Segment, last: EventId) {
        while self.next_slot(segment, last).is_some() {
            let first = self.found.through.next();
            let Run::Whole(end) = segment.index_run(first, last) else {
                self.damaged = true;
                return;
            };
            for (id, entry) in (first.0..).map(EventId).zip(segment.entries(first, end)) {
                if self.look_at(id, entry) {
                    return;
                }
            }
            self.found.through = end;
        }
    }

    /// Where to go on; `None` when there is nothing to do up to `last`.
    fn next_slot(&self, segment: &Segment, last: EventId) -> Option<u32> {
        let next = self.found.through.next();
        (next <= last && !self.is_over()).then(|| (next.0 - segment.base().0) as u32)
    }

    /// Looks at the event that comes next; true when that is enough.
    fn look_at(&mut self, id: EventId, entry: &Entry) -> bool {
        self.found.through = id;
        self.looks_left = self.looks_left.saturating_sub(1);
        let named = [entry.stream(), entry.sender(), entry.recipient()];
        let stands = match self.topics {
            [] => true,
            [one] => *one != 0 && named.contains(one),
            many => named.iter().any(|hash| *hash != 0 && many.binary_search(hash).is_ok()),
        };
        if stands && (self.matches)(entry) {
            self.found.ids.push(id);
        }
        self.is_over()
    }
}

/// Takes the next slots that `cursors` lead to, each once: at most `max` of them, none past `last`.
fn gather(
    cursors: &mut BinaryHeap<Reverse<Cursor<'_>>>,
    last: u32,
    max: usize,
    slots: &mut Vec<u32>,
) -> Result<(), Broken> {
    slots.clear();
    while let Some(mut cursor) = cursors.peek_mut() {
        let slot = cursor.0.slot();
        let is_new = slots.last() != Some(&slot);
        if slot > last || is_new && slots.len() == max {
            break;
        }
        if is_new {
            slots.push(slot);
        }
        if !cursor.0.advance()? {
            PeekMut::pop(cursor);
        }
    }
    Ok(())
}
