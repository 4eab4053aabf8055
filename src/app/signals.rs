//! SIGTERM and SIGINT as something to wait for.

use std::io;
use std::time::Duration;

/// How often it is looked whether the server ended on its own.
const LOOK_MS: Duration = Duration::from_millis(200);

/// The two signals, blocked in this thread and all that it starts.
pub(in crate::app) struct Signals {
    set: libc::sigset_t,
}

impl Signals {
    /// To be called before any thread is started.
    #[expect(unsafe_code, reason = "signal masks have no safe wrapper at hand")]
    pub(in crate::app) fn block() -> io::Result<Self> {
        // SAFETY: a signal set is plain integers, for which all zeros is a value.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: `set` is a valid place for the set.
        unsafe { libc::sigemptyset(&raw mut set) };
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // SAFETY: `set` was made empty above.
            unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        // SAFETY: the set is valid; the old mask is not asked for.
        match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
            0 => Ok(Self { set }),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Gives the signals their ordinary meaning back: a second one ends the process at once.
    #[expect(unsafe_code, reason = "signal masks have no safe wrapper at hand")]
    pub(in crate::app) fn release(&self) {
        // SAFETY: the set is valid; the old mask is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const self.set, std::ptr::null_mut()) };
    }

    /// Returns when a signal came, or when `ended` says that there is nothing to wait for.
    #[expect(unsafe_code, reason = "signals have no safe wrapper at hand")]
    pub(in crate::app) fn wait(&self, ended: impl Fn() -> bool) {
        let timeout = libc::timespec { tv_sec: 0, tv_nsec: LOOK_MS.as_nanos() as libc::c_long };
        while !ended() {
            // SAFETY: set and timeout are valid for the call; the signal's details are not asked for.
            let signal =
                unsafe { libc::sigtimedwait(&raw const self.set, std::ptr::null_mut(), &raw const timeout) };
            if signal > 0 {
                return;
            }
        }
    }
}
