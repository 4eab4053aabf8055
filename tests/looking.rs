//! The server about itself: health, readiness, statistics, metrics, its description and its page.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{Server, Subscription, created, data_directory, get, publish, until};

#[test]
fn statistics_count_subscribers_and_events() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let stats = || get(server.address, "/events/stats").json();
    let before = stats();
    assert_eq!(before["activeConnections"], 0);
    for name in ["activeIps", "perIpPeakConnections", "maxConnections", "behind", "uptimeSeconds"] {
        assert!(before[name].as_u64().is_some(), "{name} in {before:?}");
    }
    for name in ["lastEventId", "earliestEventId"] {
        assert!(before[name].as_str().is_some(), "{name} in {before:?}");
    }
    assert!(before.get("timestamp").is_some());
    let targets = ["all=true", "streams=1", "users=GA"].map(|filter| format!("/events/subscribe?{filter}"));
    let mut subscriptions: Vec<_> =
        targets.iter().map(|target| Subscription::open(server.address, target)).collect();
    subscriptions.iter_mut().for_each(|subscription| drop(subscription.greeting()));
    publish(server.address, &created("1", "GA", "GB"));
    subscriptions.iter_mut().for_each(|subscription| drop(subscription.event()));
    let after = until("the statistics show three deliveries", || {
        let stats = stats();
        (stats["deliveries"] == 3 && stats["activeConnections"] == 3).then_some(stats)
    });
    assert_eq!(after["lastEventId"], "1");
    assert_eq!(after["eventsPublished"], 1);
    assert_eq!(after["activeIps"], 1);
    for (kind, count) in [("all", 1), ("streams", 1), ("users", 1)] {
        assert_eq!(after["subscriptions"][kind], count, "{kind}");
    }
    assert!(after["log"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    assert!(after["workers"].as_array().is_some_and(|workers| !workers.is_empty()));
    drop(subscriptions);
    until("the places are free again", || (stats()["activeConnections"] == 0).then_some(()));
}

#[test]
fn health_readiness_and_the_rest_answer() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let health = get(server.address, "/health").json();
    assert_eq!(health["status"], "healthy");
    assert!(health["version"].as_str().is_some() && health.get("uptime").is_some());
    assert_eq!(get(server.address, "/ready").status, 200);
    for (target, kind) in [("/", "text/html"), ("/app.js", "text/javascript"), ("/style.css", "text/css")] {
        let page = get(server.address, target);
        assert_eq!(page.status, 200, "{target}");
        assert!(page.field("content-type").unwrap().starts_with(kind), "{target}");
        assert!(page.field("content-security-policy").is_some(), "{target}");
    }
}
