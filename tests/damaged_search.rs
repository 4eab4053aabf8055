//! A filter's search from far back comes to an entry that the disk has changed: the subscriber is told of exactly that
//! event and gets all others, whether the events are found by a sidecar or by looking at entries.
//!
//! More events than a worker looks at by itself lie behind the damage, so that the search is the pager's.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use simd_json::prelude::*;
use support::{
    Server, Subscription, created, data_directory, data_of, get, publish, publish_lines, topped_up, until,
};

const EVENTS: usize = 8 * 4096 + 1;
const DAMAGED: u64 = 100;
const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--min-free-bytes", "0"];

/// Changes the hash of the payment stream in the event's entry, as docs/log-format.md says where it lies.
fn damage(segment: &Path) {
    let file = File::options().read(true).write(true).open(segment).unwrap();
    let at = file.metadata().unwrap().len() - 65_536 - 64 * DAMAGED;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

fn check(has_sidecar: bool) {
    let directory = data_directory();
    let server = Server::start(directory.path(), FLAGS);
    publish(server.address, &created("7", "GA", "GB"));
    let batch = vec![topped_up("7", "1"); 4096];
    for _ in 0..8 {
        assert_eq!(publish_lines(server.address, &batch).status, 201);
    }
    let segment = directory.path().join("data/seg/00000000000000000001.seg");
    let sidecar = segment.with_extension("idx");
    until("the first segment has its sidecar", || sidecar.exists().then_some(()));
    assert!(server.terminate().success());
    damage(&segment);
    if !has_sidecar {
        std::fs::remove_file(&sidecar).unwrap();
    }
    let server = Server::start(directory.path(), FLAGS);
    let mut subscriber = Subscription::resume(server.address, "/events/subscribe?streams=7", "1");
    subscriber.greeting();
    let before: Vec<String> = (2..DAMAGED).map(|id| id.to_string()).collect();
    assert_eq!(subscriber.ids(before.len()), before, "sidecar: {has_sidecar}");
    let gap = data_of(&subscriber.named("gap"));
    assert_eq!(gap["missed"].as_u64(), Some(1), "sidecar: {has_sidecar}: {gap:?}");
    let after: Vec<String> = (DAMAGED + 1..=EVENTS as u64).map(|id| id.to_string()).collect();
    assert_eq!(subscriber.ids(after.len()), after, "sidecar: {has_sidecar}");
    let page = get(server.address, "/events?streams=7&after=1&limit=1000").json();
    assert_eq!(
        page["lastEventId"].as_str(),
        Some("99"),
        "the page ends before the damage: {:?}",
        page["gap"]
    );
    let page = get(server.address, "/events?streams=7&after=99&limit=10").json();
    let first = &page["events"].as_array().unwrap()[0];
    assert_eq!((page["gap"]["missed"].as_u64(), first["id"].as_str()), (Some(1), Some("101")));
}

#[test]
fn found_by_a_sidecar() {
    check(true);
}

#[test]
fn found_by_looking_at_entries() {
    check(false);
}
