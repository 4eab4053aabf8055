//! SIGTERM, SIGINT and SIGHUP as something to wait for. What follows from each is the caller's.

use std::io;
use std::time::Duration;

/// How often it is looked whether the server ended on its own.
const LOOK_MS: Duration = Duration::from_millis(200);

/// Why waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Reason {
    /// SIGTERM or SIGINT, or there is nothing to wait for any more.
    End,
    /// SIGHUP: read the keys again.
    Reload,
}

/// The signals, blocked in this thread and all that it starts.
pub(in crate::app) struct Signals {
    all: libc::sigset_t,
    ending: libc::sigset_t,
}

impl Signals {
    /// To be called before any thread is started.
    #[expect(unsafe_code, reason = "signal masks have no safe wrapper at hand")]
    pub(in crate::app) fn block() -> io::Result<Self> {
        let all = set_of(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP]);
        let ending = set_of(&[libc::SIGTERM, libc::SIGINT]);
        // SAFETY: the set is valid; the old mask is not asked for.
        match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut()) } {
            0 => Ok(Self { all, ending }),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Gives the signals that end their ordinary meaning back: a second one ends the process at once. A reload that
    /// comes too late is nothing, so SIGHUP stays blocked.
    #[expect(unsafe_code, reason = "signal masks have no safe wrapper at hand")]
    pub(in crate::app) fn release(&self) {
        // SAFETY: the set is valid; the old mask is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const self.ending, std::ptr::null_mut()) };
    }

    /// Returns when a signal came, or when `ended` says that there is nothing to wait for.
    #[expect(unsafe_code, reason = "signals have no safe wrapper at hand")]
    pub(in crate::app) fn wait(&self, ended: impl Fn() -> bool) -> Reason {
        let timeout = libc::timespec { tv_sec: 0, tv_nsec: LOOK_MS.as_nanos() as libc::c_long };
        while !ended() {
            // SAFETY: set and timeout are valid for the call; the signal's details are not asked for.
            let signal =
                unsafe { libc::sigtimedwait(&raw const self.all, std::ptr::null_mut(), &raw const timeout) };
            match signal {
                libc::SIGHUP => return Reason::Reload,
                signal if signal > 0 => return Reason::End,
                _ => {}
            }
        }
        Reason::End
    }
}

#[expect(unsafe_code, reason = "signal masks have no safe wrapper at hand")]
fn set_of(signals: &[libc::c_int]) -> libc::sigset_t {
    // SAFETY: a signal set is plain integers, for which all zeros is a value.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is a valid place for the set.
    unsafe { libc::sigemptyset(&raw mut set) };
    for &signal in signals {
        // SAFETY: `set` was made empty above.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    set
}
