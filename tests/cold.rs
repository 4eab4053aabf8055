//! What the page cache has dropped is read by the pager and never by a worker: replay of everything and of a filter,
//! pages of history and a start by time, from files that are not in memory, without one major fault of a worker.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use rustix::fs::Advice;
use simd_json::prelude::*;
use support::{Client, Server, Subscription, get, publish_lines, request};

/// About 20 MB in segments of 4 MiB.
const EVENTS: u64 = 10_000;
const MEMO_BYTES: usize = 2000;
const STREAMS: u64 = 100;

const FLAGS: &[&str] = &["--workers", "2", "--segment-bytes", "4MiB"];

fn fill(address: SocketAddr) {
    let memo = "m".repeat(MEMO_BYTES);
    let event = |id: u64| {
        let stream = id % STREAMS;
        format!(
            "{{\"type\":\"stream.paused\",\"data\":{{\"streamId\":{stream},\"sender\":\"G{stream}\",\
             \"memo\":\"{memo}\"}}}}"
        )
    };
    for first in (1..=EVENTS).step_by(400) {
        let events: Vec<_> = (first..first + 400).map(event).collect();
        assert_eq!(publish_lines(address, &events).status, 201);
    }
}

/// Drops the log's files from the page cache, as far as no process has touched them through a map.
fn evict(directory: &Path) {
    for entry in std::fs::read_dir(directory.join("data/seg")).unwrap() {
        // What is being made gets another name, and is hot anyway.
        let Ok(file) = File::open(entry.unwrap().path()) else { continue };
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}

/// Major faults of the threads whose names begin with `name`.
fn major_faults(server: &Server, name: &str) -> u64 {
    let tasks = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    let faults = std::fs::read_dir(tasks).unwrap().filter_map(|task| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        // The twelfth field; the first two end with the name (proc_pid_stat(5)).
        let faults = after.split_whitespace().nth(9)?.parse::<u64>().ok()?;
        before.split_once('(')?.1.starts_with(name).then_some(faults)
    });
    faults.sum()
}

/// Bytes that the process had read from the disk.
fn read_bytes(server: &Server) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{}/io", server.pid().as_raw_nonzero())).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("read_bytes: "));
    line.unwrap().parse().unwrap()
}

fn replay(address: SocketAddr, query: &str, expected: &[String]) {
    let mut subscription = Subscription::open(address, &format!("/events/subscribe?{query}&from=earliest"));
    subscription.greeting();
    assert_eq!(subscription.ids(expected.len()), expected, "{query}");
}

fn replay_unchunked(address: SocketAddr, query: &str, expected: &[String]) {
    let text = request("GET", &format!("/events/subscribe?{query}&from=earliest"), &[], b"");
    let text = String::from_utf8(text).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    let mut client = Client::connect(address);
    client.send(text.as_bytes());
    let mut subscription = Subscription::over(client);
    subscription.greeting();
    assert_eq!(subscription.ids(expected.len()), expected, "{query}");
}

fn pages(address: SocketAddr, query: &str, expected: &[String]) {
    let cursor = if query.contains("order=desc") { "before" } else { "after" };
    let (mut found, mut place) = (Vec::new(), String::new());
    loop {
        let page = get(address, &format!("/events?{query}&limit=1000{place}")).json();
        let events = page["events"].as_array().unwrap();
        found.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        place = format!("&{cursor}={}", page["lastEventId"].as_str().unwrap());
        if page["hasMore"] == false {
            break;
        }
    }
    if cursor == "before" {
        found.reverse();
    }
    assert_eq!(found, expected, "{query}");
}

type Reading = fn(SocketAddr, &str, &[String]);

#[test]
fn cold_segments_are_never_waited_for_by_a_worker() {
    // On a disk: in a memory file system nothing is ever cold.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = Server::start(directory.path(), FLAGS);
    fill(server.address);
    assert!(server.terminate().success());
    let all: Vec<String> = (1..=EVENTS).map(|id| id.to_string()).collect();
    let seventh: Vec<String> = (7..=EVENTS).step_by(STREAMS as usize).map(|id| id.to_string()).collect();
    let readings: [(&str, Reading, &[String]); 8] = [
        ("all=true", replay, &all),
        ("streams=7", replay, &seventh),
        ("users=G7", replay, &seventh),
        ("all=true&since=2020-01-01T00:00:00Z", replay, &all),
        ("all=true", replay_unchunked, &all),
        ("all=true", pages, &all),
        ("streams=7", pages, &seventh),
        ("users=G7&order=desc", pages, &seventh),
    ];
    for (query, reading, expected) in readings {
        // A process that has touched nothing yet, so that its maps keep no page in memory.
        let server = Server::start(directory.path(), FLAGS);
        evict(directory.path());
        let (workers, read) = (major_faults(&server, "tw-worker"), read_bytes(&server));
        reading(server.address, query, expected);
        let (workers, read) = (major_faults(&server, "tw-worker") - workers, read_bytes(&server) - read);
        assert!(read > 0, "{query}: the files were in memory, so that this proves nothing");
        assert_eq!(workers, 0, "{query}: major faults of workers; {read} bytes were read from the disk");
        assert!(server.terminate().success());
    }
}
