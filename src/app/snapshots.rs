//! What is said about snapshots at the start, and the thread that takes them.
//!
//! When one is due is not decided here.

use std::time::Duration;

use crate::app::{StartError, threads};
use crate::clock;
use crate::ingest::{Ingest, Snapshotter};

/// How often it is asked whether one is due.
const PERIOD: Duration = Duration::from_secs(2);

/// Opens the way in and says what it has brought back.
pub(in crate::app) fn loaded(open: impl FnOnce() -> Ingest) -> Ingest {
    let began_ms = clock::monotonic_ms();
    let ingest = open();
    let found = &ingest.remembered;
    tracing::info!(
        snapshot = found.snapshot.0,
        events_since = found.events,
        payment_streams = found.payment_streams,
        keys = found.keys,
        sources = found.sources,
        took_ms = clock::monotonic_ms().saturating_sub(began_ms),
        "parties, idempotency keys and sources are known"
    );
    ingest
}

/// Takes snapshots as long as the process lives. Nobody waits for the thread: one that is cut off leaves the snapshot
/// before.
pub(in crate::app) fn spawn(mut snapshotter: Snapshotter) -> Result<(), StartError> {
    let _never_joined = threads::spawn("tw-upkeep", move || {
        loop {
            turn(&mut snapshotter);
            std::thread::sleep(PERIOD);
        }
    })?;
    Ok(())
}

fn turn(snapshotter: &mut Snapshotter) {
    let began_ms = clock::monotonic_ms();
    match snapshotter.turn(clock::unix_ms()) {
        Ok(None) => {}
        Ok(Some(taken)) => tracing::debug!(
            through = taken.through.0,
            events = taken.events,
            bytes = taken.bytes,
            took_ms = clock::monotonic_ms().saturating_sub(began_ms),
            "took a snapshot of parties, idempotency keys and sources"
        ),
        Err(error) => tracing::warn!(
            %error,
            "no snapshot of parties, idempotency keys and sources could be taken: the one before stands, and the next \
             start reads more of the log; tried again in a minute"
        ),
    }
}
