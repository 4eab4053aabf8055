//! The quick start: a fresh server, one subscriber to everything, one `POST /streams` with the placeholder
//! body, and the event that follows; the spellings of a filter; the prefix `/v1`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::collections::HashSet;

use simd_json::prelude::*;
use support::{PLACEHOLDER, Server, Subscription, data_directory, data_of, get, post, type_of};

/// The greeting's bytes, but for the three values that vary.
fn assert_greeting(block: &support::Block, last: &str) -> u64 {
    let retry_ms = block.retry_ms.unwrap();
    assert!((1500..=2500).contains(&retry_ms), "retry {retry_ms}");
    let data = data_of(block);
    let (client, earliest) = (data["clientId"].as_str().unwrap(), data["earliestEventId"].as_str().unwrap());
    assert!(!client.is_empty());
    let expected = format!(
        "retry: {retry_ms}\ndata: {{\"type\":\"connected\",\"clientId\":\"{client}\",\
         \"lastEventId\":\"{last}\",\"earliestEventId\":\"{earliest}\"}}\nid: {last}\n\n"
    );
    assert_eq!(block.raw, expected);
    retry_ms
}

#[test]
fn the_first_event_reaches_the_first_subscriber() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true");
    for (name, value) in [
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
    ] {
        assert_eq!(subscription.head.field(name), Some(value), "{name}");
    }
    assert_greeting(&subscription.greeting(), "0");

    let answer = post(server.address, "/streams", PLACEHOLDER);
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    let name = json["id"].as_str().unwrap();
    let random = name.strip_prefix("pending-").unwrap();
    assert!(random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
    assert_eq!(json["streamId"], name);
    assert_eq!(json["eventId"], "1");
    assert_eq!(json["status"], "pending");

    let event = subscription.event();
    assert_eq!(type_of(&event), "stream.created");
    assert_eq!(event.id.as_deref(), Some("1"));
    assert_eq!(event.raw, format!("event: stream.created\ndata: {}\nid: 1\n\n", event.data));
    let data = data_of(&event);
    assert_eq!(data["streamId"], name);
    let sent = simd_json::to_owned_value(&mut PLACEHOLDER.to_owned().into_bytes()).unwrap();
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&data[field.as_str()], value, "{field} in the event");
        assert_eq!(&json[field.as_str()], value, "{field} in the answer");
    }

    let location = answer.field("location").unwrap();
    assert_eq!(location, "/events?all=true&after=0&limit=1");
    let page = get(server.address, location).json();
    assert_eq!(page["events"][0]["id"], "1");
    assert_eq!(page["events"][0]["data"], data);
}

#[test]
fn every_spelling_of_a_filter_subscribes() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for query in ["streams=1&streams=2", "streams=1,2", "streams=1", "users=GABC...", "all=true", "all=1"] {
        for prefix in ["", "/v1"] {
            let target = format!("{prefix}/events/subscribe?{query}");
            Subscription::open(server.address, &target).greeting();
        }
    }
    // Clients add parameters of their own; filters come percent-encoded as well.
    for query in
        ["all=true&_=1708560000&stream=messages", "users=G%41BC...", "streams=1%2C2", "all=false&streams=1"]
    {
        Subscription::open(server.address, &format!("/events/subscribe?{query}")).greeting();
    }
}

#[test]
fn a_subscription_without_a_usable_filter_is_refused() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let too_many = (0..1025).map(|stream| stream.to_string()).collect::<Vec<_>>().join(",");
    for query in [
        "",
        "?",
        "?all=false",
        "?all=0",
        "?types=stream.created",
        "?lastEventId=5",
        "?all=true&types=stream.unheard_of",
        "?all=true&types=created",
        "?streams=007",
        "?streams=18446744073709551616",
        "?streams=a%20b",
        "?all=true&since=yesterday",
        &format!("?streams={too_many}"),
    ] {
        let answer = get(server.address, &format!("/events/subscribe{query}"));
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        answer.error();
    }
}

#[test]
fn the_prefix_v1_means_the_same() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, "/v1/events/subscribe?users=GDEF...");
    subscription.greeting();
    let answer = post(server.address, "/v1/streams", PLACEHOLDER);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(subscription.ids(1), ["1"]);
    assert_eq!(get(server.address, "/v1/events?all=true").json()["lastEventId"], "1");
    assert_eq!(get(server.address, "/v1/health").json()["status"], "healthy");
}

#[test]
fn the_retry_time_differs_from_one_greeting_to_the_next() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let retries: HashSet<u64> = (0..20)
        .map(|_| {
            assert_greeting(&Subscription::open(server.address, "/events/subscribe?all=1").greeting(), "0")
        })
        .collect();
    assert!(retries.len() > 1, "a reconnect storm has no spread: {retries:?}");
}
