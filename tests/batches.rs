//! Many events in one request, as an array or as NDJSON: all or nothing, in order, in one answer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{
    Answer, Server, Subscription, created, data_directory, post, post_with, publish, publish_lines, topped_up,
};

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    let results = json["results"].as_array().unwrap();
    results.iter().map(|result| result["eventId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_batch_is_answered_and_delivered_in_order() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true");
    subscription.greeting();
    let events: Vec<String> = (1..=3).map(|amount| topped_up("1", &amount.to_string())).collect();
    assert_eq!(ids(&post(server.address, "/events", &format!("[{}]", events.join(",")))), ["1", "2", "3"]);
    assert_eq!(ids(&publish_lines(server.address, &events)), ["4", "5", "6"]);
    // An array of one is a batch, and so is one line; blank lines, CRLF and a missing last line end are
    // nothing.
    assert_eq!(ids(&post(server.address, "/events", &format!("[{}]", events[0]))), ["7"]);
    let lines = [("Content-Type", "application/x-ndjson")];
    let untidy = format!("{}\r\n\n{}", events[0], events[1]);
    assert_eq!(ids(&post_with(server.address, "/events", &lines, &untidy)), ["8", "9"]);
    let indexer = "[{\"eventType\":\"PAUSED\",\"streamId\":1},{\"eventType\":\"RESUMED\",\"streamId\":1}]";
    assert_eq!(ids(&post(server.address, "/events", indexer)), ["10", "11"]);
    let expected: Vec<String> = (1..=11).map(|id| id.to_string()).collect();
    assert_eq!(subscription.ids(11), expected);
}

#[test]
fn one_bad_event_stops_the_whole_batch_and_is_named() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let good = topped_up("1", "1");
    let bad = [
        "{\"type\":\"stream.topped_up\",\"data\":{\"streamId\":1}}",
        "{\"type\":\"stream.topped_up\",\"data\":{\"streamId\":1,\"amount\":\"1.5\"}}",
        "{\"type\":\"stream.unheard_of\",\"data\":{\"streamId\":1}}",
    ];
    for bad in bad {
        let events = [&good, &good, bad, &good];
        let array = post(server.address, "/events", &format!("[{}]", events.map(String::from).join(",")));
        let lines = publish_lines(server.address, &events.map(String::from));
        for answer in [array, lines] {
            assert_eq!(answer.status, 400, "{answer:?}");
            answer.error();
            // The index counts from 0: the third event is 2.
            assert!(answer.text().contains("[2]"), "no index in {}", answer.text());
        }
    }
    let broken = publish_lines(server.address, &[good.clone(), "{\"type\":".to_owned()]);
    assert_eq!(broken.status, 400, "{broken:?}");
    assert_eq!(publish(server.address, &good), "1", "something of a refused batch was stored");
}

#[test]
fn a_conflict_inside_a_batch_stores_nothing() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    let batch = [topped_up("1", "1"), created("1", "GA", "GOTHER")];
    assert_eq!(publish_lines(server.address, &batch).status, 409);
    let batch = [created("2", "GA", "GB"), created("2", "GB", "GA")];
    assert_eq!(publish_lines(server.address, &batch).status, 409);
    assert_eq!(publish(server.address, &topped_up("1", "1")), "2");
}

#[test]
fn a_batch_has_a_limit() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let events = |count: usize| vec!["{\"eventType\":\"PAUSED\",\"streamId\":1}".to_owned(); count];
    assert_eq!(ids(&publish_lines(server.address, &events(4096))).len(), 4096);
    let answer = publish_lines(server.address, &events(4097));
    assert_eq!(answer.status, 413, "{}", answer.text());
    answer.error();
    assert_eq!(publish(server.address, &topped_up("1", "1")), "4097");
    for empty in ["[]", ""] {
        let answer = post(server.address, "/events", empty);
        assert!(matches!(answer.status, 201 | 400), "{empty:?}: {answer:?}");
    }
    assert_eq!(publish(server.address, &topped_up("1", "1")), "4098");
}
