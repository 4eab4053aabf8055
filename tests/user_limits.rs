//! What one user may take, and what an address may that sends bad credentials: over the wire, with keys.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::tokens::{MASTER, bearer, token, token_for, with_secret};
use support::{Answer, Client, Server, data_directory, get_with, post_with, request, until};

const EVENT: &str = r#"{"type":"stream.completed","data":{"streamId":7}}"#;

/// A server with keys that believes this machine when it says for whom a request is.
fn start(directory: &std::path::Path, more: &[&str]) -> Server {
    let keys = with_secret(directory);
    let flags = [&[keys[0].as_str(), keys[1].as_str(), "--trusted-proxies", "127.0.0.1"], more].concat();
    Server::start(directory, &flags)
}

/// Opens a subscription as far as its head.
fn subscribe(server: &Server, token: &str, fields: &[(&str, &str)]) -> (Answer, Client) {
    let mut client = Client::connect(server.address);
    let bearer = bearer(token);
    let fields = [&[("Authorization", bearer.as_str())], fields].concat();
    client.send(request("GET", "/events/subscribe?all=true", &fields, b""));
    (client.head(), client)
}

fn stats(server: &Server) -> simd_json::OwnedValue {
    let master = bearer(&token("admin", MASTER));
    get_with(server.address, "/events/stats", &[("Authorization", &master)]).json()
}

#[test]
fn too_many_bad_credentials_of_an_address_are_told_to_wait() {
    let directory = data_directory();
    let server = start(directory.path(), &["--auth-failure-rate-per-address", "1/m:3"]);
    let good = bearer(&token("GA", MASTER));
    let ask = |from: &str, fields: &[(&str, &str)]| {
        get_with(server.address, "/events?all=true", &[&[("X-Forwarded-For", from)], fields].concat())
    };
    for _ in 0..5 {
        assert_eq!(ask("192.0.2.1", &[]).status, 401, "who shows nothing fails at nothing");
    }
    for _ in 0..3 {
        let answer = ask("192.0.2.1", &[("Authorization", "Bearer no.token.this")]);
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_token"));
    }
    let answer = ask("192.0.2.1", &[("Authorization", "Bearer no.token.this")]);
    assert_eq!((answer.status, answer.error().as_str()), (429, "rate_limited"), "{answer:?}");
    let wait_s: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait_s), "{answer:?}");
    assert_eq!(ask("192.0.2.1", &[("Authorization", &good)]).status, 200, "nobody locks his neighbours out");
    assert_eq!(ask("192.0.2.2", &[("Authorization", "Bearer no.token.this")]).status, 401, "another address");
    let json = stats(&server);
    assert_eq!(json["authFailures"], 5);
    assert_eq!(json["refusals"]["auth"], 1);
}

/// A browser whose ticket is used up tries it again before its page gets another.
#[test]
fn what_has_run_out_is_no_attack() {
    let directory = data_directory();
    let server = start(directory.path(), &["--auth-failure-rate-per-address", "1/m:1"]);
    let from = ("X-Forwarded-For", "192.0.2.1");
    for _ in 0..5 {
        assert_eq!(subscribe(&server, &token_for(0, "GA", MASTER), &[from]).0.status, 401);
        let used_up = get_with(server.address, "/events/subscribe?all=true&token=tkt_used", &[from]);
        assert_eq!((used_up.status, used_up.error().as_str()), (401, "invalid_ticket"));
    }
    assert_eq!(stats(&server)["authFailures"], 0);
}

#[test]
fn a_user_has_so_many_subscriptions_wherever_they_come_from() {
    let directory = data_directory();
    let server = start(directory.path(), &["--max-connections-per-user", "2"]);
    let (one, other) = (token("GA", MASTER), token("GB", MASTER));
    let open = |token: &str, from: &str| {
        subscribe(&server, token, &[("X-Forwarded-For", from), ("Prefer", "status")])
    };
    let (first, kept) = open(&one, "192.0.2.1");
    let (second, left) = open(&one, "192.0.2.2");
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(open(&one, "192.0.2.3").0.status, 429);
    let (others, _open) = open(&other, "192.0.2.1");
    assert_eq!(others.status, 200);
    assert_eq!(stats(&server)["perUserPeakConnections"], 2);
    assert_eq!(stats(&server)["refusals"]["user"], 1);
    drop(left);
    until("a place is free again", || (open(&one, "192.0.2.3").0.status == 200).then_some(()));
    drop(kept);
}

#[test]
fn a_user_publishes_so_many_events() {
    let directory = data_directory();
    let server = start(directory.path(), &["--publish-rate-per-user", "1/m:3"]);
    let post = |user: &str, body: &str| {
        let bearer = bearer(&token(user, MASTER));
        let fields = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        post_with(server.address, "/events", &fields, body)
    };
    assert_eq!(post("GA", &format!("[{EVENT},{EVENT}]")).status, 201);
    assert_eq!(post("GA", EVENT).status, 201);
    let refused = post("GA", EVENT);
    assert_eq!((refused.status, refused.error().as_str()), (429, "rate_limited"), "{refused:?}");
    assert!(refused.field("retry-after").is_some());
    assert_eq!(post("GB", EVENT).status, 201, "another user");
    assert_eq!(stats(&server)["eventsPublished"], 4);
}

/// One who hammers may not use up what belongs to all at his address.
#[test]
fn what_a_user_is_refused_costs_the_address_nothing() {
    let directory = data_directory();
    let rates = ["--subscribe-rate-per-address", "1/m:3", "--subscribe-rate-per-user", "1/m:1"];
    let server = start(directory.path(), &rates);
    let fields = [("X-Forwarded-For", "192.0.2.1"), ("Prefer", "status")];
    let open = |user: &str| subscribe(&server, &token(user, MASTER), &fields).0.status;
    assert_eq!(open("GA"), 200);
    for _ in 0..10 {
        assert_eq!(open("GA"), 429);
    }
    assert_eq!([open("GB"), open("GC"), open("GD")], [200, 200, 429]);
}
