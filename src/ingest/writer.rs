//! The writer thread's body: waits for submissions, takes what is there into one write.
//!
//! Only the waiting and the clock are here; the work is `Intake`'s.

use crate::clock;
use crate::ingest::Submission;
use crate::ingest::intake::Intake;
use crate::ingest::publisher::Queue;

/// The writer thread's share of the way in.
pub struct WriterTask {
    pub(crate) queue: Queue,
    pub(crate) intake: Intake,
}

impl WriterTask {
    /// Runs until the last `Publisher` is dropped and the queue is empty. To be called on a thread of its
    /// own.
    pub fn run(mut self) {
        while let Some(first) = self.queue.next() {
            self.turn(first, clock::unix_ms());
        }
    }

    /// One turn if a submission waits, without waiting for one; false when none does. For whoever steps the
    /// task by hand instead of giving it a thread.
    pub fn step(&mut self, now_ms: u64) -> bool {
        let first = self.queue.try_next();
        first.map(|first| self.turn(first, now_ms)).is_some()
    }

    /// Takes a submission and those that wait behind it, up to the bounds of one write. `now_ms`: unix
    /// milliseconds.
    fn turn(&mut self, first: Submission, now_ms: u64) {
        let mut next = Some(first);
        while let Some(submission) = next {
            self.intake.take(&submission, now_ms);
            next = if self.intake.is_full() { None } else { self.queue.try_next() };
        }
        self.intake.finish();
    }
}
