//! Real file systems on a real block device whose writes fail under the server: an error at the flush, a device that
//! turns out smaller than it claimed, and a page cache that says otherwise. What happens to files and directories is
//! tried in `bad_directory.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use support::device::{Device, FileSystem};
use support::{
    BINARY, Server, Stored, Subscription, created, everything, get, post, publish, serve, topped_up,
};

const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--workers", "1", "--min-free-bytes", "0"];
/// Of the test in which some publish at once.
const PUBLISHERS: usize = 4;

/// Some publishers at once, each until it is refused. How many events were acknowledged, and the answers that were not.
fn publish_until_refused(address: SocketAddr, publishers: usize) -> (usize, Vec<(u16, String)>) {
    let one = move |publisher: usize| {
        for number in 0..20_000 {
            let answer = post(address, "/events", &topped_up("1", &amount(publisher, number)));
            if answer.status != 201 {
                return (number, (answer.status, answer.error()));
            }
        }
        panic!("the disk does not fail");
    };
    let publishers: Vec<_> = (0..publishers).map(|publisher| thread::spawn(move || one(publisher))).collect();
    let ends = publishers.into_iter().map(|publisher| publisher.join().unwrap());
    let (counts, answers): (Vec<usize>, Vec<_>) = ends.unzip();
    (counts.iter().sum(), answers)
}

/// No other event has this amount.
fn amount(publisher: usize, number: usize) -> String {
    format!("7{publisher}00000{number}")
}

/// Poisoned: it says so, takes nothing, and gives everybody what is durable and nothing else.
fn check_poisoned(server: &Server, durable: &[Stored]) {
    let ready = get(server.address, "/ready");
    assert_eq!((ready.status, ready.error().as_str()), (503, "poisoned"), "{}", server.log());
    let answer = post(server.address, "/events", &topped_up("1", "9"));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(everything(server.address), durable);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true&from=earliest");
    subscription.greeting();
    let ids: Vec<u64> = subscription.ids(durable.len()).iter().map(|id| id.parse::<u64>().unwrap()).collect();
    assert!(ids.iter().eq(durable.iter().map(|event| &event.id)));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// The device loses its end, where the segment lies, and a publisher goes on: one, for what others write behind a
/// failed flush would take the lost pages to the disk after all.
fn flushes_fail_on(file_system: FileSystem) {
    let Some(mut device) = Device::make(file_system) else { return };
    let place = device.place();
    let server = Server::start(&place, FLAGS);
    let durable = thirty_events(&server);
    let mut live = Subscription::open(server.address, "/events/subscribe?all=true&from=earliest");
    live.greeting();
    assert_eq!(live.ids(30).len(), 30);
    device.lose_from(&segment(&place));
    let (acknowledged, answers) = publish_until_refused(server.address, 1);
    assert_eq!((acknowledged, answers), (0, vec![(500, "commit_unknown".to_owned())]), "{}", server.log());
    check_poisoned(&server, &durable);
    // What is shown to nobody: an event that was written and not flushed. The next frame is the goodbye.
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(live.block().event.as_deref(), Some("reconnect"));
    assert!(server.ended().success());
    device.find_again();
    let (cached, direct) = copies_of(&format!("\"{}\"", amount(0, 0)), &segment(&place));
    assert_eq!(direct, 0, "it is on the disk although it could not be flushed");
    assert!(cached > 0, "the page cache tells the truth here, so this tries nothing");
    // The page cache as it was left still says that the event is there.
    match Server::attempt(serve(&mut Command::new(BINARY), &place, FLAGS)) {
        Ok(server) => {
            assert_eq!(everything(server.address), durable, "{file_system:?}");
            server.kill();
        }
        // The file system itself may have given up; mounted again it goes on.
        Err((log, status)) => {
            assert!(status.code() == Some(1) && log.contains("os error"), "{status}: {log}")
        }
    }
    device.remount();
    let server = Server::start(&place, FLAGS);
    assert_eq!(everything(server.address), durable, "{file_system:?}");
    publish(server.address, &topped_up("1", "5"));
}

fn thirty_events(server: &Server) -> Vec<Stored> {
    publish(server.address, &created("1", "GA", "GB"));
    for amount in 1..30 {
        publish(server.address, &topped_up("1", &amount.to_string()));
    }
    everything(server.address)
}

/// How often `needle` stands in a file as the page cache has it, and as the disk has it.
fn copies_of(needle: &str, path: &Path) -> (usize, usize) {
    let count =
        |bytes: &[u8]| bytes.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count();
    let cached = count(&fs::read(path).unwrap_or_default());
    // A page-aligned piece of a larger buffer, as O_DIRECT wants it.
    let mut buffer = vec![0; 8192 + 4096];
    let from = buffer.as_ptr().align_offset(4096);
    let flags = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let Ok(mut file) = fs::File::options().read(true).custom_flags(flags).open(path) else {
        return (cached, 0);
    };
    let mut direct = Vec::new();
    while let Ok(read @ 1..) = file.read(&mut buffer[from..from + 8192]) {
        direct.extend_from_slice(&buffer[from..from + read]);
    }
    (cached, count(&direct))
}

fn segment(place: &Path) -> PathBuf {
    place.join("data/seg/00000000000000000001.seg")
}

#[test]
fn flushes_fail_on_ext4() {
    flushes_fail_on(FileSystem::Ext4);
}

#[test]
fn flushes_fail_on_ext4_without_a_journal() {
    flushes_fail_on(FileSystem::Ext4Bare);
}

#[test]
fn flushes_fail_on_xfs() {
    flushes_fail_on(FileSystem::Xfs);
}

/// The device has less room than it claims. Kernels are known (6.18) whose loop device reports a write that was cut
/// short as done; then an event is lost that a successful flush has made durable, which nobody can prevent. That is
/// noticed, unless it is of the very last commit, of which the disk then knows nothing.
#[test]
fn a_device_that_is_smaller_than_it_claims() {
    let Some(device) = Device::make(FileSystem::Ext4Bare) else { return };
    let place = device.place();
    let server = Server::start(&place, FLAGS);
    thirty_events(&server);
    device.run_out();
    let (acknowledged, answers) = publish_until_refused(server.address, PUBLISHERS);
    assert!(answers.iter().all(|(status, _)| [500, 503].contains(status)), "{answers:?}");
    let durable = everything(server.address);
    assert_eq!(durable.len(), 30 + acknowledged);
    check_poisoned(&server, &durable);
    server.kill();
    device.free();
    let server = match Server::attempt(serve(&mut Command::new(BINARY), &place, FLAGS)) {
        Ok(server) => server,
        Err((log, status)) => {
            assert_eq!(status.code(), Some(1), "{log}");
            assert!(log.contains("is damaged at event"), "{log}");
            eprintln!("the device has lied, which was noticed: {}", log.trim());
            let server = Server::start(&place, &[FLAGS, &["--accept-gap"]].concat());
            let kept = everything(server.address);
            assert_eq!(kept, durable[..kept.len()]);
            assert!((30..durable.len()).contains(&kept.len()));
            return;
        }
    };
    // Those of which nobody knew may be there as well; each publisher has one event in the last commit at most.
    let found = everything(server.address);
    let same = found.len().min(durable.len());
    assert_eq!(found[..same], durable[..same]);
    let range = durable.len() - PUBLISHERS..=durable.len() + PUBLISHERS;
    assert!(range.contains(&found.len()), "{} of {} events", found.len(), durable.len());
}
