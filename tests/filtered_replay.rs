//! Replay of one payment stream or one user out of many events: exactly its events, in order, once, also while others
//! are published and where retention has removed the beginning; and the same in pages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use simd_json::prelude::*;
use support::{Server, Subscription, created, data_directory, get, publish, publish_lines, topped_up};

const STREAMS: u64 = 50;
/// More than a worker looks at itself, and several of the pager's searches.
const EVENTS: u64 = 30_000;

/// Makes `STREAMS` payment streams, each of a user of its own, and publishes until the log ends with `EVENTS`: event
/// `id` is of the payment stream `id % STREAMS`.
fn fill(address: SocketAddr) {
    let streams: Vec<_> = (1..=STREAMS)
        .map(|id| created(&(id % STREAMS).to_string(), &format!("G{}", id % STREAMS), "GALL"))
        .collect();
    assert_eq!(publish_lines(address, &streams).status, 201);
    let mut next = STREAMS + 1;
    while next <= EVENTS {
        let end = (next + 4000).min(EVENTS + 1);
        let events: Vec<_> =
            (next..end).map(|id| topped_up(&(id % STREAMS).to_string(), &id.to_string())).collect();
        assert_eq!(publish_lines(address, &events).status, 201);
        next = end;
    }
}

fn ids_of(stream: u64, after: u64, last: u64) -> Vec<String> {
    (after + 1..=last).filter(|id| id % STREAMS == stream).map(|id| id.to_string()).collect()
}

#[test]
fn one_of_many_gets_exactly_its_events() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    fill(server.address);
    for (terms, streams) in
        [("streams=7", &[7][..]), ("users=G8", &[8]), ("streams=9&users=G9,G10", &[9, 10])]
    {
        for after in [1, 12_345, 29_900] {
            let target = format!("/events/subscribe?{terms}");
            let mut subscription = Subscription::resume(server.address, &target, &after.to_string());
            subscription.greeting();
            let expected: Vec<String> = (after + 1..=EVENTS)
                .filter(|id| streams.contains(&(id % STREAMS)))
                .map(|id| id.to_string())
                .collect();
            assert_eq!(subscription.ids(expected.len()), expected, "{target} after {after}");
        }
    }
    // Nothing more has come to any of them; the next event comes to the one it is for.
    let mut subscription = Subscription::resume(server.address, "/events/subscribe?streams=7", "29000");
    subscription.greeting();
    assert_eq!(subscription.ids(20), ids_of(7, 29_000, EVENTS));
    publish(server.address, &topped_up("8", "1"));
    let own = publish(server.address, &topped_up("7", "1"));
    assert_eq!(subscription.ids(1), [own]);
}

#[test]
fn nothing_is_lost_or_doubled_while_others_publish() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    fill(server.address);
    let address = server.address;
    let done = AtomicBool::new(false);
    let last = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let mut last = EVENTS;
            while !done.load(Ordering::Acquire) {
                let events: Vec<_> = (last + 1..=last + 100)
                    .map(|id| topped_up(&(id % STREAMS).to_string(), &id.to_string()))
                    .collect();
                assert_eq!(publish_lines(address, &events).status, 201);
                last += 100;
            }
            last
        });
        for stream in [3, 4] {
            let target = format!("/events/subscribe?streams={stream}");
            let mut subscription = Subscription::resume(address, &target, "1");
            subscription.greeting();
            let expected = ids_of(stream, 1, EVENTS + 1000);
            assert_eq!(subscription.ids(expected.len()), expected, "{target}");
        }
        done.store(true, Ordering::Release);
        publishing.join().unwrap()
    });
    assert!(last >= EVENTS + 1000);
}

#[test]
fn pages_of_a_filter_agree_with_its_replay() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    fill(server.address);
    for order in ["asc", "desc"] {
        for (filter, expected) in [("streams=7", ids_of(7, 0, EVENTS)), ("users=G8", ids_of(8, 0, EVENTS))] {
            let mut expected = expected;
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page =
                    get(server.address, &format!("/events?{filter}&order={order}&limit=250{cursor}")).json();
                let events = page["events"].as_array().unwrap();
                found.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
                let name = if order == "asc" { "after" } else { "before" };
                cursor = format!("&{name}={}", page["lastEventId"].as_str().unwrap());
                if page["hasMore"] == false {
                    break;
                }
                assert!(found.len() <= expected.len(), "pages without end");
            }
            if order == "desc" {
                expected.reverse();
            }
            assert_eq!(found, expected, "{filter} {order}");
        }
    }
}
