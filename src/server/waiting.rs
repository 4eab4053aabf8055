//! Requests of this worker that wait for another thread's answer, and the future each waits on.
//!
//! Answers come in over the worker's own queue; whoever reads it wakes the request's task. Everything stays on one
//! thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::hub::is_roomy;
use crate::limits;

enum Place<T> {
    Waiting(Option<Waker>),
    Answered(Option<T>),
}

/// The places of waiting requests; a place's key is the token that the answer names.
pub(crate) struct Waiting<T> {
    places: RefCell<Slab<Place<T>>>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { places: RefCell::default() }
    }
}

impl<T> Waiting<T> {
    /// A place for one request, or `None` when as many wait as the writer thread's answer queue holds.
    pub(crate) fn enter(&self) -> Option<Pending<'_, T>> {
        let mut places = self.places.borrow_mut();
        (places.len() < limits::WORKER_IN_FLIGHT_MAX)
            .then(|| Pending { waiting: self, token: places.insert(Place::Waiting(None)) })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.borrow().is_empty()
    }

    /// Gives back the places of a crowd that has been served.
    pub(crate) fn trim(&self) {
        let mut places = self.places.borrow_mut();
        if is_roomy(places.capacity(), places.len()) {
            places.shrink_to_fit();
        }
    }

    /// Gives an answer to its request and wakes it.
    pub(crate) fn settle(&self, token: u64, answer: T) {
        let mut places = self.places.borrow_mut();
        if let Some(place) = places.get_mut(token as usize) {
            let waker = match std::mem::replace(place, Place::Answered(Some(answer))) {
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

/// Resolves to the answer; to `None` where it was given already. Never dropped while its answer is under way: a
/// request's task is not cancelled, and where nothing was submitted no answer comes.
pub(crate) struct Pending<'a, T> {
    waiting: &'a Waiting<T>,
    token: usize,
}

impl<T> Pending<'_, T> {
    pub(crate) fn token(&self) -> u64 {
        self.token as u64
    }
}

impl<T> Future for Pending<'_, T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut places = self.waiting.places.borrow_mut();
        match places.get_mut(self.token) {
            Some(Place::Answered(answer)) => Poll::Ready(answer.take()),
            Some(Place::Waiting(waker)) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Pending<'_, T> {
    fn drop(&mut self) {
        self.waiting.places.borrow_mut().try_remove(self.token);
    }
}
