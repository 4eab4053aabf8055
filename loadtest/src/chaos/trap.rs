//! A kill that waits for an answer: set by the run, sprung by whichever publisher is answered next, so that the server
//! dies within microseconds of a promise it has just made. Random moments alone seldom fall between an early ack and
//! its write.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Signal, pidfd_send_signal};

/// The process to be killed at the next ack; none at first.
#[derive(Debug, Default)]
pub(super) struct Trap {
    /// Whether there is a process, for a cheap look.
    set: AtomicBool,
    /// A descriptor rather than a number, which could name another process by the time it is used.
    process: Mutex<Option<OwnedFd>>,
}

impl Trap {
    pub(super) fn set(&self, process: OwnedFd) {
        self.replace(Some(process));
        self.set.store(true, Ordering::Release);
    }

    /// Kills the process if the trap is set.
    pub(super) fn spring(&self) {
        if !self.is_set() {
            return;
        }
        if let Some(process) = self.replace(None) {
            // It may have ended by itself, which the run notices.
            let _gone = pidfd_send_signal(process, Signal::KILL);
        }
    }

    pub(super) fn take_back(&self) {
        self.replace(None);
    }

    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    fn replace(&self, process: Option<OwnedFd>) -> Option<OwnedFd> {
        self.set.store(false, Ordering::Release);
        std::mem::replace(&mut *self.process.lock().unwrap_or_else(PoisonError::into_inner), process)
    }
}
