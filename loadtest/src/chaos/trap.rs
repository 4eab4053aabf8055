//! A blow that waits for an answer: set by the run, struck by whichever publisher is answered next, so that the server
//! dies, or its power goes, within microseconds of a promise it has just made. Random moments alone seldom fall between
//! an early ack and its write.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Signal, pidfd_send_signal};

use super::cutting;

/// What is done to the server, by a descriptor: a number could name another process by the time it is used.
#[derive(Debug)]
pub(super) enum Blow {
    Kill(OwnedFd),
    /// Something in the file system that is cut off.
    CutPower(File),
}

impl Blow {
    /// The server may have ended by itself, which the run notices.
    pub(super) fn strike(self) {
        match self {
            Self::Kill(process) => {
                let _gone = pidfd_send_signal(process, Signal::KILL);
            }
            Self::CutPower(place) => {
                let _cut_already = cutting::cut(&place);
            }
        }
    }
}

/// The blow for the next ack; none at first.
#[derive(Debug, Default)]
pub(super) struct Trap {
    /// Whether there is one, for a cheap look.
    set: AtomicBool,
    blow: Mutex<Option<Blow>>,
}

impl Trap {
    pub(super) fn set(&self, blow: Blow) {
        *self.lock() = Some(blow);
        self.set.store(true, Ordering::Release);
    }

    /// Strikes if the trap is set.
    pub(super) fn spring(&self) {
        if !self.is_set() {
            return;
        }
        let blow = self.lock().take();
        if let Some(blow) = blow {
            blow.strike();
        }
        self.set.store(false, Ordering::Release);
    }

    /// The blow, if it was not struck.
    pub(super) fn take_back(&self) -> Option<Blow> {
        self.set.store(false, Ordering::Release);
        self.lock().take()
    }

    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Blow>> {
        self.blow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
