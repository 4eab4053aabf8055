//! The queue of subscribers that are behind: rounds in order of their offset in the log.
//!
//! A round serves everybody who waited at its start once, the furthest behind first, so that a storm of reconnecting
//! subscribers reads each stretch of the log while it is warm, and nobody starves whoever is furthest behind.

use crate::event::EventId;
use crate::hub::{SubscriberId, trim};

#[derive(Debug, Default)]
pub(crate) struct BehindQueue {
    /// Sorted by position, the next to be served last.
    round: Vec<(EventId, SubscriberId)>,
    waiting: Vec<(EventId, SubscriberId)>,
}

impl BehindQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.round.is_empty() && self.waiting.is_empty()
    }

    /// Queues a subscriber that stands before `next`. The caller keeps it from being in line twice.
    pub(crate) fn push(&mut self, next: EventId, id: SubscriberId) {
        self.waiting.push((next, id));
    }

    /// Gives back room for more than this many.
    pub(crate) fn trim(&mut self, used: usize) {
        trim::shrink_to(&mut self.round, used);
        trim::shrink_to(&mut self.waiting, used);
    }

    pub(crate) fn pop(&mut self) -> Option<SubscriberId> {
        if self.round.is_empty() {
            std::mem::swap(&mut self.round, &mut self.waiting);
            self.round.sort_unstable_by_key(|(next, _)| std::cmp::Reverse(*next));
        }
        self.round.pop().map(|(_, id)| id)
    }
}
