//! The slow look at what nobody reads, and the words about what is damaged, whoever has met it.

use crate::app::upkeep::{Duty, duty};
use crate::clock;
use crate::log::{Fault, Scrubbed, Scrubber};

/// Milliseconds of reading that are made up for after a pause.
const LATE_MS: u64 = 2000;

/// Reads at most `bytes_per_second`; 0 tells what readers meet and reads nothing itself.
pub(in crate::app) fn scrubbing(mut scrubber: Scrubber, bytes_per_second: u64) -> Duty {
    let mut last_ms = clock::monotonic_ms();
    duty("scrubbing", move |_| {
        let now_ms = clock::monotonic_ms();
        let budget = bytes_per_second * (now_ms - last_ms).min(LATE_MS) / 1000;
        last_ms = now_ms;
        report(&scrubber.turn(now_ms, budget));
        Ok(())
    })
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
