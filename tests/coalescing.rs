//! With `--coalesce-us` every event still comes to everybody, once and in order, and the last of a burst is not
//! forgotten. For how long it may be held is tested where no clock runs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Server, Subscription, created, data_directory, publish};

#[test]
fn bursts_come_whole_and_in_order() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "1", "--coalesce-us", "100000"]);
    let mut subscriptions = ["all=true", "streams=2"]
        .map(|filter| Subscription::open(server.address, &format!("/events/subscribe?{filter}")));
    for subscription in &mut subscriptions {
        subscription.greeting();
    }
    let mut next = 0;
    for burst in [1, 5, 2] {
        let ids: Vec<_> = (0..burst).map(|_| publish(server.address, &created("2", "GA", "GB"))).collect();
        next += burst;
        assert_eq!(ids.last(), Some(&next.to_string()));
        // Nothing else happens that could ring for those that are held.
        for subscription in &mut subscriptions {
            assert_eq!(subscription.ids(burst), ids);
        }
    }
}
