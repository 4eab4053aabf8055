//! Gives memory back that a crowd of connections needed, once it has gone. What follows the number of connections
//! shrinks here, on a slow tick; the allocator is told when far fewer are left, and when many have come and no more do,
//! since by itself it keeps what this thread freed for a long time.

use crate::server::worker::Worker;

/// Connections of a crowd; fewer leave nothing worth the trouble.
const CROWD: usize = 256;

/// Connections since memory was last given back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Crowd {
    /// The most at a time.
    most: usize,
    came: usize,
    /// `came` when that was last looked at.
    came_before: usize,
}

impl Worker {
    /// To be called every few seconds.
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
        self.waiting.trim();
        self.asking.trim();
        // Its buffers are the delivery task's own.
        self.buffers_old.set(true);
        self.bell.ring();
        let now = connections.len() + self.hub.borrow().len();
        let mut crowd = self.crowd.get();
        let gone = crowd.most >= CROWD && now <= crowd.most / 2;
        let settled = crowd.came >= CROWD && crowd.came == crowd.came_before;
        if gone || settled {
            (self.give_back)();
            crowd = Crowd { most: now, came: 0, came_before: 0 };
        }
        self.crowd.set(Crowd { came_before: crowd.came, ..crowd });
    }

    /// Takes note of how many connections there are, and how many have just come.
    pub(crate) fn count_crowd(&self, connections: usize, came: usize) {
        let crowd = self.crowd.get();
        let most = crowd.most.max(connections);
        self.crowd.set(Crowd { most, came: crowd.came.saturating_add(came), ..crowd });
    }
}

/// Whether a table has room for far more than it holds.
pub(crate) fn is_roomy(capacity: usize, used: usize) -> bool {
    capacity > CROWD && capacity / 4 > used
}
