//! `GET /metrics`: the text format, and that it says what the statistics say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::collections::HashMap;

use simd_json::prelude::*;
use support::{Server, Subscription, data_directory, get, get_with, publish, topped_up, until};

/// The samples by name and labels, after the shape of every line was checked.
fn samples(text: &str) -> HashMap<String, f64> {
    let (mut kinds, mut found): (HashMap<&str, &str>, _) = (HashMap::new(), HashMap::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(rest.split_once(' ').is_some_and(|(_, help)| help.ends_with('.')), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(name.starts_with("tailwire_") && matches!(kind, "gauge" | "counter"), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert!(kinds.insert(name, kind).is_none(), "{name} is there twice");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(kinds.contains_key(name), "no type before {line}");
            assert!(found.insert(series.to_owned(), value.parse().unwrap()).is_none(), "twice: {series}");
        }
    }
    found
}

#[test]
fn metrics_say_what_the_statistics_say() {
    let directory = data_directory();
    let flags = ["--trusted-proxies", "127.0.0.1", "--max-connections-per-address", "1"];
    let server = Server::start(directory.path(), &flags);
    let target = "/events/subscribe?streams=1";
    let from = [("X-Forwarded-For", "192.0.2.1"), ("Prefer", "status")];
    let mut inside = Subscription::open_with(server.address, target, &from);
    inside.greeting();
    assert_eq!(get_with(server.address, target, &from).status, 429);
    publish(server.address, &topped_up("1", "1"));
    inside.event();
    let found = until("the gauges have caught up", || {
        let answer = get(server.address, "/metrics");
        assert_eq!(answer.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let found = samples(&answer.text());
        (found["tailwire_subscriptions{filter=\"streams\"}"] == 1.0).then_some(found)
    });
    for (series, value) in [
        ("tailwire_subscribers", 1.0),
        ("tailwire_subscribed_addresses", 1.0),
        ("tailwire_last_event_id", 1.0),
        ("tailwire_events_published_total", 1.0),
        ("tailwire_refusals_total{reason=\"address\"}", 1.0),
        ("tailwire_refusals_total{reason=\"rate\"}", 0.0),
        ("tailwire_connections_limit{per=\"address\"}", 1.0),
        ("tailwire_filter_terms_max", 1024.0),
    ] {
        assert_eq!(found.get(series), Some(&value), "{series}");
    }
    let stats = get(server.address, "/events/stats").json();
    assert_eq!(stats["limits"]["connectionsPerAddress"], 1);
    assert!(stats["limits"]["connectionsPerUser"].is_null(), "off on loopback: {stats:?}");
    assert_eq!(stats["refusals"]["address"], 1);
}
