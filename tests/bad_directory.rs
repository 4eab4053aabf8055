//! What is done to the data directory under a running server: the file system drops dead or turns read-only, the
//! directory is locked up or deleted, a page of an old segment cannot be read; and a log in memory, where there is no
//! disk. Each is answered clearly, and nothing that is still there is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use support::device::{Device, FileSystem, mount_memory, run, text};
use support::{
    Server, Stored, created, data_directory, everything, get, post, publish, publish_lines, request,
    topped_up,
};

const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--workers", "1", "--min-free-bytes", "0"];

/// A padded batch, so that a segment is full after six.
fn large_batch() -> Vec<String> {
    let memo = "m".repeat(29_000);
    let event = |amount| {
        format!(
            "{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":1,\"amount\":\"{amount}\",\"memo\":\"{memo}\"}}}}"
        )
    };
    (1..25).map(event).collect()
}

/// Publishes until it is refused, at most ten segments.
fn fill_until_refused(server: &Server) -> (u16, String) {
    let batch = large_batch();
    for _ in 0..60 {
        let answer = publish_lines(server.address, &batch);
        if answer.status != 201 {
            return (answer.status, answer.error());
        }
    }
    panic!("it is never refused");
}

/// Poisoned: it says so, takes nothing, and shows what is durable.
fn check_poisoned(server: &Server, durable: &[Stored]) {
    let ready = get(server.address, "/ready");
    assert_eq!((ready.status, ready.error().as_str()), (503, "poisoned"), "{}", server.log());
    assert_eq!(post(server.address, "/events", &topped_up("1", "9")).status, 503);
    assert_eq!(everything(server.address), durable);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

fn two_events(server: &Server) -> Vec<Stored> {
    publish(server.address, &created("1", "GA", "GB"));
    publish(server.address, &topped_up("1", "1"));
    everything(server.address)
}

fn drops_dead(file_system: FileSystem) {
    let Some(device) = Device::make(file_system) else { return };
    let server = Server::start(&device.place(), FLAGS);
    let durable = two_events(&server);
    device.drop_dead();
    let answer = post(server.address, "/events", &topped_up("1", "2"));
    assert_eq!((answer.status, answer.error().as_str()), (500, "commit_unknown"));
    check_poisoned(&server, &durable);
    assert!(server.terminate().success());
    device.remount();
    let server = Server::start(&device.place(), FLAGS);
    assert_eq!(everything(server.address), durable);
    publish(server.address, &topped_up("1", "3"));
}

#[test]
fn ext4_drops_dead() {
    drops_dead(FileSystem::Ext4);
}

#[test]
fn xfs_drops_dead() {
    drops_dead(FileSystem::Xfs);
}

#[test]
fn the_file_system_turns_read_only() {
    let Some(device) = Device::make(FileSystem::Ext4) else { return };
    let server = Server::start(&device.place(), FLAGS);
    let durable = two_events(&server);
    // What ext4 does by itself when it meets an error. Files that are open for writing forbid a plain `ro`.
    device.remount_with("abort");
    let (status, _) = fill_until_refused(&server);
    assert!([500, 503].contains(&status), "{status}");
    let durable = [&durable[..], &everything(server.address)[durable.len()..]].concat();
    check_poisoned(&server, &durable);
    server.kill();
    device.remount();
    let server = Server::start(&device.place(), FLAGS);
    assert_eq!(everything(server.address), durable);
}

#[test]
fn the_directory_is_locked_up() {
    let Some(device) = Device::make(FileSystem::Ext4) else { return };
    let server = Server::start(&device.place(), FLAGS);
    let before = two_events(&server);
    let segments = device.place().join("data/seg");
    // Not even root creates, renames or removes anything in it.
    run("chattr", &["+i", text(&segments)]).unwrap();
    let (status, error) = fill_until_refused(&server);
    assert_eq!((status, error.as_str()), (500, "commit_unknown"), "{}", server.log());
    let durable = everything(server.address);
    assert!(durable.starts_with(&before) && durable.len() > before.len(), "{} events", durable.len());
    check_poisoned(&server, &durable);
    server.kill();
    run("chattr", &["-i", text(&segments)]).unwrap();
    let server = Server::start(&device.place(), FLAGS);
    let found = everything(server.address);
    assert_eq!(found.get(..durable.len()), Some(&durable[..]));
}

#[test]
fn the_directory_is_deleted() {
    let directory = data_directory();
    let server = Server::start(directory.path(), FLAGS);
    two_events(&server);
    std::fs::remove_dir_all(directory.path().join("data")).unwrap();
    // The open segment is still there for the server, and for nobody else: that shows when it has to be followed.
    let (status, error) = fill_until_refused(&server);
    assert!([500, 503].contains(&status), "{status} {error}");
    let ready = get(server.address, "/ready");
    assert_eq!(ready.status, 503, "{ready:?}");
    eprintln!("after the deletion: {status} {error}, {}", ready.error());
    everything(server.address);
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.kill();
    // Nothing was made again in its place.
    assert!(!directory.path().join("data/seg").exists());
}

#[test]
fn a_log_in_memory_recovers_from_a_kill() {
    let directory = data_directory();
    if mount_memory(directory.path()).is_none() {
        return;
    }
    let server = Server::start(directory.path(), FLAGS);
    let durable = two_events(&server);
    server.kill();
    let server = Server::start(directory.path(), FLAGS);
    assert_eq!(everything(server.address), durable);
    drop(server);
    // Else the directory cannot go.
    run("umount", &[text(directory.path())]).unwrap();
}

/// Sent straight from the map, a page that cannot be read costs the subscriber its connection and nobody else anything.
/// (Copied by the program, it is SIGBUS: see docs/operations.md.)
#[test]
fn an_old_page_cannot_be_read() {
    let Some(mut device) = Device::make(FileSystem::Ext4Bare) else { return };
    let place = device.place();
    let server = Server::start(&place, FLAGS);
    two_events(&server);
    for _ in 0..12 {
        assert_eq!(publish_lines(server.address, &large_batch()).status, 201);
    }
    let durable = everything(server.address);
    assert!(server.terminate().success());
    // Nothing of it is in memory any more but what the start has looked at.
    device.remount();
    let mut server = Server::start(&place, FLAGS);
    device.lose_from(&place.join("data/seg/00000000000000000001.seg"));
    let received = read_to_the_end(&server, Path::new("/events/subscribe?all=true&from=earliest"));
    assert!(received.contains("\"type\":\"connected\""), "{received}");
    assert!(!received.contains('\0'), "bytes that nobody published");
    assert!(!received.contains(&format!("id: {}\n", durable.len())), "every page was in memory");
    assert_eq!(server.has_ended(), None, "{}", server.log());
    assert_eq!(get(server.address, "/health").status, 200);
    server.kill();
    device.find_again();
    device.remount();
    let server = Server::start(&place, FLAGS);
    assert_eq!(everything(server.address), durable);
}

/// What a subscriber gets until it is cut off, in an orderly way or not.
fn read_to_the_end(server: &Server, target: &Path) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&request("GET", text(target), &[("Accept", "text/event-stream")], b"")).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("it is not cut off: {error}; {}", server.log()),
        }
    }
    String::from_utf8_lossy(&received).into_owned()
}
