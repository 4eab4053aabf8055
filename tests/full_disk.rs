//! A disk that fills up under load, on a real file system: publishers are refused for the moment, subscribers
//! get all that is durable, room brings publishing back without a restart, and the log holds exactly what
//! was acknowledged, before and after a restart.
//!
//! Needs root, for a file system of its own; says loudly when it is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::net::SocketAddr;
use std::path::Path;

use simd_json::prelude::*;
use support::{
    Amounts, Publishers, Readers, Server, SmallDisk, Subscription, get, history, publish, topped_up, until,
};

const PUBLISHERS: usize = 4;
const MIB: u64 = 1 << 20;
/// Refusals after which the disk counts as full for the publishers.
const REFUSALS: usize = 50;

fn ready(address: SocketAddr) -> (u16, String) {
    let answer = get(address, "/ready");
    let json = answer.json();
    let error = json.get("error").and_then(|error| error.as_str()).unwrap_or_default().to_owned();
    (answer.status, error)
}

/// A subscriber to everything from the first event on.
fn follower(address: SocketAddr) -> Subscription {
    let mut subscription = Subscription::open(address, "/events/subscribe?all=true&from=earliest");
    subscription.greeting();
    subscription
}

/// How the disk fills up, and how one sees that it is so.
struct Story {
    name: &'static str,
    flags: &'static [&'static str],
    /// Bytes of an event beside what it needs.
    pad: usize,
    fill: fn(&mut SmallDisk),
    /// Checks what is particular, while the disk is full.
    look: fn(&Server, &SmallDisk, stored: usize),
}

fn tell(mut disk: SmallDisk, story: &Story) {
    let server = Server::start(&disk.path(), story.flags);
    let address = server.address;
    assert_eq!(ready(address), (200, String::new()));
    let publishers = Publishers::start(address, PUBLISHERS, story.pad);
    let readers = Readers::start(vec![follower(address), follower(address)]);
    until("events flow", || (publishers.stored() > 20).then_some(()));

    (story.fill)(&mut disk);
    until("publishers are refused", || (publishers.refused() > 0).then_some(()));
    // Those that were let in before are answered; then nobody is.
    let stored = until("nobody is let in any more", || {
        let (stored, refused) = (publishers.stored(), publishers.refused());
        until("refusals go on", || (publishers.refused() >= refused + REFUSALS).then_some(()));
        (publishers.stored() == stored).then_some(stored)
    });
    assert_eq!(ready(address), (503, "disk_full".to_owned()));
    assert_eq!(get(address, "/health").status, 200);
    let last = publishers.last();
    assert_eq!(last, stored as u64, "what was refused has taken an id");
    (1..=last).for_each(|id| readers.expect(id));
    until("subscribers have all that is durable", || (readers.reached() == last).then_some(()));
    let mut late = follower(address);
    assert_eq!(late.ids(stored), (1..=last).map(|id| id.to_string()).collect::<Vec<_>>());
    drop(late);
    (story.look)(&server, &disk, stored);

    disk.free();
    until("publishing comes back", || (publishers.stored() > stored + 20).then_some(()));
    until("the server is ready again", || (ready(address).0 == 200).then_some(()));
    let refused = publishers.refused();
    let acked = publishers.stop();
    (last + 1..=acked.len() as u64).for_each(|id| readers.expect(id));
    drop(readers.finish());
    assert_eq!(history(address), acked, "the log is not what was acknowledged");
    assert!(server.terminate().success());
    eprintln!(
        "{}: {stored} events acked, then {refused} refused; subscribers had all {stored}; {} acked with room again, \
         and the log holds exactly these, before and after a restart",
        story.name,
        acked.len()
    );
    restart(&disk.path(), story.flags, acked);
}

/// After a restart all of it is there, and it goes on.
fn restart(directory: &Path, flags: &[&str], mut acked: Amounts) {
    let server = Server::start(directory, flags);
    assert_eq!(history(server.address), acked, "the restarted log is not what was acknowledged");
    let id = publish(server.address, &topped_up("9", "1")).parse().unwrap();
    assert_eq!(id, acked.len() as u64 + 1);
    acked.insert(id, "1".to_owned());
    assert_eq!(history(server.address), acked);
}

#[test]
fn a_disk_without_a_free_block() {
    let Some(disk) = SmallDisk::ext4(64 * MIB) else { return };
    let story = Story {
        name: "no free block (ext4)",
        flags: &["--segment-bytes", "4MiB", "--min-free-bytes", "0"],
        pad: 20_000,
        fill: |disk| disk.fill(0),
        look: |server, disk, stored| {
            assert!(disk.free_bytes() < MIB / 16, "{}", disk.free_bytes());
            assert!(stored > 200, "the segments that were there are used up, with {stored} events");
            let said = server.log().matches("no room for the log to grow").count();
            assert_eq!(said, 1, "told once");
        },
    };
    tell(disk, &story);
}

#[test]
fn a_disk_that_takes_no_more_files() {
    let Some(disk) = SmallDisk::tmpfs("size=64m,nr_inodes=100") else { return };
    let story = Story {
        name: "no free inode (tmpfs)",
        flags: &["--segment-bytes", "4MiB", "--min-free-bytes", "0"],
        pad: 20_000,
        fill: SmallDisk::use_up_files,
        look: |server, disk, stored| {
            assert!(disk.free_bytes() > 16 * MIB && stored > 200, "{} free, {stored}", disk.free_bytes());
            until("the kernel's refusal is told", || server.log().contains("os error 28").then_some(()));
        },
    };
    tell(disk, &story);
}

#[test]
fn a_disk_under_its_floor() {
    let Some(disk) = SmallDisk::tmpfs("size=64m") else { return };
    let story = Story {
        name: "under the floor (tmpfs)",
        flags: &["--segment-bytes", "4MiB", "--min-free-bytes", "16MiB"],
        pad: 0,
        fill: |disk| disk.fill(16 * MIB - 1),
        look: |server, disk, _| {
            // There is room in the segment and for others: it is the floor that stops publishing.
            let stats = get(server.address, "/events/stats").json();
            assert_eq!(stats["log"]["segments"].as_u64(), Some(1), "{stats}");
            assert!(disk.free_bytes() > 8 * MIB, "{}", disk.free_bytes());
            let refused = support::post(server.address, "/events", &topped_up("7", "1"));
            assert!(refused.text().contains("the disk of the event log is full"), "{refused:?}");
            let said = server.log().matches("less than 16777216 bytes are free").count();
            assert_eq!(said, 1, "told once");
        },
    };
    tell(disk, &story);
}

#[test]
fn a_server_that_starts_on_a_full_disk_reads_and_takes_events_once_there_is_room() {
    let Some(mut disk) = SmallDisk::tmpfs("size=64m") else { return };
    let flags = ["--segment-bytes", "4MiB", "--min-free-bytes", "16MiB"];
    let server = Server::start(&disk.path(), &flags);
    let key = [("Content-Type", "application/json"), ("Idempotency-Key", "a")];
    let keyed = |server: &Server| support::post_with(server.address, "/events", &key, &topped_up("7", "70"));
    assert_eq!(keyed(&server).status, 201);
    assert!(server.terminate().success());
    disk.fill(0);
    let server = Server::start(&disk.path(), &flags);
    until("the server says that its disk is full", || {
        (ready(server.address) == (503, "disk_full".to_owned())).then_some(())
    });
    let refused = support::post(server.address, "/events", &topped_up("7", "71"));
    assert_eq!(refused.status, 503);
    support::assert_refusal(&refused);
    let repeated = keyed(&server);
    assert_eq!(
        (repeated.status, repeated.json()["eventId"].as_str()),
        (200, Some("1")),
        "a repeat needs no room"
    );
    assert_eq!(history(server.address).into_iter().collect::<Vec<_>>(), [(1, "70".to_owned())]);
    disk.free();
    until("the server is ready again", || (ready(server.address).0 == 200).then_some(()));
    assert_eq!(publish(server.address, &topped_up("7", "72")), "2");
}
