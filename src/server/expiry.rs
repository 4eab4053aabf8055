//! The end of subscriptions with their tokens: one heap for each worker of who ends when.
//!
//! A slot of the hub knows nothing of tokens. An entry outlives a subscriber that left before its time; those are swept
//! out once they are more than half of the heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::clock;
use crate::hub::{Control, SubscriberId};
use crate::server::worker::Worker;
use crate::sse::Reason;

/// Clients whose tokens expired come back within this time, each at another moment: many tokens are made at once.
const RETRY_MS_MIN: u64 = 1000;
const RETRY_MS_SPREAD: u64 = 4000;
/// Entries up to which nobody asks how many are stale.
const KEPT: usize = 64;

/// What is to happen to a subscriber, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) struct Due {
    at_s: u32,
    index: u32,
    generation: u32,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) enum Step {
    /// It is told, behind the frame that is begun.
    Tell,
    /// It has had its time to read that.
    Cut,
}

/// The expiries of one worker's subscribers, the next first.
#[derive(Debug, Default)]
pub(crate) struct Expiries {
    heap: BinaryHeap<Reverse<Due>>,
}

impl Due {
    pub(in crate::server) fn id(&self) -> SubscriberId {
        SubscriberId { index: self.index, generation: self.generation }
    }
}

impl Expiries {
    /// `at_s`: unix seconds. What lies beyond 32 bits of them (the year 2106) is not looked after.
    pub(in crate::server) fn enter(&mut self, id: SubscriberId, at_s: u64, step: Step) {
        if let Ok(at_s) = u32::try_from(at_s) {
            self.heap.push(Reverse(Due { at_s, index: id.index, generation: id.generation, step }));
        }
    }

    /// The next one whose time has come; each comes once.
    pub(in crate::server) fn take_due(&mut self, now_s: u64) -> Option<Due> {
        let Reverse(due) = self.heap.peek()?;
        if u64::from(due.at_s) > now_s {
            return None;
        }
        self.heap.pop().map(|Reverse(due)| due)
    }

    /// Entries, stale ones too.
    pub(in crate::server) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Sweeps out those of whom `is_in` knows nothing, where they are the most. `live`: how many are in.
    pub(in crate::server) fn sweep(&mut self, live: usize, is_in: impl Fn(SubscriberId) -> bool) {
        if self.len() > KEPT + 2 * live {
            self.heap.retain(|Reverse(due)| is_in(due.id()));
            self.heap.shrink_to(KEPT + 2 * self.heap.len());
        }
    }
}

impl Worker {
    /// Ends a subscription when its token expires, which may have been while it was greeted: before anything else is
    /// sent.
    pub(crate) fn end_at(&self, id: SubscriberId, expires_s: u64) {
        self.expiries.borrow_mut().enter(id, expires_s, Step::Tell);
        self.sweep_expiries();
        self.end_expired();
    }

    /// Tells those to come back whose tokens have expired, and cuts off who did not take that in time. To be called
    /// several times a second.
    pub(crate) fn end_expired(&self) {
        let now_s = clock::unix_ms() / 1000;
        let patience_s = self.shared.settings.write_timeout_ms.div_ceil(1000);
        loop {
            let Some(due) = self.expiries.borrow_mut().take_due(now_s) else { return };
            if due.step == Step::Cut {
                self.drop_subscriber(due.id());
                continue;
            }
            let mut hub = self.hub.borrow_mut();
            if hub.connection(due.id()).is_some() {
                let retry_ms = (RETRY_MS_MIN + self.random() % RETRY_MS_SPREAD) as u32;
                hub.end(due.id(), Control::Reconnect { retry_ms, reason: Reason::TokenExpired });
                self.expiries.borrow_mut().enter(due.id(), now_s + patience_s, Step::Cut);
            }
        }
    }

    /// Keeps the heap within twice the subscribers there are.
    pub(crate) fn sweep_expiries(&self) {
        let hub = self.hub.borrow();
        self.expiries.borrow_mut().sweep(hub.len(), |id| hub.connection(id).is_some());
    }
}
