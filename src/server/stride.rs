//! How long the next chunk of sends may be: short while others on this worker have work, longer while they have none.
//!
//! A chunk is one system call during which no request is read, no ack is sent and nobody else gets this CPU; a pause
//! between chunks costs as much as a send and lets the receivers fall asleep. What a chunk holds is the hub's.

use crate::limits;

/// The length of chunks over a run of them. Begin a run with `default`.
#[derive(Debug)]
pub(crate) struct Stride {
    sends: usize,
}

impl Default for Stride {
    fn default() -> Self {
        Self { sends: limits::SENDS_PER_CHUNK_MIN }
    }
}

impl Stride {
    /// Sends the next chunk may have.
    pub(crate) fn sends(&self) -> usize {
        self.sends
    }

    /// To be called after each chunk, when everyone else had a turn. `wanted`: somebody had something to do then, or
    /// waits for the threads of the log.
    pub(crate) fn step(&mut self, wanted: bool) {
        self.sends = if wanted {
            limits::SENDS_PER_CHUNK_MIN
        } else {
            limits::SENDS_PER_CHUNK.min(self.sends.saturating_mul(2))
        };
    }
}
