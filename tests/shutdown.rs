//! SIGTERM under load: publishers post as fast as they are answered, subscribers read. Every acknowledged
//! event is in the log, every subscriber reads a `reconnect` frame and the last chunk and never a reset, the
//! server ends with 0, and who comes back afterwards misses nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::collections::HashSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::Signal;
use simd_json::prelude::*;
use support::{
    Block, Client, DEADLINE, Server, Subscription, data_directory, data_of, get, request, topped_up, until,
};

const SUBSCRIBERS: usize = 20;
const PUBLISHERS: usize = 3;

/// Posts in a closed loop until the connection ends; gives the ids that were acknowledged.
fn publish_until_closed(address: SocketAddr, published: &AtomicU64) -> Vec<String> {
    let mut acked = Vec::new();
    while let Ok(mut stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let event = topped_up("1", "1");
        let bytes = request("POST", "/events", &[("Content-Type", "application/json")], event.as_bytes());
        while stream.write_all(&bytes).is_ok() {
            let Some(answer) = read_answer(&mut stream) else { break };
            if answer.starts_with("HTTP/1.1 201 ") {
                let (_, rest) = answer.split_once("\"eventId\":\"").unwrap();
                acked.push(rest.split_once('"').unwrap().0.to_owned());
                published.fetch_add(1, Ordering::Release);
            } else {
                assert!(answer.starts_with("HTTP/1.1 503 "), "while it ends, the server answered {answer}");
                assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: "), "{answer}");
                break;
            }
        }
    }
    acked
}

/// A whole answer, or `None` when the connection ended before its first byte.
fn read_answer(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => text.extend_from_slice(&buffer[..count]),
            Ok(_) => {
                assert!(text.is_empty(), "half an answer: {:?}", String::from_utf8_lossy(&text));
                return None;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset && text.is_empty() => return None,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&text)),
        }
        let so_far = String::from_utf8_lossy(&text);
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if body.len() >= length {
            return Some(so_far.into_owned());
        }
    }
}

/// Reads events to the orderly end; `next` of the subscription fails the test on a reset or a missing last
/// chunk.
fn read_to_the_end(mut subscription: Subscription) -> (Vec<Block>, Block) {
    let mut events = Vec::new();
    loop {
        let block = subscription.block();
        if block.event.as_deref() == Some("reconnect") {
            assert_eq!(subscription.next(), None, "something follows the reconnect frame");
            return (events, block);
        }
        events.push(block);
    }
}

/// Subscribes, with bytes behind the request that nobody will read: closing over them would reset the
/// connection.
fn subscribe(address: SocketAddr) -> Subscription {
    let mut client = Client::connect(address);
    let head = request("GET", "/events/subscribe?all=true", &[], b"");
    client.send([head, vec![b'x'; 500]].concat());
    let mut subscription = Subscription::over(client);
    assert_eq!(subscription.greeting().id.as_deref(), Some("0"));
    subscription
}

#[test]
fn sigterm_under_load_loses_no_ack_and_no_frame() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "2"]);
    let address = server.address;
    let subscriptions: Vec<Subscription> = (0..SUBSCRIBERS).map(|_| subscribe(address)).collect();
    let published = AtomicU64::new(0);
    let (acked, ends) = std::thread::scope(|scope| {
        let publishers: Vec<_> =
            (0..PUBLISHERS).map(|_| scope.spawn(|| publish_until_closed(address, &published))).collect();
        let readers: Vec<_> =
            subscriptions.into_iter().map(|open| scope.spawn(|| read_to_the_end(open))).collect();
        until("there is load", || (published.load(Ordering::Acquire) > 300).then_some(()));
        server.signal(Signal::TERM);
        let status = server.ended();
        assert!(status.success(), "the server ended with {status}");
        let acked: Vec<String> =
            publishers.into_iter().flat_map(|publisher| publisher.join().unwrap()).collect();
        let ends: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        (acked, ends)
    });

    let mut spreads = HashSet::new();
    for (_, reconnect) in &ends {
        let retry_ms = reconnect.retry_ms.expect("a reconnect frame says when");
        assert_eq!(data_of(reconnect)["reason"], "shutdown", "{}", reconnect.raw);
        assert_eq!(reconnect.id, None, "{}", reconnect.raw);
        spreads.insert(retry_ms);
    }
    assert!(spreads.len() > 1, "all come back at once: {spreads:?}");

    let server = Server::start(directory.path(), &[]);
    let last = get(server.address, "/events?all=true&order=desc&limit=1").json();
    let last: u64 = last["events"][0]["id"].as_str().unwrap().parse().unwrap();
    for id in &acked {
        assert!(
            id.parse::<u64>().unwrap() <= last,
            "event {id} was acknowledged and is gone; the last is {last}"
        );
    }
    assert_eq!(acked.iter().collect::<HashSet<_>>().len(), acked.len(), "an id was given twice");
    for (events, _) in ends.iter().take(5) {
        let seen = events.last().map_or("0".to_owned(), |event| event.id.clone().unwrap());
        let mut resumed = Subscription::resume(server.address, "/events/subscribe?all=true", &seen);
        assert_eq!(resumed.greeting().id.as_ref(), Some(&seen), "no gap");
        let mut ids: Vec<u64> =
            events.iter().map(|event| event.id.as_deref().unwrap().parse().unwrap()).collect();
        let missing = usize::try_from(last).unwrap() - ids.len();
        ids.extend(resumed.ids(missing).iter().map(|id| id.parse::<u64>().unwrap()));
        assert!(ids.iter().copied().eq(1..=last), "a subscriber's ids over both servers are not 1 to {last}");
    }
}

#[test]
fn an_idle_server_ends_at_once_and_sigint_means_the_same() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = data_directory();
        let server = Server::start(directory.path(), &[]);
        let mut subscription = Subscription::open(server.address, "/events/subscribe?users=GA");
        subscription.greeting();
        let idle = Client::connect(server.address);
        server.signal(signal);
        let (events, _) = read_to_the_end(subscription);
        assert!(events.is_empty());
        assert!(server.ended().success(), "{signal:?}");
        drop(idle);
    }
}

#[test]
fn whoever_reads_the_diagnostics_may_go_away() {
    let directory = data_directory();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_tailwire"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory.path().join("data"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("listening on")));
    drop(lines);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = support::until("the server ends", || child.try_wait().unwrap());
    assert!(status.success(), "{status}: the last lines could not be written, and that is no matter");
}
