//! The writer thread's work without the thread: submissions in, one write, tickets out.
//!
//! `take` any number of submissions, then `finish` the turn. It reads no clock and never waits but for the
//! sync thread when that has `limits::WRITES_UNSYNCED_MAX` writes before it.

use std::convert::Infallible;

use crossbeam::channel::{Receiver, Sender};

use crate::event::EventId;
use crate::ingest::answer::Desk;
use crate::ingest::memory::Memory;
use crate::ingest::plan::Plan;
use crate::ingest::{PublishError, Published, Submission, Ticket};
use crate::limits;
use crate::log::{Durability, Flags, Reader, Record, WriteError, Writer};

/// Why a log that failed takes nothing; for clients.
const FAILED: &str = "the event log has failed and takes no events until the server is restarted";
/// Why nothing is taken while no segment is ready; for clients.
const NO_ROOM: &str = "the event log has no room for more events at the moment; retry later";

/// Why nothing is taken while the disk is under its floor; for clients.
const DISK_FULL: &str = "the disk of the event log is full; nothing was stored, retry later";

/// How far the clock may be behind the last event's time before that is said.
const CLOCK_BEHIND_MS_MAX: u64 = 60_000;

/// A submission that is stored once `until` is.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket,
    pub(crate) until: EventId,
    pub(crate) published: Vec<Published>,
}

/// The writer's end of the way to the sync thread: one list for each write, and the emptied lists back.
pub(crate) struct ToSync {
    pub(crate) lists: Sender<Vec<Waiting>>,
    pub(crate) emptied: Receiver<Vec<Waiting>>,
    /// Dropped with the rest, by which the sync thread learns of the writer's end even while it does not look
    /// at lists.
    pub(crate) _ended: Sender<Infallible>,
}

/// Everything the writer thread owns.
pub(crate) struct Intake {
    log: Writer,
    reader: Reader,
    durability: Durability,
    memory: Memory,
    plan: Plan,
    desk: Desk,
    to_sync: ToSync,
    turn: Turn,
    /// A write failed: the memory holds events that may not be stored, so nothing more is decided by it.
    failed: bool,
    /// The clock was found far behind the log's times, and that was said.
    clock_behind: bool,
}

/// What one turn has done so far.
#[derive(Default)]
struct Turn {
    waiting: Vec<Waiting>,
    /// The first kept event as it was when the turn began; of no meaning while `events` is 0.
    earliest: EventId,
    /// Events looked at, and bytes of frames staged.
    events: usize,
    frame_bytes: usize,
}

impl Intake {
    pub(crate) fn new(
        log: Writer,
        reader: Reader,
        durability: Durability,
        memory: Memory,
        desk: Desk,
        to_sync: ToSync,
    ) -> Self {
        let plan = Plan::new(crate::topic::TopicHasher::new(reader.hash_key()));
        let (turn, failed, clock_behind) = (Turn::default(), false, false);
        Self { log, reader, durability, memory, plan, desk, to_sync, turn, failed, clock_behind }
    }

    /// Whether the turn should be finished before another submission is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.turn.events >= limits::BATCH_EVENTS_MAX || self.turn.frame_bytes >= limits::WRITE_BYTES_MAX
    }

    /// Decides one submission and stages what is new of it. `now_ms`: unix milliseconds.
    pub(crate) fn take(&mut self, submission: &Submission, now_ms: u64) {
        if self.turn.events == 0 {
            self.turn.earliest = self.reader.earliest();
            self.memory.keys.forget_before(self.turn.earliest);
            self.compare_clocks(now_ms);
        }
        self.turn.events += submission.events.len().max(1);
        match self.stage(submission, now_ms) {
            Ok(waiting) => self.turn.waiting.push(waiting),
            Err(error) => self.desk.answer(submission.ticket, Err(error)),
        }
    }

    /// Writes what was staged, and sees to it that everyone who waits is answered.
    pub(crate) fn finish(&mut self) {
        let staged = self.turn.frame_bytes > 0;
        let failed = staged && self.flush_failed();
        self.turn.events = 0;
        self.turn.frame_bytes = 0;
        if failed {
            for waiting in self.turn.waiting.drain(..) {
                self.desk.answer(waiting.ticket, Err(PublishError::CommitUnknown));
            }
        } else {
            // With `Commit` these are repeats of durable events; who waits for more is the sync thread's.
            let commit = self.durability == Durability::Commit;
            self.answer_until(if commit { self.reader.durable() } else { self.reader.written() });
        }
        if staged && self.durability == Durability::None {
            self.desk.ring_all();
        } else {
            self.desk.ring_answered();
        }
        self.hand_over(staged);
    }

    fn compare_clocks(&mut self, now_ms: u64) {
        let behind_ms = self.log.time_ms().saturating_sub(now_ms);
        let was_behind = std::mem::replace(&mut self.clock_behind, behind_ms > CLOCK_BEHIND_MS_MAX);
        if self.clock_behind && !was_behind {
            tracing::warn!(
                behind_ms,
                "the clock is behind the last event's time; new events get that time until it has caught up"
            );
        }
    }

    fn stage(&mut self, submission: &Submission, now_ms: u64) -> Result<Waiting, PublishError> {
        if self.failed || self.reader.poisoned().is_some() {
            return Err(PublishError::Unavailable { reason: FAILED.into() });
        }
        let (next, earliest) = (self.log.next_id(), self.turn.earliest);
        let promise = self.plan.make(&self.memory, &submission.events, next, earliest)?;
        if let Some(last) = self.plan.rows.len().checked_sub(1) {
            let frame_bytes = self.plan.frames.len();
            if self.turn.frame_bytes > 0 && self.log.must_wait(self.plan.rows.len(), frame_bytes) {
                // Who came before does not wait for the next segment.
                self.finish();
                self.turn.events = submission.events.len().max(1);
            }
            self.log.begin(self.plan.rows.len(), frame_bytes, now_ms).map_err(refusal)?;
            self.push_rows(last);
            self.turn.frame_bytes += frame_bytes;
        }
        Ok(Waiting { ticket: submission.ticket, until: promise.until, published: promise.published })
    }

    /// Hands the planned rows to the log, and to the memory. From here on the submission is the log's.
    fn push_rows(&mut self, last: usize) {
        let mut rest = self.plan.frames.as_slice();
        for (place, row) in self.plan.rows.iter().enumerate() {
            let (frame, after) = rest.split_at(row.frame_bytes);
            rest = after;
            let stored = row.stored;
            let more = if place == last { 0 } else { Flags::BATCH_MORE };
            let positioned = if stored.positioned { Flags::POSITIONED } else { 0 };
            let record = Record {
                stream: stored.stream,
                sender: stored.parties.sender,
                recipient: stored.parties.recipient,
                key: stored.key,
                aux: stored.aux,
                flags: more | positioned,
                kind: stored.kind,
                payload_offset: row.payload_offset,
                frame,
            };
            self.log.push(stored.id, record);
            self.memory.observe(stored);
        }
    }

    fn flush_failed(&mut self) -> bool {
        if let Err(error) = self.log.flush() {
            tracing::error!(%error, "events could not be written");
            self.failed = true;
        }
        self.failed
    }

    /// Answers everyone who waits for `reached` or less.
    fn answer_until(&mut self, reached: EventId) {
        let desk = &mut self.desk;
        for waiting in self.turn.waiting.extract_if(.., |waiting| waiting.until <= reached) {
            desk.answer(waiting.ticket, Ok(waiting.published));
        }
    }

    /// Gives the sync thread who still waits. `written`: there is something to flush even if nobody waits.
    fn hand_over(&mut self, written: bool) {
        if self.turn.waiting.is_empty() {
            if written {
                // Full means that the sync thread is about to look anyway.
                let _full = self.to_sync.lists.try_send(Vec::new());
            }
            return;
        }
        let empty = self.to_sync.emptied.try_recv().unwrap_or_default();
        let list = std::mem::replace(&mut self.turn.waiting, empty);
        if let Err(unsent) = self.to_sync.lists.send(list) {
            // The sync thread is gone, so nothing can become durable any more.
            for waiting in unsent.0 {
                self.desk.answer(waiting.ticket, Err(PublishError::CommitUnknown));
            }
            self.desk.ring_answered();
        }
    }
}

fn refusal(error: WriteError) -> PublishError {
    let reason = match error {
        WriteError::NoSegment { .. } => NO_ROOM,
        WriteError::DiskFull => DISK_FULL,
        WriteError::Poisoned { .. } => FAILED,
    };
    PublishError::Unavailable { reason: reason.into() }
}
