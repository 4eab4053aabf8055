//! The bell: an eventfd that is written at most once until the worker answers.
//!
//! It holds the one rule by which no ring is lost; the eventfd itself is next door.

use std::sync::Arc;

use crate::doorbell::Eventfd;
use crate::sync::{AtomicBool, Ordering};

/// One worker's bell; clones ring the same one.
#[derive(Debug, Clone)]
pub struct Doorbell {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rung: AtomicBool,
    eventfd: Eventfd,
}

impl Doorbell {
    /// Makes a bell. Fails only where the process may open no more files.
    pub fn open() -> std::io::Result<Self> {
        let eventfd = Eventfd::open()?;
        Ok(Self { inner: Arc::new(Inner { rung: AtomicBool::new(false), eventfd }) })
    }

    /// Wakes the worker. Costs one atomic when the bell has rung and was not answered yet. The worker sees what
    /// was done before this, whether or not this was the ring that woke it.
    pub fn ring(&self) {
        if !self.inner.rung.swap(true, Ordering::AcqRel) {
            self.inner.eventfd.raise();
        }
    }

    /// Called by the woken worker **before** it looks for work: what is rung after this rings anew.
    pub fn answer(&self) {
        // Lowered first: the other way round, a ring between the two would be lowered as well but leave `rung` set,
        // and no later one would raise it again.
        self.inner.eventfd.lower();
        self.inner.rung.swap(false, Ordering::AcqRel);
    }

    /// What is to be polled for readability.
    pub fn eventfd(&self) -> &Eventfd {
        &self.inner.eventfd
    }
}
