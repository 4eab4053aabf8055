//! The real binary is killed at each call that its start makes on the disk, one run for each call: making a new log,
//! recovery after a kill, a start after an orderly stop, the repair of a damaged segment. Then every second of
//! these calls of each name fails instead. A plain start after that serves everything that was acknowledged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::strace::{Call, Fault, calls_of_start, impossible, start_with};
use support::{Server, Stored, created, data_directory, everything, post, publish, publish_lines, topped_up};

const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--workers", "1"];
const REPAIR: &[&str] = &["--segment-bytes", "4MiB", "--workers", "1", "--accept-gap"];

/// A data directory before a start, and what the start must serve.
struct Case {
    name: &'static str,
    directory: tempfile::TempDir,
    flags: &'static [&'static str],
    expected: Vec<Stored>,
}

#[test]
fn a_new_log() {
    try_everywhere(Case { name: "new", directory: data_directory(), flags: FLAGS, expected: Vec::new() });
}

#[test]
fn recovery_after_a_kill() {
    let directory = data_directory();
    let server = Server::start(directory.path(), FLAGS);
    some_events(&server);
    // Two segments: one that is sealed already and one that recovery seals.
    server.kill();
    let server = Server::start(directory.path(), FLAGS);
    some_events(&server);
    let expected = everything(server.address);
    server.kill();
    try_everywhere(Case { name: "killed", directory, flags: FLAGS, expected });
}

#[test]
fn a_start_after_an_orderly_stop() {
    let directory = data_directory();
    let server = Server::start(directory.path(), FLAGS);
    some_events(&server);
    let expected = everything(server.address);
    assert!(server.terminate().success());
    try_everywhere(Case { name: "stopped", directory, flags: FLAGS, expected });
}

#[test]
fn the_repair_of_a_damaged_segment() {
    let directory = data_directory();
    for _ in 0..2 {
        let server = Server::start(directory.path(), FLAGS);
        some_events(&server);
        server.kill();
    }
    drop(Server::start(directory.path(), FLAGS));
    // The seal of the first, and the frame of its fourth event, or one about there.
    let damaged = directory.path().join("data/seg/00000000000000000001.seg");
    let file = fs::File::options().read(true).write(true).open(damaged).unwrap();
    let seal = file.metadata().unwrap().len() - 65_536;
    file.write_all_at(b"??", seal).unwrap();
    file.write_all_at(b"??", 4096 + 500).unwrap();
    drop(file);
    // What an undisturbed repair makes of it.
    let undisturbed = copy(directory.path());
    let server = Server::start(undisturbed.path(), REPAIR);
    let expected = everything(server.address);
    assert_eq!(expected.len(), 2 * 9 - 1, "one event is lost");
    drop(server);
    try_everywhere(Case { name: "damaged", directory, flags: REPAIR, expected });
}

/// Nine events in three requests.
fn some_events(server: &Server) {
    publish(server.address, &created("1", "GA", "GB"));
    publish(server.address, &topped_up("1", "7"));
    let batch: Vec<String> = (1..8).map(|amount| topped_up("1", &format!("{amount}000"))).collect();
    assert_eq!(publish_lines(server.address, &batch).status, 201);
}

fn try_everywhere(case: Case) {
    let scratch = data_directory();
    if let Some(why) = impossible(scratch.path()) {
        support::skipped(&format!("faults at each call of a start: {why}"));
        return;
    }
    let calls = calls_of_start(copy(case.directory.path()).path(), case.flags);
    let mut tried = BTreeMap::new();
    for (at, call) in calls.iter().enumerate() {
        if call.changes_something() {
            killed_at(&case, call);
            *tried.entry(format!("killed at {}", call.name)).or_insert(0) += 1;
        }
        if call.shown.contains("|O_DIRECT|") {
            // Some file systems have no reading past the page cache: the next best is taken.
            assert!(failing_at(&case, call, "EINVAL"), "{}: {call:?}", case.name);
        }
        // Reading is much the same in all cases, but that what a repair cannot read counts as damaged.
        if !call.changes_something() && case.name != "killed" {
            continue;
        }
        // Of each name every second one, the first among them.
        if call.number % 2 == 0 {
            continue;
        }
        // A disk that fails and one that is full, in turn.
        let error = if at % 2 == 0 || !call.changes_something() { "EIO" } else { "ENOSPC" };
        failing_at(&case, call, error);
        *tried.entry(format!("{error} of {}", call.name)).or_insert(0) += 1;
    }
    assert!(tried["killed at pwrite64"] >= 3 && tried["killed at fdatasync"] >= 3, "{tried:?}");
    eprintln!("{}: {tried:?}", case.name);
}

fn killed_at(case: &Case, call: &Call) {
    let directory = copy(case.directory.path());
    match start_with(call, Fault::Kill, directory.path(), case.flags) {
        Ok(_) => panic!("{}: not killed at {call:?}", case.name),
        Err((_, status)) => assert_eq!(status.signal(), Some(9), "{}: at {call:?}", case.name),
    }
    serves_all(case, directory.path(), None, &format!("{}: killed at {call:?}", case.name));
}

/// True when it serves nevertheless.
fn failing_at(case: &Case, call: &Call, error: &'static str) -> bool {
    let what = format!("{}: {error} at {call:?}", case.name);
    let directory = copy(case.directory.path());
    let mut published = None;
    match start_with(call, Fault::Error(error), directory.path(), case.flags) {
        // What it can do without: it serves, and takes an event or says that it cannot.
        Ok(server) => {
            assert_eq!(everything(server.address), case.expected, "{what}");
            let answer = post(server.address, "/events", &created("77", "GA", "GB"));
            assert!([201, 500, 503].contains(&answer.status), "{what}: {answer:?}");
            published = Some(answer.status);
            assert!(!server.log().contains("panicked"), "{what}: {}", server.log());
            server.kill();
        }
        Err((log, status)) => {
            assert_eq!(status.code(), Some(1), "{what}: {log}");
            assert!(
                !log.contains("panicked") && log.contains("os error"),
                "{what}: the cause is not in {log}"
            );
        }
    }
    serves_all(case, directory.path(), published, &what);
    published.is_some()
}

/// A plain start serves what was acknowledged and takes the next event. `published`: how one more event was answered.
fn serves_all(case: &Case, directory: &Path, published: Option<u16>, what: &str) {
    let server = Server::attempt(support::serve(&mut Command::new(support::BINARY), directory, case.flags))
        .unwrap_or_else(|(log, status)| panic!("{what}: then it does not start ({status}): {log}"));
    let found = everything(server.address);
    let known = case.expected.len();
    assert_eq!(found.get(..known), Some(&case.expected[..]), "{what}");
    let more = found.len() - known;
    match published {
        None | Some(503) => assert_eq!(more, 0, "{what}: {:?}", found.last()),
        Some(201) => assert_eq!(more, 1, "{what}"),
        Some(_) => assert!(more <= 1, "{what}"),
    }
    let next = found.last().map_or(0, |event| event.id) + 1;
    let id: u64 = publish(server.address, &created("78", "GA", "GB")).parse().unwrap();
    let epoch = id >> 40;
    assert!(id == next || (case.flags == REPAIR && epoch > 0), "{what}: {id} after {next}");
    assert!(!server.log().contains("panicked"), "{what}: {}", server.log());
    server.kill();
}

/// A copy of the data directory in a place of its own.
fn copy(directory: &Path) -> tempfile::TempDir {
    let place = data_directory();
    let data: PathBuf = directory.join("data");
    if data.exists() {
        let copied = Command::new("cp").args(["-a", "--sparse=always"]).arg(&data).arg(place.path()).status();
        assert!(copied.unwrap().success());
    }
    place
}
