//! The real binary's calls for publishing: one write of frames, one of entries and one flush for a request, however
//! many events it has; and fewer flushes than requests where many wait.

use crate::crowd::Crowd;
use crate::support::{Server, data_directory};
use crate::trace::{Traced, Tracing, possible};

const FLAGS: [&str; 4] = ["--workers", "1", "--heartbeat-ms", "60000"];

/// The calls while `publishers` send `requests` of `batch` events each, each waiting for its answers.
fn calls(publishers: usize, requests: usize, batch: usize) -> Option<Traced> {
    let directory = data_directory();
    if !possible(directory.path()) {
        return None;
    }
    let server = Server::start(directory.path(), &FLAGS);
    let mut crowds: Vec<_> = (0..publishers).map(|_| Crowd::gather(server.address, 0)).collect();
    crowds.iter_mut().for_each(|crowd| (0..4).for_each(|_| crowd.batch(batch)));
    let tracing = Tracing::attach(&server, directory.path());
    std::thread::scope(|scope| {
        for crowd in &mut crowds {
            scope.spawn(move || (0..requests).for_each(|_| crowd.batch(batch)));
        }
    });
    Some(tracing.end(server))
}

#[test]
fn a_request_is_two_writes_and_one_flush() {
    const REQUESTS: usize = 40;
    for batch in [1, 64] {
        let Some(Traced { threads, spare }) = calls(1, REQUESTS, batch) else { return };
        let bounds = [
            ("tw-writer", "pwrite64", 2),
            ("tw-sync", "fdatasync", 1),
            // The worker's bell, and where it is asleep that is all.
            ("tw-sync", "write", 1),
            // The request, and that there is no other yet.
            ("tw-worker-0", "recvfrom", 2),
            ("tw-worker-0", "sendto", 1),
            ("tw-worker-0", "read", 1),
            ("tw-worker-0", "io_uring_enter", 3),
        ];
        for (thread, name, most) in bounds {
            let count = threads[thread].count(name);
            // A checkpoint and a segment that is full are not the requests', nor is what comes with time.
            let spare = if name == "io_uring_enter" { spare } else { REQUESTS / 8 };
            let summary = threads[thread].summary();
            let of = format!("of {thread} for {REQUESTS} requests of {batch}");
            assert!(count <= most * REQUESTS + spare, "{count} {name} {of}: {summary:?}");
        }
        assert!(threads["tw-writer"].count("pwrite64") >= REQUESTS, "the writes are seen");
        assert!(threads["tw-sync"].count("fdatasync") >= REQUESTS, "the flushes are seen");
    }
}

#[test]
fn requests_that_wait_share_a_flush() {
    const PUBLISHERS: usize = 16;
    const REQUESTS: usize = 20;
    let Some(Traced { threads, .. }) = calls(PUBLISHERS, REQUESTS, 1) else { return };
    let (writes, flushes) = (threads["tw-writer"].count("pwrite64"), threads["tw-sync"].count("fdatasync"));
    // Each by itself would be as many flushes as requests. How many share a write is the scheduler's.
    assert!(flushes <= PUBLISHERS * REQUESTS / 2, "{flushes} flushes");
    assert!(writes <= 2 * PUBLISHERS * REQUESTS, "{writes} writes");
}
