//! The real binary is killed at each call that the threads which write make on the disk while segments fill up:
//! writing, flushing, naming, noting a CHECKPOINT, sealing, preparing the next one, making sidecars and snapshots; or
//! such a call fails instead. No answer that was given turns out wrong, and what fails beside the log (sidecars,
//! snapshots, looking at the disk) is noticed by nobody who publishes or reads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use support::strace::{Call, Fault, Tapped, impossible};
use support::{DEADLINE, Server, Stored, created, data_directory, everything, get, publish, request, until};

const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--workers", "1"];
const THREADS: [&str; 5] = ["tw-writer", "tw-sync", "tw-prepare", "tw-index", "tw-upkeep"];
/// Batches of 960 KB: the fifth begins a segment, and the ninth another.
const BATCHES: usize = 10;
const BATCH_EVENTS: usize = 33;
const PADDING: usize = 29_000;
/// Waits of 0.3 s.
const UPKEEP_TRIES: u32 = 10;

/// How a batch was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answered {
    Stored,
    NotStored,
    /// Or not at all.
    Unknown,
}

#[test]
fn every_call_of_the_writer() {
    try_everywhere("tw-writer");
}

#[test]
fn every_call_of_the_sync_thread() {
    try_everywhere("tw-sync");
}

#[test]
fn every_call_of_the_preparer() {
    try_everywhere("tw-prepare");
}

#[test]
fn every_call_of_the_indexer() {
    try_everywhere("tw-index");
}

#[test]
fn every_call_of_the_upkeep() {
    try_everywhere("tw-upkeep");
}

/// Whether the log can do without what the thread makes.
fn is_beside_the_log(thread: &str) -> bool {
    ["tw-index", "tw-upkeep"].contains(&thread)
}

/// Of the calls that change something the first of each name is met by a kill and by an error, those after it by the
/// one or the other in turn. Beside the log, the first of each name that changes nothing fails too.
fn to_strike(thread: &str, calls: &[Call]) -> Vec<(Call, Vec<Fault>)> {
    let mut seen: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let error = Fault::Error(if at % 2 == 0 { "EIO" } else { "ENOSPC" });
        let changes = call.changes_something();
        let before = seen.entry((&call.name, changes)).or_default();
        let faults = match *before {
            0 if changes => vec![Fault::Kill, error],
            0 if is_beside_the_log(thread) => vec![Fault::Error("EIO")],
            odd if changes && odd % 2 == 1 => vec![Fault::Kill],
            _ if changes => vec![error],
            _ => Vec::new(),
        };
        *before += 1;
        chosen.push((call.clone(), faults));
    }
    chosen
}

fn try_everywhere(thread: &str) {
    assert!(THREADS.contains(&thread));
    let scratch = data_directory();
    if let Some(why) = impossible(scratch.path()) {
        support::skipped(&format!("faults at each call of {thread}: {why}"));
        return;
    }
    let calls = calls_of(thread);
    let mut tried: BTreeMap<String, u32> = BTreeMap::new();
    let mut missed = 0;
    for (call, faults) in to_strike(thread, &calls) {
        for fault in faults {
            if strike(thread, &call, fault) {
                *tried.entry(format!("{fault:?} at {}", call.name)).or_default() += 1;
            } else {
                // How many calls there are depends a little on which thread is how fast.
                missed += 1;
            }
        }
    }
    let struck: u32 = tried.values().sum();
    eprintln!("{thread}: {tried:?}, {missed} came too late");
    assert!(
        struck >= 6 * missed && struck >= 10,
        "{thread}: {missed} of {calls:?} did not strike: {tried:?}"
    );
}

/// The calls of a thread while the batches are published.
fn calls_of(thread: &str) -> Vec<Call> {
    let directory = data_directory();
    let server = start(directory.path());
    let tapped = Tapped::watch(&server, thread, directory.path());
    for batch in 0..BATCHES {
        assert_eq!(send(server.address, batch), Answered::Stored);
    }
    let data = directory.path().join("data");
    until("what is made beside the log is there", || has_made(thread, &data).then_some(()));
    server.kill();
    tapped.calls(&data)
}

/// A server with one event, and a segment made ready behind it or nearly so.
fn start(directory: &Path) -> Server {
    let server = Server::start(directory, FLAGS);
    publish(server.address, &created("1", "GA", "GB"));
    let is_spare = |name: PathBuf| name.to_string_lossy().contains("/spare-");
    until("the next segment is begun", || names_in(&directory.join("data/seg")).any(is_spare).then_some(()));
    server
}

fn names_in(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path())
}

/// Whether the thread has done what it does once segments are sealed: a sidecar of each of two, a snapshot.
fn has_made(thread: &str, data: &Path) -> bool {
    match thread {
        "tw-index" => {
            names_in(&data.join("seg"))
                .filter(|name| name.extension().is_some_and(|extension| extension == "idx"))
                .count()
                >= 2
        }
        "tw-upkeep" => data.join("MEMORY").exists(),
        _ => true,
    }
}

/// True when the fault struck.
fn strike(thread: &str, call: &Call, fault: Fault) -> bool {
    let what = format!("{thread}: {fault:?} at {call:?}");
    let directory = data_directory();
    let mut server = start(directory.path());
    let tapped = Tapped::with(&server, thread, directory.path(), call, fault);
    let mut answers = Vec::new();
    for batch in 0..BATCHES {
        if server.has_ended().is_some() {
            break;
        }
        answers.push(send(server.address, batch));
    }
    let struck = match fault {
        // The last calls come after the last answer.
        Fault::Kill => soon_struck(thread, || server.has_ended().is_some()),
        Fault::Error(_) => soon_struck(thread, || tapped.struck()),
    };
    match server.has_ended() {
        Some(status) => assert_eq!((fault, status.signal()), (Fault::Kill, Some(9)), "{what}"),
        None => {
            // What the preparer fails at may go well a second later; a write or a flush is never tried again.
            let poisons = struck && ["tw-writer", "tw-sync"].contains(&thread);
            check_readiness(&server, &answers, poisons, &what);
            if is_beside_the_log(thread) {
                assert!(answers.iter().all(|answer| *answer == Answered::Stored), "{what}: {answers:?}");
                assert_eq!(get(server.address, "/ready").status, 200, "{what}: {}", server.log());
            }
            assert!(!server.log().contains("panicked"), "{what}: {}", server.log());
        }
    }
    server.kill();
    let server = Server::start(directory.path(), FLAGS);
    compare(&everything(server.address), &answers, &what);
    assert_eq!(send(server.address, BATCHES), Answered::Stored, "{what}");
    assert!(!server.log().contains("panicked"), "{what}: {}", server.log());
    struck
}

/// The upkeep has its turn once a second only, and may need two.
fn soon_struck(thread: &str, mut struck: impl FnMut() -> bool) -> bool {
    let tries = if thread == "tw-upkeep" { UPKEEP_TRIES } else { 1 };
    (0..tries).any(|_| support::soon(|| struck().then_some(())).is_some())
}

/// A server that was told of an error once takes no more, and says so; else it takes everything.
fn check_readiness(server: &Server, answers: &[Answered], poisons: bool, what: &str) {
    let unknown = answers.iter().position(|answer| *answer == Answered::Unknown);
    let ready = get(server.address, "/ready");
    if let Some(at) = unknown {
        assert!(answers[at + 1..].iter().all(|answer| *answer == Answered::NotStored), "{what}: {answers:?}");
    }
    if unknown.is_some() || poisons {
        assert_eq!(ready.status, 503, "{what}: {ready:?}");
        assert_eq!(ready.error(), "poisoned", "{what}");
    }
    assert_eq!(
        everything(server.address).len(),
        shown(answers),
        "{what}: what was not acknowledged is shown"
    );
}

fn shown(answers: &[Answered]) -> usize {
    1 + BATCH_EVENTS * answers.iter().filter(|answer| **answer == Answered::Stored).count()
}

/// Each acknowledged batch is there once and whole, in the order of the requests, no refused one is, and of one without
/// an answer all or nothing.
fn compare(found: &[Stored], answers: &[Answered], what: &str) {
    assert!(found.iter().map(|event| event.id).eq(1..=found.len() as u64), "{what}: ids are not dense");
    let mut batches = found[1..].chunks(BATCH_EVENTS).peekable();
    for (batch, answer) in answers.iter().enumerate() {
        let is_this = |events: &&[Stored]| {
            let expected = (0..BATCH_EVENTS).map(|number| data(batch, number));
            events.iter().map(|event| event.data.clone()).eq(expected)
        };
        let stored = batches.next_if(is_this).is_some();
        let right = match answer {
            Answered::Stored => stored,
            Answered::NotStored => !stored,
            Answered::Unknown => true,
        };
        assert!(right, "{what}: batch {batch} was answered {answer:?} and stored: {stored}; {answers:?}");
    }
    assert!(batches.next().is_none(), "{what}: there is more than was published");
}

fn data(batch: usize, number: usize) -> String {
    let letter = char::from(b'a' + (batch % 26) as u8);
    let memo = letter.to_string().repeat(PADDING);
    format!("{{\"streamId\":1,\"amount\":\"{}\",\"memo\":\"{memo}\"}}", 1 + number + batch * BATCH_EVENTS)
}

/// Publishes a batch on a connection of its own; the server may die in the midst of it.
fn send(address: SocketAddr, batch: usize) -> Answered {
    let event = |number| format!("{{\"type\":\"stream.topped_up\",\"data\":{}}}", data(batch, number));
    let body = (0..BATCH_EVENTS).map(event).collect::<Vec<_>>().join("\n") + "\n";
    let fields = [("Content-Type", "application/x-ndjson"), ("Connection", "close")];
    let bytes = request("POST", "/events", &fields, body.as_bytes());
    let mut answer = Vec::new();
    let exchanged = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(&bytes)?;
        stream.read_to_end(&mut answer)
    });
    match answer.get(..12) {
        Some(b"HTTP/1.1 201") => Answered::Stored,
        Some(b"HTTP/1.1 503") => Answered::NotStored,
        Some(b"HTTP/1.1 500") => {
            assert!(String::from_utf8_lossy(&answer).contains("commit_unknown"), "{answer:?}");
            Answered::Unknown
        }
        Some(_) => panic!("{}", String::from_utf8_lossy(&answer)),
        None => {
            assert!(exchanged.is_err() || answer.is_empty());
            Answered::Unknown
        }
    }
}
