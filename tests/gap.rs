//! A position that the log does not know, or not yet: the subscriber is told by a `gap` frame in the
//! greeting's own chunk, never by an error, and goes on at the tail.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Frame, Server, Subscription, created, data_directory, data_of, publish, topped_up};

/// The greeting and the gap of a subscriber with an unknown position, after three events.
fn check(server: &Server, target: &str, header: Option<&str>, requested: &str) {
    let mut subscription = match header {
        Some(id) => Subscription::resume(server.address, target, id),
        None => Subscription::open(server.address, target),
    };
    let chunk = subscription.chunk().unwrap();
    let [Frame::Block(greeting), Frame::Block(gap)] = &chunk[..] else {
        panic!("{requested:?}: greeting and gap do not come in one chunk: {chunk:?}");
    };
    assert_eq!(greeting.id, None, "the greeting before a gap has no id: {}", greeting.raw);
    assert!(greeting.retry_ms.is_some() && data_of(greeting)["type"] == "connected", "{}", greeting.raw);
    assert_eq!(gap.event.as_deref(), Some("gap"));
    let expected = format!(
        "event: gap\ndata: {{\"requested\":\"{requested}\",\"earliest\":\"4\",\"missed\":null}}\nid: 3\n\n"
    );
    assert_eq!(gap.raw, expected);
}

#[test]
fn an_unknown_position_is_a_gap_and_then_the_tail() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    publish(server.address, &topped_up("1", "1"));
    publish(server.address, &topped_up("1", "2"));
    let target = "/events/subscribe?all=true";
    for unknown in
        ["4", "1000", "18446744073709551615", "1099511627777", "99999999999999999999999", "abc", "-1", "3x"]
    {
        check(&server, target, Some(unknown), unknown);
        check(&server, &format!("{target}&lastEventId={unknown}"), None, unknown);
        check(&server, "/events/subscribe?users=GA", Some(unknown), unknown);
    }
    let mut subscription = Subscription::resume(server.address, target, "77");
    subscription.greeting();
    subscription.named("gap");
    publish(server.address, &topped_up("1", "3"));
    assert_eq!(subscription.ids(1), ["4"]);
}

#[test]
fn a_strange_position_is_repeated_safely() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    let long = "x".repeat(5000);
    for strange in ["\"}\\u0000", "a: b", "<script>", &long] {
        let mut subscription = Subscription::resume(server.address, "/events/subscribe?all=true", strange);
        subscription.greeting();
        let gap = subscription.named("gap");
        let data = data_of(&gap);
        assert_eq!(data["missed"], simd_json::OwnedValue::from(()), "{}", gap.raw);
        assert!(gap.raw.len() < 1000, "a long position is cut: {}", gap.raw.len());
    }
    // A line break by percent-encoding must not become a line of the stream.
    let target = "/events/subscribe?all=true&lastEventId=7%0A%0Aevent:%20stream.created%0Adata:%20forged";
    let mut subscription = Subscription::open(server.address, target);
    subscription.greeting();
    subscription.named("gap");
    publish(server.address, &topped_up("1", "1"));
    assert_eq!(subscription.ids(1), ["2"]);
}

#[test]
fn the_position_after_a_gap_is_one_to_resume_from() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    let mut subscription = Subscription::resume(server.address, "/events/subscribe?all=true", "500");
    subscription.greeting();
    let position = subscription.named("gap").id.unwrap();
    drop(subscription);
    publish(server.address, &topped_up("1", "1"));
    let mut subscription = Subscription::resume(server.address, "/events/subscribe?all=true", &position);
    assert_eq!(subscription.greeting().id, Some(position));
    assert_eq!(subscription.ids(1), ["2"]);
}

#[test]
fn a_position_in_no_readable_spelling_is_unknown_and_not_none() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    let target = "/events/subscribe?all=true";
    let doubled: &[(&str, &str)] = &[("Last-Event-ID", "0"), ("Last-Event-ID", "1")];
    for fields in [&[("Last-Event-ID", "5\u{e9}")], doubled] {
        let mut subscription = Subscription::open_with(server.address, target, fields);
        subscription.greeting();
        let gap = subscription.named("gap");
        assert_eq!(gap.id.as_deref(), Some("1"), "{fields:?}: {}", gap.raw);
    }
}
