//! Memory that a crowd leaves behind is given back once it has gone: what is far larger than its use shrinks.
//!
//! What follows the number of subscribers shrinks as they leave, where it lies; queues shrink here, on a slow tick.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};

use crate::hub::Hub;

/// Places that are kept, whatever the use.
const KEPT: usize = 64;
/// Calls without a delivery between them after which nothing is kept for the next burst: an event now and then does not
/// make the queues grow anew each time.
pub(super) const QUIET_CALLS: u32 = 30;

impl<K> Hub<K> {
    /// Gives back what the queues hold for more than the subscribers there are. To be called about once a second. Where
    /// nothing was delivered for long, nothing is kept for the next burst either.
    pub fn trim(&mut self) {
        let quiet = std::mem::replace(&mut self.trimmed_at, self.counts.deliveries) == self.counts.deliveries;
        self.quiet_calls = if quiet { self.quiet_calls.saturating_add(1) } else { 0 };
        let used = if self.quiet_calls >= QUIET_CALLS { 0 } else { self.slots.len() };
        for queue in [&mut self.live, &mut self.wanting, &mut self.controls] {
            shrink_queue(queue, used);
        }
        self.behind.trim(used);
        shrink_map(&mut self.found, used);
        shrink_map(&mut self.halves, used);
        shrink_map(&mut self.endings, used);
        shrink_map(&mut self.stuck, used);
    }
}

/// Whether a collection has room for far more than it holds.
pub(crate) fn is_roomy(capacity: usize, used: usize) -> bool {
    capacity > KEPT && capacity / 4 > used
}

/// Shrinks to twice the use what is far larger than that, so that it is not done again soon.
pub(crate) fn shrink<T>(many: &mut Vec<T>) {
    if is_roomy(many.capacity(), many.len()) {
        many.shrink_to(many.len() * 2);
    }
}

/// As `shrink`, with a use to come.
pub(crate) fn shrink_to<T>(many: &mut Vec<T>, used: usize) {
    if is_roomy(many.capacity(), used.max(many.len())) {
        many.shrink_to(used);
    }
}

fn shrink_queue<T>(queue: &mut VecDeque<T>, used: usize) {
    if is_roomy(queue.capacity(), used.max(queue.len())) {
        queue.shrink_to(used);
    }
}

fn shrink_map<K: Eq + Hash, V, S: BuildHasher>(map: &mut std::collections::HashMap<K, V, S>, used: usize) {
    if is_roomy(map.capacity(), used.max(map.len())) {
        map.shrink_to(used);
    }
}
