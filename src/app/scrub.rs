//! The thread that looks slowly at what nobody reads, and tells what is damaged, whoever has met it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::{StartError, threads};
use crate::clock;
use crate::log::{Fault, Scrubbed, Scrubber};

/// How often it reads a little.
const TICK: Duration = Duration::from_millis(250);
/// Milliseconds of reading that are made up for after a pause.
const LATE_MS: u64 = 1000;

/// The thread, while it runs.
pub(in crate::app) struct Scrubbing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Scrubbing {
    /// `bytes_per_second`: 0 tells what readers meet and reads nothing itself.
    pub(in crate::app) fn start(mut scrubber: Scrubber, bytes_per_second: u64) -> Result<Self, StartError> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = threads::spawn("tw-scrub", move || {
            let mut last_ms = clock::monotonic_ms();
            while !stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(TICK);
                let now_ms = clock::monotonic_ms();
                let budget = bytes_per_second * (now_ms - last_ms).min(LATE_MS) / 1000;
                last_ms = now_ms;
                report(&scrubber.turn(now_ms, budget));
            }
        })?;
        Ok(Self { stop, thread })
    }

    pub(in crate::app) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it within a tick.
    pub(in crate::app) fn end(self) -> Result<(), StartError> {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().map_err(|_| StartError::Thread)
    }
}

fn report(done: &Scrubbed) {
    for Fault { file, event, offset, .. } in &done.faults {
        tracing::error!(
            file,
            first_event = event.map(|event| event.0),
            offset,
            "stored bytes are not what was written: what is damaged is announced to subscribers as a gap. Restore the \
             file from a backup, or stop the server and run `tailwire log repair`"
        );
    }
    if done.finished {
        tracing::debug!("the log was scrubbed to its end");
    }
}
