//! What is said about snapshots at the start, and the duty of taking them.
//!
//! When one is due is not decided here.

use crate::app::upkeep::{Duty, duty};
use crate::clock;
use crate::ingest::{Ingest, Snapshotter};

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

/// Takes snapshots when they are due.
pub(in crate::app) fn taking(mut snapshotter: Snapshotter) -> Duty {
    // Between two tries of one that failed there is nothing new to tell.
    let mut failure: Option<String> = None;
    duty("snapshot of parties, idempotency keys and sources", move |now_ms| {
        let began_ms = clock::monotonic_ms();
        let taken = snapshotter.turn(now_ms).inspect_err(|error| failure = Some(error.to_string()))?;
        if let Some(taken) = taken {
            failure = None;
            tracing::debug!(
                through = taken.through.0,
                events = taken.events,
                bytes = taken.bytes,
                took_ms = clock::monotonic_ms().saturating_sub(began_ms),
                "took a snapshot of parties, idempotency keys and sources"
            );
        }
        failure.clone().map_or(Ok(()), |failure| Err(failure.into()))
    })
}
