//! Gives memory back that a crowd of connections needed, once it has gone. What follows their number shrinks here, on a
//! slow tick; the allocator is told when far fewer are left, and when many have come or gone and none does any more,
//! since by itself it keeps what this thread freed for a long time.

use crate::hub::is_roomy;
use crate::server::worker::Worker;

/// Connections of a crowd; fewer leave nothing worth the trouble.
const CROWD: usize = 256;

/// How connections have come and gone since memory was last given back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Crowd {
    now: usize,
    /// The most at a time.
    most: usize,
    /// Those that came and went, as far as it showed.
    moved: usize,
    /// `moved` when that was last looked at.
    moved_before: usize,
}

impl Worker {
    /// To be called about once a second.
    pub(crate) fn trim(&self) {
        self.hub.borrow_mut().trim();
        let mut connections = self.connections.borrow_mut();
        if is_roomy(connections.capacity(), connections.len()) {
            connections.shrink_to_fit();
        }
        let mut lingering = self.lingering.borrow_mut();
        if is_roomy(lingering.capacity(), lingering.len()) {
            lingering.shrink_to_fit();
        }
        self.sweep_expiries();
        self.waiting.trim();
        self.asking.trim();
        // Its buffers are the delivery task's own.
        self.buffers_old.set(true);
        self.bell.ring();
        let mut crowd = self.crowd.get();
        let settled = crowd.moved >= CROWD && crowd.moved == crowd.moved_before;
        if settled || crowd.most >= CROWD && crowd.now <= crowd.most / 2 {
            (self.give_back)();
            crowd.most = crowd.now;
        }
        crowd.moved = if settled { 0 } else { crowd.moved };
        self.crowd.set(Crowd { moved_before: crowd.moved, ..crowd });
    }

    /// Takes note of how many connections there are. To be called several times between two calls of `trim`.
    pub(crate) fn count_crowd(&self, now: usize) {
        let crowd = self.crowd.get();
        let moved = crowd.moved.saturating_add(now.abs_diff(crowd.now));
        self.crowd.set(Crowd { now, most: crowd.most.max(now), moved, ..crowd });
    }
}
