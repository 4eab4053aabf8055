//! The log for clients that poll: pages forwards and backwards, filters, and positions that end a page
//! although nothing matched.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{Json, Server, created, data_directory, get, publish, topped_up};

fn page(server: &Server, query: &str) -> Json {
    let answer = get(server.address, &format!("/events?{query}"));
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json()
}

fn check(server: &Server, query: &str, ids: &[&str], has_more: bool) {
    let page = page(server, query);
    let events = page["events"].as_array().unwrap();
    let found: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(found, ids, "{query}");
    assert_eq!(page["hasMore"], has_more, "{query}");
    assert_eq!(page["earliestEventId"], "1", "{query}");
    assert_eq!(page["gap"], Json::from(()), "{query}");
}

#[test]
fn pages_go_both_ways_and_keep_to_the_filter() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &created("1", "GA", "GB"));
    publish(server.address, &created("2", "GC", "GD"));
    for amount in ["1", "2", "3"] {
        publish(server.address, &topped_up("1", amount));
    }
    check(&server, "all=true", &["1", "2", "3", "4", "5"], false);
    check(&server, "all=true&limit=2", &["1", "2"], true);
    check(&server, "all=true&limit=2&after=2", &["3", "4"], true);
    check(&server, "all=true&limit=2&after=4", &["5"], false);
    check(&server, "all=true&after=5", &[], false);
    check(&server, "all=true&order=desc&limit=2", &["5", "4"], true);
    check(&server, "all=true&order=desc&limit=2&before=2", &["1"], false);
    check(&server, "users=GA", &["1", "3", "4", "5"], false);
    check(&server, "users=GD,GB&types=stream.created", &["1", "2"], false);
    check(&server, "streams=2", &["2"], false);
    check(&server, "streams=99", &[], false);
    // The next `after` moves on even when nothing matched.
    assert_eq!(page(&server, "streams=99")["lastEventId"], "5");
    assert_eq!(page(&server, "all=true&limit=2")["lastEventId"], "2");

    let event = &page(&server, "all=true&after=2&limit=1")["events"][0];
    assert_eq!(event["type"], "stream.topped_up");
    assert_eq!(event["data"]["amount"], "1");
    assert!(event["publishedAt"].as_u64().unwrap() > 1_600_000_000_000, "milliseconds: {event:?}");
}

#[test]
fn a_page_that_cannot_be_meant_is_refused() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for query in
        ["", "all=true&limit=0", "all=true&limit=1001", "all=true&limit=x", "all=true&order=sideways"]
    {
        let answer = get(server.address, &format!("/events?{query}"));
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        answer.error();
    }
}

#[test]
fn a_page_ends_at_a_mebibyte() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let memo = "m".repeat(50_000);
    let event = format!("{{\"type\":\"stream.paused\",\"data\":{{\"streamId\":1,\"memo\":\"{memo}\"}}}}");
    for _ in 0..30 {
        publish(server.address, &event);
    }
    let mut seen = 0;
    let mut after = "0".to_owned();
    loop {
        let page = page(&server, &format!("all=true&limit=1000&after={after}"));
        let count = page["events"].as_array().unwrap().len();
        assert!(count > 0 && count < 25, "{count} events of 50 kB in one page");
        seen += count;
        page["lastEventId"].as_str().unwrap().clone_into(&mut after);
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!((seen, after.as_str()), (30, "30"));
}

#[test]
fn a_page_may_begin_at_a_time_and_end_before_an_event() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for number in 0..4 {
        publish(server.address, &topped_up("1", &number.to_string()));
    }
    let ids = |query: &str| {
        let page = get(server.address, &format!("/events?all=true&{query}")).json();
        let ids: Vec<_> =
            page["events"].as_array().unwrap().iter().map(|event| event["id"].to_string()).collect();
        (ids.join(" ").replace('"', ""), page["hasMore"].as_bool().unwrap())
    };
    assert_eq!(ids("before=3"), ("1 2".to_owned(), false));
    assert_eq!(ids("after=1&before=4&limit=1"), ("2".to_owned(), true));
    assert_eq!(ids("since=2020-01-01T00:00:00Z"), ("1 2 3 4".to_owned(), false));
    assert_eq!(ids("since=2100-01-01T00:00:00Z"), (String::new(), false));
    assert_eq!(ids("order=desc&after=2"), ("4 3".to_owned(), false));
    assert_eq!(get(server.address, "/events?all=true&since=1708560000").status, 400, "seconds");
}
