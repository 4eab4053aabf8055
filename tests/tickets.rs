//! Tickets: good once, for a subscription, for the token they were swapped for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::collections::HashSet;
use std::sync::Barrier;

use simd_json::prelude::*;
use support::tokens::{MASTER, bearer, token, token_for, with_secret};
use support::{
    Answer, Client, Frame, Server, Subscription, data_directory, data_of, get, get_with, post_with, request,
    until,
};

fn start(directory: &std::path::Path, more: &[&str]) -> Server {
    let flags = with_secret(directory);
    Server::start(directory, &[&[flags[0].as_str(), flags[1].as_str()], more].concat())
}

fn swap(server: &Server, token: &str) -> String {
    let answer = post_with(server.address, "/events/ticket", &[("Authorization", &bearer(token))], "");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let json = answer.json();
    assert_eq!(json["expiresInMs"], 30_000);
    json["ticket"].as_str().unwrap().to_owned()
}

fn subscribe(server: &Server, ticket: &str, fields: &[(&str, &str)]) -> Answer {
    let mut client = Client::connect(server.address);
    let target = format!("/events/subscribe?streams=1&token={ticket}");
    client.send(request("GET", &target, fields, b""));
    client.head()
}

#[test]
fn a_ticket_opens_one_subscription() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let token = token("GA", r#"{"subscribe":{"streams":["1"]}}"#);
    let ticket = swap(&server, &token);
    let target = format!("/events/subscribe?streams=1&token={ticket}");
    for _ in 0..3 {
        let mut client = Client::connect(server.address);
        client.send(request("HEAD", &target, &[], b""));
        assert_eq!(client.head().status, 200, "HEAD does not use it up");
    }
    let beyond = get(server.address, &format!("/events/subscribe?streams=2&token={ticket}"));
    assert_eq!(beyond.status, 403, "{beyond:?}");
    assert_eq!(get(server.address, &format!("/events/subscribe?token={ticket}")).status, 400);
    Subscription::open(server.address, &target).greeting();
    for _ in 0..2 {
        let again = get(server.address, &target);
        assert_eq!((again.status, again.error().as_str()), (401, "invalid_ticket"));
    }
    assert!(!server.log().contains(&ticket), "the ticket stands in the log");
}

#[test]
fn of_many_who_use_a_ticket_at_once_one_gets_in() {
    let directory = data_directory();
    let server = start(directory.path(), &["--workers", "2"]);
    let token = token("GA", MASTER);
    for _ in 0..20 {
        let ticket = swap(&server, &token);
        let barrier = Barrier::new(8);
        let statuses: Vec<_> = std::thread::scope(|scope| {
            let run = || {
                barrier.wait();
                subscribe(&server, &ticket, &[]).status
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7, "{statuses:?}");
    }
}

#[test]
fn a_ticket_is_for_nothing_else() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let ticket = swap(&server, &token("GA", MASTER));
    for (method, path) in
        [("GET", "/events"), ("GET", "/events/stats"), ("POST", "/events"), ("POST", "/events/ticket")]
    {
        let mut client = Client::connect(server.address);
        client.send(request(method, &format!("{path}?all=true&token={ticket}"), &[], b""));
        let answer = client.answer();
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_ticket"), "{method} {path}");
    }
    for fields in [[("Authorization", bearer(&ticket))], [("Cookie", format!("tailwire={ticket}"))]] {
        let fields = [(fields[0].0, fields[0].1.as_str())];
        assert_eq!(get_with(server.address, "/events/subscribe?all=true", &fields).status, 401, "{fields:?}");
    }
    for other in ["tkt_", "tkt_AAAA", &format!("{ticket}A"), &ticket[..ticket.len() - 1]] {
        assert_eq!(subscribe(&server, other, &[]).status, 401, "{other}");
    }
    assert_eq!(subscribe(&server, &ticket, &[]).status, 200, "it was not used up by any of that");
}

#[test]
fn a_ticket_beside_another_credential_is_refused_and_kept() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let (own, other) = (token("GA", MASTER), token("GB", MASTER));
    let (ticket, second) = (swap(&server, &own), swap(&server, &other));
    let (own, other) = (bearer(&own), bearer(&other));
    let answer = get_with(
        server.address,
        &format!("/events/subscribe?all=true&token={ticket}"),
        &[("Authorization", other.as_str())],
    );
    assert_eq!((answer.status, answer.error().as_str()), (401, "conflicting_credentials"));
    assert_eq!(subscribe(&server, &format!("{ticket}&token={second}"), &[]).status, 401);
    assert_eq!(subscribe(&server, &ticket, &[("Authorization", &own)]).status, 200, "beside its own token");
}

#[test]
fn a_refusal_for_want_of_room_keeps_the_ticket() {
    let directory = data_directory();
    let server = start(directory.path(), &["--max-connections", "1"]);
    let token = token("GA", MASTER);
    let mut inside = Subscription::open_with(
        server.address,
        "/events/subscribe?all=true",
        &[("Authorization", &bearer(&token))],
    );
    inside.greeting();
    let ticket = swap(&server, &token);
    let target = format!("/events/subscribe?all=true&token={ticket}");
    for _ in 0..3 {
        let mut refused = Subscription::open(server.address, &target);
        let Some(Frame::Block(block)) = refused.next() else { panic!("no reconnect frame") };
        assert_eq!(data_of(&block)["reason"], "capacity");
        assert_eq!(get_with(server.address, &target, &[("Prefer", "status")]).status, 503);
    }
    drop(inside);
    let mut client = until("there is room", || {
        let mut client = Client::connect(server.address);
        client.send(request("GET", &target, &[("Prefer", "status")], b""));
        (client.peek().starts_with(b"HTTP/1.1 200")).then_some(client)
    });
    assert_eq!(client.head().status, 200);
    assert_eq!(get(server.address, &target).status, 401, "now it is used up");
}

#[test]
fn a_ticket_ends_with_its_token() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let ticket = swap(&server, &token_for(2, "GA", MASTER));
    let kept = swap(&server, &token_for(2, "GA", MASTER));
    let mut inside =
        Subscription::open(server.address, &format!("/events/subscribe?all=true&token={ticket}"));
    inside.greeting();
    let block = inside.block();
    assert_eq!(data_of(&block)["reason"], "token_expired", "{}", block.raw);
    assert!(inside.next().is_none());
    let answer = get(server.address, &format!("/events/subscribe?all=true&token={kept}"));
    assert_eq!((answer.status, answer.error().as_str()), (401, "token_expired"));
}

#[test]
fn tickets_are_all_different_and_bounded_for_each_token() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let token = token("GA", MASTER);
    let fields = [("Authorization", bearer(&token))];
    let fields = [(fields[0].0, fields[0].1.as_str())];
    let mut tickets = HashSet::new();
    let refused = loop {
        let answer = post_with(server.address, "/events/ticket", &fields, "");
        if answer.status != 201 {
            break answer;
        }
        assert!(tickets.insert(answer.json()["ticket"].as_str().unwrap().to_owned()), "a ticket twice");
        assert!(tickets.len() <= 100_000, "no bound");
    };
    assert_eq!((refused.status, refused.error().as_str()), (429, "too_many_tickets"));
    assert!(refused.field("retry-after").is_some());
    assert!(tickets.iter().all(|ticket| ticket.len() >= 26), "128 bits in base64url at the least");
    assert!(!swap(&server, &support::tokens::token("GB", MASTER)).is_empty(), "others are not refused");
}

#[test]
fn without_keys_there_are_no_tickets() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let answer = post_with(server.address, "/events/ticket", &[], "");
    assert_eq!((answer.status, answer.error().as_str()), (404, "not_found"));
}
