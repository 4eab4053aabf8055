//! Who gives way where there is no room: those that keep the server waiting, the longest first. For a new connection,
//! whoever has not sent a whole request, then whoever does not take its answer; for a further answer in memory, the
//! latter alone. Subscribers, and requests the server itself works on, are never touched.

use std::sync::atomic::Ordering;

use crate::limits;
use crate::server::accept;
use crate::server::connection::Connection;
use crate::server::lines::Line;
use crate::server::worker::Worker;

/// Connections of one worker that may be in their HTTP phase.
pub(crate) fn http_connections_max(max_connections: usize, workers: usize) -> usize {
    (max_connections / 2 + limits::CONNECTIONS_RESERVE).div_ceil(workers.max(1))
}

impl Worker {
    /// Whether there is room for one connection more, which somebody may have to make.
    pub(crate) fn make_room(&self) -> bool {
        let open = self.shared.connections.load(Ordering::Relaxed);
        let here = self.connections.borrow().len() - self.leaving.get();
        if open < self.shared.settings.max_connections + limits::CONNECTIONS_RESERVE
            && here < self.http_connections_max
        {
            return true;
        }
        if accept::may_warn(self) {
            tracing::warn!(
                "no room for more connections: those that have not sent a whole request give way, the oldest first"
            );
        }
        self.give_way(Line::Asking) || self.give_way(Line::Taking)
    }

    /// Notes that a connection does not take its answer; `bytes` are held for it. Where all such answers together are
    /// too many, the oldest go.
    pub(crate) fn hold_answer(&self, connection: &Connection, bytes: usize) {
        if connection.gave_way() {
            return;
        }
        self.lines.borrow_mut().join(connection.key, Line::Taking);
        // What it has sent behind its request is held as well.
        let bytes = bytes + limits::PIPELINE_BYTES_MAX;
        connection.held.set(bytes);
        self.answers_held.set(self.answers_held.get() + bytes);
        while self.answers_held.get() > limits::ANSWERS_BYTES_MAX && self.give_way(Line::Taking) {}
    }

    /// The answer is out, or never will be.
    pub(crate) fn release_answer(&self, connection: &Connection) {
        self.answers_held.set(self.answers_held.get() - connection.held.take());
    }

    /// Ends the first of a line. Its task comes to its end by itself; from now on it counts no more.
    fn give_way(&self, line: Line) -> bool {
        let Some(key) = self.lines.borrow().first(line) else { return false };
        self.lines.borrow_mut().leave(key);
        let connections = self.connections.borrow();
        let Some(connection) = connections.get(key) else { return false };
        connection.end();
        self.release_answer(connection);
        self.leaving.set(self.leaving.get() + 1);
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
        true
    }
}
