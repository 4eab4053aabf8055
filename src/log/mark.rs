//! One thread's word to all others of how far it has come: everything up to here is there to be read.
//!
//! What was done before a mark was stored is seen by whoever has loaded it. It decides nothing else.

use crate::event::EventId;
use crate::sync::{AtomicU64, Ordering};

/// A mark on a cache line of its own: one thread stores it, all others load it.
#[repr(align(64))]
pub(in crate::log) struct Mark(AtomicU64);

impl Mark {
    pub(in crate::log) fn new(id: EventId) -> Self {
        Self(AtomicU64::new(id.0))
    }

    #[inline]
    pub(in crate::log) fn load(&self) -> EventId {
        EventId(self.0.load(Ordering::Acquire))
    }

    #[inline]
    pub(in crate::log) fn store(&self, id: EventId) {
        self.0.store(id.0, Ordering::Release);
    }
}
