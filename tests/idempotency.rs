//! The same event sent again: under an `Idempotency-Key`, under a `dedupeKey`, at a source's position. It is
//! stored once and delivered once, also over a restart, also when both come at the same time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;
use std::sync::Barrier;

use simd_json::prelude::*;
use support::{
    Answer, Server, Subscription, created, data_directory, post, post_with, publish, publish_lines, topped_up,
};

fn with_header(address: SocketAddr, key: &str, event: &str) -> Answer {
    post_with(address, "/events", &[("Content-Type", "application/json"), ("Idempotency-Key", key)], event)
}

/// The event with something more beside its data.
fn with_field(event: &str, field: &str) -> String {
    format!("{{{field},{}", event.strip_prefix('{').unwrap())
}

fn assert_first(answer: &Answer, id: &str) {
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    assert_eq!(json["eventId"], id);
    assert_ne!(json.get("duplicate").and_then(ValueAsScalar::as_bool), Some(true));
}

fn assert_duplicate(answer: &Answer, id: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["eventId"], id);
    assert_eq!(answer.json()["duplicate"], true);
}

#[test]
fn a_key_stores_once_whichever_way_it_is_given_and_after_a_restart() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let (address, event) = (server.address, topped_up("1", "5"));
    let keyed = with_field(&event, "\"dedupeKey\":\"tx-1\"");
    assert_first(&with_header(address, "tx-1", &event), "1");
    assert_duplicate(&with_header(address, "tx-1", &event), "1");
    assert_duplicate(&post(address, "/events", &keyed), "1");
    assert_first(&post(address, "/events", &with_field(&event, "\"dedupeKey\":\"tx-2\"")), "2");
    assert_duplicate(&with_header(address, "tx-2", &event), "2");
    // White space and the indexer form are the same data.
    assert_duplicate(&with_header(address, "tx-1", &event.replace(',', " ,\n ")), "1");
    let indexer = "{\"eventType\":\"TOPPED_UP\",\"dedupeKey\":\"tx-1\",\"streamId\":1,\"amount\":\"5\"}";
    assert_duplicate(&post(address, "/events", indexer), "1");
    let fields = [("Content-Type", "application/json"), ("Idempotency-Key", "tx-1")];
    assert_duplicate(&post_with(address, "/streams/1/top-up", &fields, "{\"amount\":\"5\"}"), "1");

    let mut subscription = Subscription::open(address, "/events/subscribe?all=true&from=earliest");
    subscription.greeting();
    publish(address, &event);
    let events = subscription.events(3);
    assert_eq!(events[2].id.as_deref(), Some("3"), "a duplicate was delivered");
    assert!(events.iter().all(|event| !event.data.contains("tx-")), "the key stays out of the data");
    drop(subscription);
    assert!(server.terminate().success());

    for clean in [true, false] {
        let server = Server::start(directory.path(), &[]);
        assert_duplicate(&with_header(server.address, "tx-1", &event), "1");
        assert_duplicate(&post(server.address, "/events", &keyed), "1");
        assert_eq!(with_header(server.address, "tx-1", &topped_up("1", "6")).status, 409);
        if clean {
            assert!(server.terminate().success());
        } else {
            server.kill();
        }
    }
}

#[test]
fn a_key_with_other_data_is_a_conflict() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let address = server.address;
    assert_first(&with_header(address, "k", &topped_up("1", "5")), "1");
    for other in [
        topped_up("1", "6"),
        topped_up("2", "5"),
        topped_up("1", "5").replace("topped_up", "withdrawn"),
        topped_up("1", "5").replace("\"amount\"", "\"ledger\":1,\"amount\""),
    ] {
        let answer = with_header(address, "k", &other);
        assert_eq!(answer.status, 409, "{other}: {answer:?}");
        answer.error();
    }
    assert_eq!(publish(address, &topped_up("1", "5")), "2", "a conflict stored something");
}

#[test]
fn a_key_twice_in_one_batch_counts_once() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let keyed = |key: &str| with_field(&topped_up("1", "5"), &format!("\"dedupeKey\":\"{key}\""));
    assert_first(&post(server.address, "/events", &keyed("old")), "1");
    let batch = [keyed("a"), keyed("b"), keyed("a"), keyed("old")];
    let answer = publish_lines(server.address, &batch);
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    let results = json["results"].as_array().unwrap();
    let seen: Vec<_> = results
        .iter()
        .map(|result| {
            let duplicate = result.get("duplicate").and_then(ValueAsScalar::as_bool).unwrap_or(false);
            (result["eventId"].as_str().unwrap(), duplicate)
        })
        .collect();
    assert_eq!(seen, [("2", false), ("3", false), ("2", true), ("1", true)]);
    assert_eq!(publish(server.address, &topped_up("1", "5")), "4");
}

#[test]
fn keys_are_checked() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let event = topped_up("1", "5");
    for key in [&"k".repeat(129), "", "two words", "t\u{e4}g"] {
        let header = with_header(server.address, key, &event);
        assert_eq!(header.status, 400, "{key:?}: {header:?}");
        let field = post(server.address, "/events", &with_field(&event, &format!("\"dedupeKey\":\"{key}\"")));
        assert_eq!(field.status, 400, "{key:?}: {field:?}");
    }
    let array = with_header(server.address, "k", &format!("[{event},{event}]"));
    assert_eq!(array.status, 400, "the header is for a single event: {array:?}");
    assert_first(&with_header(server.address, &"k".repeat(128), &event), "1");
}

#[test]
fn the_same_event_at_the_same_time_is_stored_once() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "2"]);
    let address = server.address;
    for round in 0..20 {
        let (barrier, key) = (Barrier::new(8), format!("race-{round}"));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let race = || {
                barrier.wait();
                with_header(address, &key, &topped_up("1", "5"))
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let id = (round + 1).to_string();
        let firsts = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(firsts, 1, "round {round}: {answers:?}");
        for answer in answers {
            assert_eq!(answer.json()["eventId"], id.as_str(), "round {round}");
        }
    }
}

#[test]
fn a_source_at_or_below_its_position_is_a_duplicate() {
    let directory = data_directory();
    let event = |source: &str, position: u64| {
        with_field(&topped_up("1", "5"), &format!("\"source\":\"{source}\",\"position\":{position}"))
    };
    let server = Server::start(directory.path(), &[]);
    let duplicate = |server: &Server, event: &str| {
        let answer = post(server.address, "/events", event);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["duplicate"], true);
    };
    assert_first(&post(server.address, "/events", &event("indexer", 100)), "1");
    assert_first(&post(server.address, "/events", &event("indexer", 105)), "2");
    assert_first(&post(server.address, "/events", &event("other", 3)), "3");
    for position in [105, 104, 100, 1] {
        duplicate(&server, &event("indexer", position));
    }
    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &[]);
    duplicate(&server, &event("indexer", 105));
    assert_first(&post(server.address, "/events", &event("indexer", 106)), "4");
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true&from=earliest");
    subscription.greeting();
    assert!(subscription.events(4).iter().all(|event| !event.data.contains("indexer")));
}

#[test]
fn a_key_may_stand_in_the_body_of_a_new_stream_and_of_an_action() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let body = r#"{"sender":"GA","recipient":"GB","token":"C","amount":5,"streamId":7,"dedupeKey":"k"}"#;
    let first = post(server.address, "/streams", body);
    assert_eq!(first.status, 201, "{first:?}");
    assert!(!first.text().contains("dedupeKey"), "the key stays out of the data: {}", first.text());
    assert_duplicate(&post(server.address, "/streams", body), "1");
    let action = r#"{"amount":"1","dedupeKey":"k2"}"#;
    assert_eq!(post(server.address, "/streams/7/top-up", action).status, 201);
    assert_duplicate(&post(server.address, "/streams/7/top-up", action), "2");
    let fields = [("Content-Type", "application/json"), ("Idempotency-Key", "other")];
    assert_eq!(
        post_with(server.address, "/streams/7/top-up", &fields, action).status,
        400,
        "two keys that differ"
    );
}

#[test]
fn a_kill_and_a_start_from_the_snapshot_change_no_answer() {
    let directory = data_directory();
    let memory = directory.path().join("data").join("MEMORY");
    let at = |position: u64| {
        with_field(&topped_up("1", "5"), &format!("\"source\":\"indexer\",\"position\":{position}"))
    };
    let server = Server::start(directory.path(), &[]);
    assert_first(&with_header(server.address, "tx", &topped_up("1", "5")), "1");
    assert_first(&post(server.address, "/events", &at(100)), "2");
    publish(server.address, &created("7", "GA", "GB"));
    server.kill();
    let lives =
        ["no snapshot", "from the snapshot", "from the snapshot and the events since", "a damaged one"];
    for (next, life) in (4..).zip(lives) {
        let server = Server::start(directory.path(), &[]);
        let warned = server.log().contains("the snapshot of idempotency keys and parties does not count");
        assert_eq!(warned, life == "a damaged one", "{life}: {}", server.log());
        assert_duplicate(&with_header(server.address, "tx", &topped_up("1", "5")), "1");
        assert_eq!(with_header(server.address, "tx", &topped_up("1", "6")).status, 409, "{life}");
        let position = 96 + next;
        for known in [position, position - 1, 1] {
            let id = if next == 4 { 2 } else { next - 1 };
            let answer = post(server.address, "/events", &at(known));
            assert_duplicate(&answer, &id.to_string());
        }
        assert_eq!(post(server.address, "/events", &created("7", "GA", "GX")).status, 409, "{life}");
        // A new position of the source is stored, and is what the next life must know.
        assert_first(&post(server.address, "/events", &at(position + 1)), &next.to_string());
        support::until("there is a snapshot", || memory.exists().then_some(()));
        server.kill();
        if life == "from the snapshot and the events since" {
            std::fs::write(&memory, b"TWMEMO\r\n\x01").unwrap();
        }
    }
}
