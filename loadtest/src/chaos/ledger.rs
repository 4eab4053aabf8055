//! What happened in a run: every event that was sent, every ack, every delivery. It records and does not
//! judge.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::lives::Moment;
use super::violation::Violation;
use super::world::{Event, Filter, Kind, PaymentStream};

/// Violations kept; more say nothing new.
const VIOLATIONS_MAX: usize = 10_000;

/// An id that a publisher was given for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) tag: u32,
    pub(super) id: u64,
    pub(super) publisher: u32,
}

/// An event as it reached a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) id: u64,
    pub(super) tag: u32,
    /// Which of the subscriber's connections brought it, counted from 1.
    pub(super) connection: u32,
}

/// All that one subscriber saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// Its number and its filter as asked for.
    pub(super) name: String,
    pub(super) filter: Filter,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) connections: u32,
}

/// The shared notebook of publishers and subscribers.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    events: RwLock<Vec<Arc<Event>>>,
    acks: Mutex<Vec<Ack>>,
    violations: Mutex<Vec<Violation>>,
    requests: AtomicU32,
    ends: Mutex<Vec<Moment>>,
    bus_errors: AtomicU32,
    retries: AtomicU64,
    given_up: AtomicU64,
}

impl Ledger {
    /// Notes the events of one request before it is sent, and numbers them. `padding`: bytes that make each longer.
    pub(super) fn publish(&self, drafts: &[(Kind, PaymentStream)], padding: usize) -> Vec<Arc<Event>> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
        let first = events.len();
        for (offset, (kind, stream)) in drafts.iter().enumerate() {
            let tag = u32::try_from(first + offset).unwrap_or(u32::MAX);
            events.push(Arc::new(Event::new(tag, request, *kind, *stream, padding)));
        }
        events[first..].to_vec()
    }

    pub(super) fn event(&self, tag: u32) -> Option<Arc<Event>> {
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        events.get(tag as usize).cloned()
    }

    pub(super) fn events(&self) -> Vec<Arc<Event>> {
        self.events.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn ack(&self, acks: impl IntoIterator<Item = Ack>) {
        lock(&self.acks).extend(acks);
    }

    pub(super) fn acks(&self) -> Vec<Ack> {
        lock(&self.acks).clone()
    }

    pub(super) fn violate(&self, violation: Violation) {
        let mut violations = lock(&self.violations);
        if violations.len() < VIOLATIONS_MAX {
            violations.push(violation);
        }
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        lock(&self.violations).clone()
    }

    /// A request is sent again because its answer was lost or put off.
    pub(super) fn note_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A request whose answer was lost is not sent again: its events may be stored or not.
    pub(super) fn note_given_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// The server was killed, or its power was cut.
    pub(super) fn note_end(&self, moment: Moment) {
        lock(&self.ends).push(moment);
    }

    /// The server died of a page that could not be read, after its disk had died.
    pub(super) fn note_bus_error(&self) {
        self.bus_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn bus_errors(&self) -> u32 {
        self.bus_errors.load(Ordering::Relaxed)
    }

    /// When the server was killed, each time.
    pub(super) fn ends(&self) -> Vec<Moment> {
        lock(&self.ends).clone()
    }

    /// Requests sent, sent again, and given up.
    pub(super) fn requests(&self) -> (u32, u64, u64) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (self.requests.load(Ordering::Relaxed), of(&self.retries), of(&self.given_up))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
