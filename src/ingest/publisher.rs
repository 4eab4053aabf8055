//! The door of the ingest queue: bounded by submissions, by bytes, and by each worker's unanswered requests.
//!
//! Whoever submits never waits: at a bound the submission is refused at once and nothing is kept of it.

use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, TrySendError};

use crate::event::{Identity, NewEvent};
use crate::ingest::Ticket;
use crate::ingest::answer::Desk;
use crate::limits;
use crate::sync::{AtomicUsize, Ordering};
use crate::topic::User;

/// All or nothing: the events of one request.
#[derive(Debug)]
pub struct Submission {
    pub ticket: Ticket,
    pub events: Vec<NewEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full (count or bytes), or the worker has too many requests unanswered: 503, retry later.
    #[error("the queue of events to be written is full")]
    Full,
    /// Shutting down.
    #[error("the server is shutting down")]
    Closed,
}

/// Hands submissions to the writer thread; one clone for each worker. When the last clone is dropped the
/// writer thread finishes what is queued and ends, and the sync thread after it.
#[derive(Clone)]
pub struct Publisher {
    door: Sender<Submission>,
    bytes: Arc<AtomicUsize>,
    desk: Desk,
}

/// The writer thread's end of the queue.
pub(crate) struct Queue {
    submissions: Receiver<Submission>,
    bytes: Arc<AtomicUsize>,
}

impl Publisher {
    /// Makes both ends of the queue; places for answers are reserved on `desk`.
    pub(crate) fn new(desk: Desk) -> (Self, Queue) {
        let (door, submissions) = crossbeam::channel::bounded(limits::INGEST_QUEUE_MAX);
        let bytes = Arc::<AtomicUsize>::default();
        (Self { door, bytes: Arc::clone(&bytes), desk }, Queue { submissions, bytes })
    }

    /// Queues a submission without waiting. It gets exactly one answer, unless this returns an error. To be
    /// called by the worker that the ticket names, and by no other thread.
    ///
    /// # Panics
    /// When the ticket names a worker that does not exist.
    pub fn submit(&self, submission: Submission) -> Result<(), SubmitError> {
        let worker = submission.ticket.worker;
        if !self.desk.reserve(worker) {
            return Err(SubmitError::Full);
        }
        let weight = weight(&submission);
        let before = self.bytes.fetch_add(weight, Ordering::Relaxed);
        let sent = if before.saturating_add(weight) > limits::INGEST_QUEUE_BYTES_MAX {
            Err(SubmitError::Full)
        } else {
            self.door.try_send(submission).map_err(|error| match error {
                TrySendError::Full(_) => SubmitError::Full,
                TrySendError::Disconnected(_) => SubmitError::Closed,
            })
        };
        if sent.is_err() {
            self.bytes.fetch_sub(weight, Ordering::Relaxed);
            self.desk.release(worker);
        }
        sent
    }

    /// Whether a submission of any worker is unanswered, so that the threads of the log have work.
    pub fn is_awaited(&self) -> bool {
        self.desk.is_awaited()
    }
}

impl Queue {
    /// Waits for a submission; `None` when every publisher is gone and nothing is left.
    pub(crate) fn next(&self) -> Option<Submission> {
        self.submissions.recv().ok().inspect(|submission| self.taken(submission))
    }

    /// The next submission if one waits already.
    pub(crate) fn try_next(&self) -> Option<Submission> {
        self.submissions.try_recv().ok().inspect(|submission| self.taken(submission))
    }

    fn taken(&self, submission: &Submission) {
        self.bytes.fetch_sub(weight(submission), Ordering::Relaxed);
    }
}

/// Bytes a submission keeps in memory, but for the allocator's own.
fn weight(submission: &Submission) -> usize {
    let user = |user: &Option<User>| user.as_ref().map_or(0, |user| user.as_str().len());
    let event = |event: &NewEvent| {
        let identity = match &event.identity {
            Identity::None => 0,
            Identity::Key(name) | Identity::Source { source: name, .. } => name.len(),
        };
        let names = event.stream.as_str().len() + user(&event.sender) + user(&event.recipient) + identity;
        size_of::<NewEvent>() + event.data.len() + names
    };
    size_of::<Submission>() + submission.events.iter().map(event).sum::<usize>()
}
