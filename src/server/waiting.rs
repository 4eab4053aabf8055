//! Requests of this worker that wait for the writer thread, and the future each waits on.
//!
//! Answers come in over the worker's own queue; whoever reads it wakes the request's task. Everything stays on one
//! thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::ingest::{Answer, PublishError, Published};
use crate::limits;

type Outcome = Result<Vec<Published>, PublishError>;

enum Place {
    Waiting(Option<Waker>),
    Answered(Outcome),
}

/// The places of waiting requests; a place's key is the ticket's token.
#[derive(Default)]
pub(crate) struct Waiting {
    places: RefCell<Slab<Place>>,
}

impl Waiting {
    /// A place for one request, or `None` when as many wait as the answer queue holds.
    pub(crate) fn enter(&self) -> Option<Pending<'_>> {
        let mut places = self.places.borrow_mut();
        (places.len() < limits::WORKER_IN_FLIGHT_MAX)
            .then(|| Pending { waiting: self, token: places.insert(Place::Waiting(None)) })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.borrow().is_empty()
    }

    /// Gives an answer to its request and wakes it.
    pub(crate) fn settle(&self, answer: Answer) {
        let mut places = self.places.borrow_mut();
        if let Some(place) = places.get_mut(answer.ticket.token as usize) {
            let waker = match std::mem::replace(place, Place::Answered(answer.outcome)) {
                Place::Waiting(waker) => waker,
                Place::Answered(_) => None,
            };
            drop(places);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Resolves to the answer. Never dropped while its answer is under way: a request's task is not cancelled, and where
/// nothing was submitted no answer comes.
pub(crate) struct Pending<'a> {
    waiting: &'a Waiting,
    token: usize,
}

impl Pending<'_> {
    pub(crate) fn token(&self) -> u64 {
        self.token as u64
    }
}

impl Future for Pending<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut places = self.waiting.places.borrow_mut();
        match places.get_mut(self.token) {
            Some(Place::Answered(outcome)) => {
                let gone = Err(PublishError::CommitUnknown);
                Poll::Ready(std::mem::replace(outcome, gone))
            }
            Some(Place::Waiting(waker)) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(Err(PublishError::CommitUnknown)),
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.waiting.places.borrow_mut().try_remove(self.token);
    }
}
