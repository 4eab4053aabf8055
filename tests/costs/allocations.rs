//! The whole server in steady state: what an event allocates on its way in, and that delivering it allocates nothing,
//! which shows in a thousand subscribers costing what ten do.

use std::time::{Duration, Instant};

use crate::counting::Allocated;
use crate::crowd::Crowd;
use crate::engine::{Engine, Readings};
use crate::support::data_directory;

const WARM_UP: usize = 8;
const EVENTS: usize = 48;
/// Where a worker that yields between chunks has a busy machine for a neighbour, an event to a thousand takes long.
const EVENTS_TO_MANY: usize = 12;

/// What this many requests of `batch` events each allocate with this many subscribers, after a warm-up; and how
/// long that took.
fn readings(subscribers: usize, requests: usize, batch: usize) -> (Readings, Duration) {
    let directory = data_directory();
    let engine = Engine::start(directory.path());
    let mut crowd = Crowd::gather(engine.address, subscribers);
    (0..WARM_UP).for_each(|_| crowd.batch(batch));
    let (before, began) = (engine.readings(), Instant::now());
    (0..requests).for_each(|_| crowd.batch(batch));
    let readings = (engine.since(&before), began.elapsed());
    // The engine outlives the test: its directory is left to it.
    std::mem::forget(directory);
    readings
}

#[test]
fn a_thousand_subscribers_allocate_what_ten_do() {
    let ((few, _), (many, took)) = (readings(10, EVENTS_TO_MANY, 1), readings(1000, EVENTS_TO_MANY, 1));
    let deliveries = (EVENTS_TO_MANY * (1000 - 10)) as u64;
    // What comes with time is more the longer it takes: a tick of a tenth of a second allocates a few times. A chunk
    // of 32 deliveries has no allocation to spare.
    let spare = deliveries / 32 / 4 + took.as_millis() as u64 / 10;
    for ((thread, few), (_, many)) in few.into_iter().zip(many) {
        let calls = (few.calls, many.calls);
        assert!(calls.1 <= calls.0 + spare, "{thread}: {calls:?} allocations with 10 and 1000 subscribers");
    }
}

/// Allocations and bytes of each thread for one request.
#[test]
fn publishing_allocates_within_bounds() {
    for (batch, bounds) in [
        (1, [("worker", 29, 5000), ("writer", 1, 32), ("sync", 0, 64)]),
        (64, [("worker", 159, 37_000), ("writer", 1, 1100), ("sync", 0, 64)]),
    ] {
        let (readings, took) = readings(2, EVENTS, batch);
        for ((thread, Allocated { calls, bytes }), (_, calls_max, bytes_max)) in
            readings.into_iter().zip(bounds)
        {
            // A little comes with time and with tables that grow.
            let spare = EVENTS as u64 / 4 + took.as_millis() as u64 / 10;
            let of = format!("of {thread} for {EVENTS} requests of {batch}");
            assert!(calls <= calls_max * EVENTS as u64 + spare, "{calls} allocations {of}");
            assert!(bytes <= bytes_max * EVENTS as u64 + spare * 512, "{bytes} bytes {of}");
        }
    }
}
