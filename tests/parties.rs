//! Who an event is for: the sender and recipient of its payment stream, wherever they were first named,
//! whether or not the event itself names them; and a collected fee, which is for those who take everything.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use support::{Server, Subscription, created, data_directory, post, publish, publish_lines, topped_up};

/// The ids that a filter brings, up to and with the marker, which is published last and for everyone asked
/// here.
fn ids(address: SocketAddr, filter: &str, marker: &str) -> Vec<String> {
    let mut subscription = Subscription::open(address, &format!("/events/subscribe?{filter}&from=earliest"));
    subscription.greeting();
    let mut ids = Vec::new();
    while ids.last().is_none_or(|last| last != marker) {
        ids.extend(subscription.ids(1));
    }
    ids
}

#[test]
fn the_parties_of_a_batch_hold_for_all_of_it() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let batch =
        [topped_up("9", "1"), created("9", "GA", "GB"), topped_up("9", "2"), created("8", "GC", "GD")];
    assert_eq!(publish_lines(server.address, &batch).status, 201);
    publish(server.address, &topped_up("9", "3"));
    for user in ["GA", "GB"] {
        assert_eq!(ids(server.address, &format!("users={user}"), "5"), ["1", "2", "3", "5"]);
    }
    assert_eq!(ids(server.address, "users=GC", "4"), ["4"]);
}

#[test]
fn parties_beside_the_data_are_for_streams_older_than_the_log() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &topped_up("5", "1"));
    let event = "{\"type\":\"stream.withdrawn\",\"data\":{\"streamId\":5,\"amount\":\"1\"},\
                 \"parties\":{\"sender\":\"GA\",\"recipient\":\"GB\"}}";
    publish(server.address, event);
    publish(server.address, &topped_up("5", "2"));
    for user in ["GA", "GB"] {
        assert_eq!(ids(server.address, &format!("users={user}"), "3"), ["2", "3"], "{user}");
    }
    let mut subscription = Subscription::open(server.address, "/events/subscribe?streams=5&from=earliest");
    subscription.greeting();
    let events = subscription.events(3);
    assert_eq!(events[1].data, "{\"streamId\":5,\"amount\":\"1\"}", "parties are not shown");
}

#[test]
fn what_an_event_itself_names_counts_when_nothing_else_is_known() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let withdrawal =
        "{\"type\":\"stream.withdrawn\",\"data\":{\"streamId\":5,\"amount\":\"1\",\"recipient\":\"GB\"}}";
    publish(server.address, withdrawal);
    publish(server.address, &created("6", "GX", "GB"));
    assert_eq!(ids(server.address, "users=GB", "2"), ["1", "2"]);
}

#[test]
fn the_first_known_parties_stand() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    for other in [created("1", "GX", "GB"), created("1", "GA", "GX"), created("1", "GB", "GA")] {
        let answer = post(server.address, "/events", &other);
        assert_eq!(answer.status, 409, "{other}: {answer:?}");
        answer.error();
    }
    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &[]);
    assert_eq!(post(server.address, "/events", &created("1", "GA", "GX")).status, 409, "after a restart");
    assert_eq!(publish(server.address, &topped_up("1", "1")), "2");
    assert_eq!(ids(server.address, "users=GA", "2"), ["1", "2"]);
}

#[test]
fn a_fee_is_for_those_who_take_everything() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let filters = ["streams=1", "users=GA", "users=GB", "streams=1&users=GA,GB"];
    let open = |filter: &str| {
        let mut subscription = Subscription::open(server.address, &format!("/events/subscribe?{filter}"));
        subscription.greeting();
        subscription
    };
    let mut live: Vec<_> = filters.into_iter().map(open).collect();
    let mut everything = open("all=true");
    publish(server.address, &created("1", "GA", "GB"));
    let fee = "{\"type\":\"stream.fee_collected\",\"data\":{\"streamId\":1,\"feeAmount\":\"3\",\
               \"treasury\":\"GT\"}}";
    publish(server.address, fee);
    publish(server.address, &topped_up("1", "1"));
    assert_eq!(everything.ids(3), ["1", "2", "3"]);
    for (subscription, filter) in live.iter_mut().zip(filters) {
        assert_eq!(subscription.ids(2), ["1", "3"], "live, {filter}");
        assert_eq!(ids(server.address, filter, "3"), ["1", "3"], "replay, {filter}");
    }
}
