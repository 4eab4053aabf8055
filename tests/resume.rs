//! Where a subscription starts: the last event id in its two spellings, `since`, `from`, which wins over
//! which, and that an event arrives once however many terms of the filter match it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use simd_json::prelude::*;
use support::{Server, Subscription, created, data_directory, get, publish, topped_up, type_of, until};

const ALL: &str = "/events/subscribe?all=true";

/// A server whose log holds events 1 to `count`, all of payment stream 1 between GA and GB.
fn server_with(directory: &std::path::Path, count: usize) -> Server {
    let server = Server::start(directory, &[]);
    publish(server.address, &created("1", "GA", "GB"));
    for number in 1..count {
        publish(server.address, &topped_up("1", &number.to_string()));
    }
    server
}

/// Subscribes, publishes one event more, and checks which ids come and where the greeting says it starts.
fn check(address: SocketAddr, target: &str, last_event_id: Option<&str>, start: u64) {
    let marker = |id: u64| format!("{target} with {last_event_id:?} began at {id}");
    let mut subscription = match last_event_id {
        Some(id) => Subscription::resume(address, target, id),
        None => Subscription::open(address, target),
    };
    let greeting = subscription.greeting();
    assert_eq!(greeting.id.as_deref(), Some(start.to_string().as_str()), "{}", marker(start));
    let last: u64 = publish(address, &topped_up("1", "1")).parse().unwrap();
    let ids: Vec<String> = (start + 1..=last).map(|id| id.to_string()).collect();
    assert_eq!(subscription.ids(ids.len()), ids, "{}", marker(start));
}

#[test]
fn a_last_event_id_decides_in_header_and_query_and_the_header_wins() {
    let directory = data_directory();
    let server = server_with(directory.path(), 3);
    let address = server.address;
    check(address, ALL, Some("1"), 1);
    check(address, &format!("{ALL}&lastEventId=2"), None, 2);
    check(address, &format!("{ALL}&lastEventId=2"), Some("1"), 1);
    check(address, ALL, Some("0"), 0);
    check(address, &format!("{ALL}&from=earliest"), Some("2"), 2);
    check(address, &format!("{ALL}&since=2001-01-01T00:00:00Z"), Some("2"), 2);
    // An empty one counts as none, in the header as in the query.
    check(address, &format!("{ALL}&lastEventId=2"), Some(""), 2);
    check(address, &format!("{ALL}&lastEventId=&from=earliest"), None, 0);
}

#[test]
fn equal_headers_that_a_redirect_doubled_are_one() {
    let directory = data_directory();
    let server = server_with(directory.path(), 3);
    let doubled = [("Last-Event-ID", "1"), ("last-event-id", "1")];
    let mut subscription = Subscription::open_with(server.address, ALL, &doubled);
    subscription.greeting();
    assert_eq!(subscription.ids(2), ["2", "3"]);
}

#[test]
fn without_a_position_only_what_comes_after_is_sent() {
    let directory = data_directory();
    let server = server_with(directory.path(), 3);
    check(server.address, ALL, None, 3);
    check(server.address, &format!("{ALL}&from=latest"), None, 4);
    check(server.address, &format!("{ALL}&from=earliest"), None, 0);
}

#[test]
fn since_starts_at_the_first_event_at_or_after_a_time() {
    let directory = data_directory();
    let server = server_with(directory.path(), 1);
    let address = server.address;
    let published_at = |id: &str| {
        let after = id.parse::<u64>().unwrap() - 1;
        let page = get(address, &format!("/events?all=true&after={after}&limit=1")).json();
        page["events"][0]["publishedAt"].as_u64().unwrap()
    };
    let first = published_at("1");
    // The next event of another millisecond; those before it share their time with the first.
    let (id, time) = until("the clock moves", || {
        let id = publish(address, &topped_up("1", "1"));
        let time = published_at(&id);
        (time > first).then_some((id, time))
    });
    let before = id.parse::<u64>().unwrap() - 1;
    check(address, &format!("{ALL}&since={time}"), None, before);
    check(address, &format!("{ALL}&since={first}"), None, 0);
    let stamp = jiff::Timestamp::from_millisecond(i64::try_from(time).unwrap()).unwrap();
    check(address, &format!("{ALL}&since={stamp}"), None, before);
    check(address, &format!("{ALL}&from=latest&since={time}"), None, before);
    // Older than the log, from which nothing was removed: everything, without a gap.
    check(address, &format!("{ALL}&since=1577836800000"), None, 0);
    let future = time + 3_600_000;
    let last: u64 = get(address, "/events?all=true&order=desc&limit=1").json()["events"][0]["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap();
    check(address, &format!("{ALL}&since={future}"), None, last);
    check(address, &format!("{ALL}&since=2999-12-31T23:59:59Z"), None, last + 1);
}

#[test]
fn seconds_and_nonsense_in_since_are_refused() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for since in ["1708560000", "99999999999", "0", "-5", "soon", "2024-02-30T00:00:00Z"] {
        let answer = get(server.address, &format!("{ALL}&since={since}"));
        assert_eq!(answer.status, 400, "since={since} was answered {answer:?}");
        answer.error();
    }
}

#[test]
fn types_narrow_whatever_else_is_asked_for() {
    let directory = data_directory();
    let server = server_with(directory.path(), 3);
    publish(server.address, "{\"type\":\"stream.paused\",\"data\":{\"streamId\":1}}");
    for terms in ["all=true", "streams=1", "users=GB"] {
        for types in ["types=stream.created,stream.paused", "types=stream.created&types=stream.paused"] {
            let target = format!("/events/subscribe?{terms}&{types}&from=earliest");
            let mut subscription = Subscription::open(server.address, &target);
            subscription.greeting();
            let events = subscription.events(2);
            let names: Vec<&str> = events.iter().map(type_of).collect();
            assert_eq!(names, ["stream.created", "stream.paused"], "{target}");
        }
    }
}

#[test]
fn overlapping_terms_deliver_an_event_once_live_and_in_replay() {
    let directory = data_directory();
    let server = server_with(directory.path(), 1);
    let overlapping = "streams=1&streams=1,1&users=GA&users=GB,GA&all=true";
    for filter in [overlapping, "streams=1&users=GA,GB"] {
        let target = format!("/events/subscribe?{filter}&from=earliest");
        let mut subscription = Subscription::open(server.address, &target);
        subscription.greeting();
        let before: u64 = subscription.event().id.unwrap().parse().unwrap();
        assert_eq!(before, 1);
        let last: u64 = publish(server.address, &topped_up("1", "9")).parse().unwrap();
        let ids: Vec<String> = (2..=last).map(|id| id.to_string()).collect();
        assert_eq!(subscription.ids(ids.len()), ids, "{filter}");
        let next = publish(server.address, &topped_up("1", "10"));
        assert_eq!(subscription.event().id, Some(next), "{filter}");
    }
}
