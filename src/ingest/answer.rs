//! What comes back to the worker that asked, and the queues it comes back through.
//!
//! A worker's answer queue cannot be full: its place is reserved when a submission is accepted
//! (`Desk::reserve`), every submission gets one answer, and the place is free again when the worker has taken
//! it. So neither the writer nor the sync thread ever waits for a worker, and no answer is dropped. Nothing
//! is decided here.

use std::sync::Arc;

use crossbeam::queue::SegQueue;

use crate::doorbell::Doorbell;
use crate::event::EventId;
use crate::limits;
use crate::sync::{AtomicUsize, Ordering};

/// Names the request that waits: which worker, and a token that the worker chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub worker: usize,
    pub token: u64,
}

/// The fate of one event of a submission, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    pub id: EventId,
    /// A repeat: nothing was stored, `id` is the first event's (of a source: its last stored event's).
    pub duplicate: bool,
}

/// Why a submission was not stored as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// 409: the key was used with other data.
    #[error("the idempotency key was used before with other data, for event {first}")]
    KeyConflict { index: usize, first: EventId },
    /// 409: two events of the submission have one key and different data; `earlier` is the other's index.
    #[error("events {earlier} and {index} of the batch have the same idempotency key and different data")]
    KeyTwice { index: usize, earlier: usize },
    /// 409: a `stream.created` that names other parties than the log (or the batch) knows.
    #[error("this payment stream is known with another {party}")]
    PartiesConflict { index: usize, party: &'static str },
    /// 503: nothing was stored; `reason` is for the client (no path in it).
    #[error("{reason}")]
    Unavailable { reason: String },
    /// 500 `commit_unknown`: the write or its flush failed.
    #[error(
        "writing failed after the event was handed to the log: it may or may not be stored; \
         retry with the same key"
    )]
    CommitUnknown,
    /// 413: an event's frame is too long.
    #[error("event {index} is {bytes} bytes long on the wire; at most {max} are allowed")]
    FrameTooLong { index: usize, bytes: usize, max: usize },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub ticket: Ticket,
    pub outcome: Result<Vec<Published>, PublishError>,
}

/// A worker's end of its answer queue.
pub struct Answers {
    tray: Arc<Tray>,
}

impl Answers {
    /// The next answer, if one waits; never blocks.
    pub fn try_next(&self) -> Option<Answer> {
        let answer = self.tray.queue.pop()?;
        self.tray.reserved.fetch_sub(1, Ordering::Relaxed);
        Some(answer)
    }
}

/// One worker's answers on their way. The queue holds no more than `reserved`.
#[derive(Debug, Default)]
struct Tray {
    reserved: AtomicUsize,
    queue: SegQueue<Answer>,
}

/// The answering end of all workers' queues, with their bells. Each thread has its own clone.
#[derive(Clone)]
pub(crate) struct Desk {
    trays: Vec<Arc<Tray>>,
    bells: Vec<Doorbell>,
    /// Workers with an answer they were not rung for yet.
    answered: Vec<bool>,
}

impl Desk {
    /// `bells`: one for each worker. Returns the workers' ends in the same order.
    pub(crate) fn new(bells: Vec<Doorbell>) -> (Self, Vec<Answers>) {
        let trays: Vec<Arc<Tray>> = bells.iter().map(|_| Arc::default()).collect();
        let answers = trays.iter().map(|tray| Answers { tray: Arc::clone(tray) }).collect();
        (Self { answered: vec![false; bells.len()], trays, bells }, answers)
    }

    /// Takes a place for one answer to `worker`; false when `limits::WORKER_IN_FLIGHT_MAX` are taken.
    pub(crate) fn reserve(&self, worker: usize) -> bool {
        let reserved = &self.trays[worker].reserved;
        // Only the worker itself reserves here, so the look and the step need not be one.
        let free = reserved.load(Ordering::Relaxed) < limits::WORKER_IN_FLIGHT_MAX;
        if free {
            reserved.fetch_add(1, Ordering::Relaxed);
        }
        free
    }

    /// Whether any worker waits for an answer.
    pub(crate) fn is_awaited(&self) -> bool {
        self.trays.iter().any(|tray| tray.reserved.load(Ordering::Relaxed) > 0)
    }

    /// Gives back a place for which no answer will come.
    pub(crate) fn release(&self, worker: usize) {
        self.trays[worker].reserved.fetch_sub(1, Ordering::Relaxed);
    }

    /// Queues an answer; the worker is rung by the next `ring_answered` or `ring_all`.
    pub(crate) fn answer(&mut self, ticket: Ticket, outcome: Result<Vec<Published>, PublishError>) {
        self.trays[ticket.worker].queue.push(Answer { ticket, outcome });
        self.answered[ticket.worker] = true;
    }

    /// Rings each worker that got an answer since the last ring.
    pub(crate) fn ring_answered(&mut self) {
        for (bell, answered) in self.bells.iter().zip(&mut self.answered) {
            if std::mem::take(answered) {
                bell.ring();
            }
        }
    }

    /// Rings every worker: the commit point moved.
    pub(crate) fn ring_all(&mut self) {
        self.answered.fill(true);
        self.ring_answered();
    }
}
