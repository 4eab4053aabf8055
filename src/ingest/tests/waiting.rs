//! A submission that has to wait for the next segment. Setup: a log of small segments whose preparer never
//! runs, and a writer that does not really wait.

use std::sync::Arc;
use std::time::Duration;

use crate::doorbell::Doorbell;
use crate::ingest::tests::rig::{NOW_MS, dir};
use crate::ingest::tests::support::withdrawn;
use crate::ingest::{Submission, Ticket};
use crate::log::{Durability, LogOptions, RealDisk};

#[test]
fn those_before_it_are_answered_first() {
    let dir = dir();
    let durability = Durability::None;
    let options = LogOptions { segment_bytes: 128 * 1024, durability, new_epoch: false, accept_gap: false };
    let disk = Arc::new(RealDisk::open(dir.path()).unwrap());
    let snapshot = crate::ingest::Snapshot::read(disk.clone(), 10);
    let mut log = crate::log::open(disk, options, NOW_MS).unwrap();
    log.writer.set_spare_wait(Duration::ZERO);
    let parts = (log.writer, log.syncer, log.reader);
    let mut ingest = crate::ingest::open(parts, durability, vec![Doorbell::open().unwrap()], snapshot);
    let data = "x".repeat(40_000);
    for token in 1..=2 {
        let ticket = Ticket { worker: 0, token };
        let events = vec![withdrawn("7").data(&data)];
        ingest.publisher.submit(Submission { ticket, events }).unwrap();
    }
    assert!(ingest.writer.step(NOW_MS) && !ingest.writer.step(NOW_MS), "both are of one turn");
    let answers: Vec<_> = std::iter::from_fn(|| ingest.answers[0].try_next()).collect();
    let fates: Vec<_> = answers.iter().map(|answer| (answer.ticket.token, answer.outcome.is_ok())).collect();
    assert_eq!(fates, [(1, true), (2, false)]);
}
