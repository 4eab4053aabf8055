//! Which events of a stretch of the log stand under given topics.
//!
//! It reads entries, never frames, and may wait for the disk: not for a thread that must not.

use crate::event::EventId;
use crate::log::{Entry, Run, View};

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
    /// past the commit point. Stops before ids that are in no segment, and before entries that are damaged.
    pub fn find(
        &self,
        topics: &[u64],
        matches: &dyn Fn(&Entry) -> bool,
        first: EventId,
        last: EventId,
        max: usize,
    ) -> Found {
        let stands = |entry: &Entry| {
            let named = [entry.stream(), entry.sender(), entry.recipient()];
            topics.is_empty() || named.iter().any(|hash| topics.binary_search(hash).is_ok())
        };
        let mut found = Found { ids: Vec::new(), through: first.previous() };
        while found.through < last
            && found.ids.len() < max
            && let Some(segment) = self.segment(found.through.next())
        {
            let first = found.through.next();
            let last = segment.last(last);
            if last < first {
                break;
            }
            let Run::Whole(last) = segment.index_run(first, last) else { break };
            let mut id = first;
            while id <= last && found.ids.len() < max {
                found.through = id;
                let entry = segment.entry(id);
                if stands(entry) && matches(entry) {
                    found.ids.push(id);
                }
                id = id.next();
            }
        }
        found
    }
}
