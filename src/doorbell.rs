//! Wakes a worker thread from another thread: an eventfd that is written at most once until it is answered.
//!
//! The bell carries no message. Who is woken looks at the commit point and at its answer queue itself.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::EventfdFlags;

/// One worker's bell; clones ring the same one.
#[derive(Debug, Clone)]
pub struct Doorbell {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rung: AtomicBool,
    eventfd: OwnedFd,
}

impl Doorbell {
    /// Makes a bell. Fails only where the process may open no more files.
    pub fn open() -> std::io::Result<Self> {
        let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { inner: Arc::new(Inner { rung: AtomicBool::new(false), eventfd }) })
    }

    /// Wakes the worker. Costs one atomic when the bell has rung and was not answered yet.
    pub fn ring(&self) {
        if !self.inner.rung.swap(true, Ordering::AcqRel) {
            // A full counter means that it rings already; no other error is possible on an open eventfd.
            let _full = rustix::io::write(&self.inner.eventfd, &1u64.to_ne_bytes());
        }
    }

    /// Called by the woken worker **before** it looks for work: what is rung after this rings anew.
    pub fn answer(&self) {
        let mut count = [0; 8];
        let _empty = rustix::io::read(&self.inner.eventfd, &mut count);
        self.inner.rung.swap(false, Ordering::AcqRel);
    }

    /// The eventfd, to be polled for readability.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.inner.eventfd.as_fd()
    }
}
