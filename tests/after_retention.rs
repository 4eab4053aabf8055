//! What clients see once the oldest events are gone: gaps with exact numbers, positions and times that still
//! hold, keys that count no more; and the same after a restart, and where nothing is kept at all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use simd_json::prelude::*;
use support::{
    Frame, Json, Server, Subscription, created, data_directory, get, history, post_with, publish,
    publish_lines, topped_up, until,
};

const ALL: &str = "/events/subscribe?all=true";

fn earliest(address: SocketAddr) -> u64 {
    let stats = get(address, "/events/stats").json();
    stats["earliestEventId"].as_str().unwrap().parse().unwrap()
}

/// The first kept event, once the log is as small as it is to be.
fn cut_to(address: SocketAddr, bytes_max: u64) -> u64 {
    until("the log is as small as it is to be", || {
        let stats = get(address, "/events/stats").json();
        (stats["log"]["bytes"].as_u64().unwrap() <= bytes_max).then(|| earliest(address))
    })
}

/// Publishes under a key: the answer's status, and the id.
fn with_key(address: SocketAddr, key: &str, event: &str) -> (u16, String) {
    let fields = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let answer = post_with(address, "/events", &fields, event);
    (answer.status, answer.json()["eventId"].as_str().unwrap().to_owned())
}

/// What a subscriber's first chunk says: the position, or the gap.
fn beginning(
    address: SocketAddr,
    target: &str,
    last_event_id: Option<&str>,
) -> (Option<String>, Option<String>) {
    let mut subscription = match last_event_id {
        Some(id) => Subscription::resume(address, target, id),
        None => Subscription::open(address, target),
    };
    let chunk = subscription.chunk().unwrap();
    match &chunk[..] {
        [Frame::Block(greeting)] => (greeting.id.clone(), None),
        [Frame::Block(greeting), Frame::Block(gap)] => {
            assert_eq!((greeting.id.as_deref(), gap.event.as_deref()), (None, Some("gap")));
            (gap.id.clone(), Some(gap.data.clone()))
        }
        _ => panic!("{chunk:?}"),
    }
}

fn gap(requested: &str, earliest: u64, missed: Option<u64>) -> String {
    let missed = missed.map_or("null".to_owned(), |missed| missed.to_string());
    format!("{{\"requested\":\"{requested}\",\"earliest\":\"{earliest}\",\"missed\":{missed}}}")
}

fn page(address: SocketAddr, query: &str) -> Json {
    get(address, &format!("/events?all=true&{query}")).json()
}

fn published_at(address: SocketAddr, id: u64) -> u64 {
    page(address, &format!("after={}&limit=1", id - 1))["events"][0]["publishedAt"].as_u64().unwrap()
}

/// Everything a client may ask with the first `cut - 1` of `last` events gone. `before_ms`: a time before all of them.
fn check(address: SocketAddr, cut: u64, last: u64, before_ms: u64) {
    let (edge, tail) = ((cut - 1).to_string(), last.to_string());
    let whole = |id: &str| (Some(id.to_owned()), None);
    let cut_off = |gap: String| (Some(edge.clone()), Some(gap));
    // By id.
    for behind in [0, 1, cut - 2] {
        let said = cut_off(gap(&behind.to_string(), cut, Some(cut - 1 - behind)));
        assert_eq!(beginning(address, ALL, Some(&behind.to_string())), said);
        let page = page(address, &format!("after={behind}&limit=1"));
        assert_eq!(page["gap"].encode(), gap(&behind.to_string(), cut, Some(cut - 1 - behind)));
    }
    assert_eq!(beginning(address, ALL, Some(&edge)), whole(&edge), "the edge is no gap");
    assert_eq!(page(address, &format!("after={edge}&limit=1"))["gap"], Json::from(()));
    // By place and by time.
    assert_eq!(beginning(address, &format!("{ALL}&from=earliest"), None), whole(&edge));
    assert_eq!(beginning(address, ALL, None), whole(&tail));
    let since = |ms: u64| beginning(address, &format!("{ALL}&since={ms}"), None);
    assert_eq!(since(before_ms), cut_off(gap(&before_ms.to_string(), cut, None)));
    assert_eq!(since(before_ms + 86_400_000), whole(&tail), "the future is the latest");
    let first_page = page(address, "limit=1");
    assert_eq!(first_page["earliestEventId"].as_str(), Some(cut.to_string().as_str()));
    if cut <= last {
        assert_eq!(first_page["events"][0]["id"].as_str(), Some(cut.to_string().as_str()));
        assert_eq!(since(published_at(address, cut)), whole(&edge), "the first kept event's time");
        let down = page(address, &format!("order=desc&before={}", cut + 2));
        assert_eq!(down["events"].as_array().unwrap().len(), 2);
        assert_eq!(down["hasMore"].as_bool(), Some(false), "{down}");
    } else {
        assert_eq!(first_page["events"].as_array().unwrap().len(), 0);
        assert_eq!(first_page["hasMore"].as_bool(), Some(false));
    }
}

#[test]
fn by_bytes() {
    let directory = data_directory();
    let flags = ["--segment-bytes", "4MiB", "--retain-bytes", "12MiB", "--min-free-bytes", "16MiB"];
    let server = Server::start(directory.path(), &flags);
    let address = server.address;
    assert_eq!(with_key(address, "old", &created("7", "GA", "GB")), (201, "1".to_owned()));
    let before_ms = published_at(address, 1);
    // So that the time of what is kept is not that of what is gone.
    until("the clock goes on", || {
        publish(address, &topped_up("8", "1"));
        let last = *history(address).last_key_value().unwrap().0;
        (published_at(address, last) > before_ms).then_some(())
    });
    let filler = topped_up("8", &format!("1\",\"memo\":\"{}", "x".repeat(50_000)));
    until("the first events are gone", || {
        assert_eq!(publish_lines(address, &vec![filler.clone(); 16]).status, 201);
        (earliest(address) > 1).then_some(())
    });
    let mut of_sender = Subscription::open(address, "/events/subscribe?users=GA");
    of_sender.greeting();
    assert_eq!(with_key(address, "new", &topped_up("7", "2")).0, 201);
    let cut = cut_to(address, 12 << 20);
    let last = *history(address).last_key_value().unwrap().0;
    check(address, cut, last, before_ms);

    // Parties outlive their event, keys do not.
    assert_eq!(of_sender.event().id, Some(last.to_string()));
    assert_eq!(with_key(address, "new", &topped_up("7", "2")), (200, last.to_string()));
    assert_eq!(with_key(address, "old", &topped_up("7", "3")), (201, (last + 1).to_string()));

    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &flags);
    check(server.address, cut_to(server.address, 12 << 20), last + 1, before_ms);
    assert_eq!(with_key(server.address, "new", &topped_up("7", "2")), (200, last.to_string()));
    assert_eq!(with_key(server.address, "old", &topped_up("7", "3")), (200, (last + 1).to_string()));
}

#[test]
fn by_age() {
    let directory = data_directory();
    let flags = ["--segment-bytes", "4MiB", "--retain-age", "2s", "--min-free-bytes", "16MiB"];
    let server = Server::start(directory.path(), &flags);
    let address = server.address;
    publish(address, &topped_up("7", "1"));
    let before_ms = published_at(address, 1) - 1;
    let mut last = 1;
    until("the first event is over its age", || {
        last = publish(address, &topped_up("7", "1")).parse().unwrap();
        (earliest(address) > 1).then_some(())
    });
    let kept = history(address);
    assert!(kept.contains_key(&last) && !kept.contains_key(&1), "{kept:?}");
    assert!(server.terminate().success());

    // Nobody publishes any more: in the end nothing is kept.
    let server = Server::start(directory.path(), &flags);
    let address = server.address;
    until("everything is gone", || (earliest(address) == last + 1).then_some(()));
    check(address, last + 1, last, before_ms);
    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &flags);
    check(server.address, last + 1, last, before_ms);
    assert_eq!(publish(server.address, &topped_up("7", "2")), (last + 1).to_string(), "no id is given twice");
}
