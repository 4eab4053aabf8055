//! The sync thread's body: group commit, acknowledgements, doorbells.
//!
//! It waits for the writer, flushes all that is written by then, answers whoever waited for it and rings the
//! workers. What is written during a flush is the next flush: the size of a group follows the disk. No answer
//! is given here before its events are durable.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};

use crate::ingest::PublishError;
use crate::ingest::answer::Desk;
use crate::ingest::intake::Waiting;
use crate::limits;
use crate::log::{Durability, Reader, Syncer};

/// How long a commit may go unnoted in a CHECKPOINT once nothing more is written, and while more is.
const IDLE_UNNOTED: Duration = Duration::from_secs(1);
const BUSY_UNNOTED: Duration = Duration::from_secs(5);

/// The sync thread's share of the way in.
pub struct SyncTask {
    pub(crate) lists: Receiver<Vec<Waiting>>,
    pub(crate) emptied: Sender<Vec<Waiting>>,
    /// Nothing is ever sent here; it is cut off when the writer has ended.
    pub(crate) ended: Receiver<Infallible>,
    pub(crate) durability: Durability,
    pub(crate) committer: Committer,
}

impl SyncTask {
    /// Runs until the writer thread has ended and everything is flushed and acknowledged; then closes the log
    /// cleanly. To be called on a thread of its own.
    pub fn run(mut self) {
        let pause = match self.durability {
            Durability::Commit => Duration::ZERO,
            Durability::Interval { ms } => Duration::from_millis(ms),
            Durability::None => Duration::from_millis(limits::LAZY_SYNC_MS),
        };
        let mut not_before = Instant::now();
        // When the first commit was made that no CHECKPOINT knows of.
        let mut unnoted: Option<Instant> = None;
        loop {
            let idle_max = if unnoted.is_some() { IDLE_UNNOTED } else { Duration::MAX };
            match self.lists.recv_timeout(idle_max) {
                Ok(list) => {
                    self.collect(list);
                    if !pause.is_zero() {
                        // Nobody waits for an answer from here then. Only the writer's end cuts the pause short.
                        let _over = self.ended.recv_deadline(not_before);
                        not_before = Instant::now() + pause;
                    }
                    self.step();
                    if unnoted.get_or_insert_with(Instant::now).elapsed() < BUSY_UNNOTED {
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.committer.note();
            unnoted = None;
        }
        self.committer.close();
    }

    /// One turn at once, whatever the durability: flushes what is written and answers whoever waits for it.
    /// For whoever steps the task by hand instead of giving it a thread.
    pub fn step(&mut self) {
        self.collect_waiting();
        self.committer.turn();
    }

    fn collect_waiting(&mut self) {
        while let Ok(list) = self.lists.try_recv() {
            self.collect(list);
        }
    }

    fn collect(&mut self, mut list: Vec<Waiting>) {
        self.committer.waiting.append(&mut list);
        if list.capacity() > 0 {
            // With enough lists on their way back already, this one is freed.
            let _full = self.emptied.try_send(list);
        }
    }
}

/// The sync thread's work without the thread.
pub(crate) struct Committer {
    syncer: Syncer,
    reader: Reader,
    desk: Desk,
    waiting: Vec<Waiting>,
    failed: bool,
}

impl Committer {
    pub(crate) fn new(syncer: Syncer, reader: Reader, desk: Desk) -> Self {
        Self { syncer, reader, desk, waiting: Vec::new(), failed: false }
    }

    /// Flushes what is written and answers everyone who waits. Whoever waits was written before, so that one
    /// flush is enough; after a failure nothing is flushed any more and nobody can be told the fate of their
    /// events.
    fn turn(&mut self) {
        let shown = self.reader.visible();
        if !self.failed && self.syncer.pending() {
            let synced = self.syncer.sync();
            self.judge(synced.map(|_| ()));
        }
        let durable = self.reader.durable();
        for waiting in self.waiting.drain(..) {
            let stored = waiting.until <= durable;
            let outcome = if stored { Ok(waiting.published) } else { Err(PublishError::CommitUnknown) };
            self.desk.answer(waiting.ticket, outcome);
        }
        if self.reader.visible() == shown {
            self.desk.ring_answered();
        } else {
            self.desk.ring_all();
        }
    }

    /// Notes the commit point for recovery. Nobody waits for it.
    fn note(&mut self) {
        if !self.failed {
            let noted = self.syncer.checkpoint();
            self.judge(noted);
        }
    }

    /// The last turn, and a clean end of the log unless it failed.
    pub(crate) fn close(&mut self) {
        self.turn();
        if !self.failed {
            let closed = self.syncer.close();
            self.judge(closed);
        }
    }

    fn judge(&mut self, outcome: Result<(), crate::log::SyncError>) {
        if let Err(error) = outcome {
            self.failed = true;
            tracing::error!(%error, "written events could not be made durable");
        }
    }
}
