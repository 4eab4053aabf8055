//! A subscription ends with its token: told by a `reconnect` at a frame's border, live, quiet, behind or blocked.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::tokens::{MASTER, bearer, publish_by, token, token_for, with_secret};
use support::{
    Block, Client, Frame, Server, Subscription, data_directory, data_of, get_with, post_with, request,
    topped_up, until,
};

fn start(directory: &std::path::Path, more: &[&str]) -> Server {
    let flags = with_secret(directory);
    Server::start(directory, &[&[flags[0].as_str(), flags[1].as_str()], more].concat())
}

fn open(server: &Server, token: &str, query: &str) -> Subscription {
    let target = format!("/events/subscribe?{query}");
    Subscription::open_with(server.address, &target, &[("Authorization", &bearer(token))])
}

fn assert_expired(block: &Block) {
    assert_eq!(block.event.as_deref(), Some("reconnect"), "{}", block.raw);
    assert_eq!(data_of(block)["reason"], "token_expired", "{}", block.raw);
    assert!((1000..=5000).contains(&block.retry_ms.unwrap()), "{}", block.raw);
    assert_eq!(block.id, None, "{}", block.raw);
}

/// Reads to the end: ids without a hole, then the reconnect. Gives the last id.
fn read_out(subscription: &mut Subscription) -> u64 {
    let mut last = 0;
    loop {
        let block = subscription.block();
        let Some(id) = &block.id else {
            assert_expired(&block);
            assert!(subscription.next().is_none(), "something follows the last frame");
            return last;
        };
        let id = id.parse().unwrap();
        assert!(last == 0 || id == last + 1, "{id} follows {last}");
        last = id;
    }
}

fn subscribers(server: &Server, master: &str) -> i64 {
    let stats = get_with(server.address, "/events/stats", &[("Authorization", &bearer(master))]).json();
    stats["activeConnections"].as_i64().unwrap()
}

/// A connection whose kernel holds little for whoever does not read.
fn slow_client(server: &Server) -> Client {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address.into()).unwrap();
    Client::over(socket.into())
}

/// Large events, so that a socket that nobody reads is soon full.
fn fill(server: &Server, master: &str, batches: usize) {
    let pad = "x".repeat(10_000);
    let event = format!(
        "{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":1,\"amount\":\"1\",\"pad\":\"{pad}\"}}}}\n"
    );
    let body = event.repeat(90);
    let fields = [("Content-Type", "application/x-ndjson"), ("Authorization", &bearer(master))];
    for _ in 0..batches {
        assert_eq!(post_with(server.address, "/events", &fields, &body).status, 201);
    }
}

#[test]
fn live_and_quiet_subscriptions_end_and_others_go_on() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let master = token("GM", MASTER);
    let queries = ["all=true", "streams=1", "users=GA", "streams=999"];
    let short = token_for(3, "GA", MASTER);
    let mut short: Vec<_> = queries.iter().map(|query| open(&server, &short, query)).collect();
    let mut long: Vec<_> = queries.iter().map(|query| open(&server, &master, query)).collect();
    short.iter_mut().chain(&mut long).for_each(|one| drop(one.greeting()));
    publish_by(&master, server.address, &topped_up("1", "1"));
    for one in short.iter_mut().take(2).chain(long.iter_mut().take(2)) {
        assert_eq!(one.ids(1), ["1"]);
    }
    for one in &mut short {
        assert_expired(&one.block());
        assert!(one.next().is_none(), "the last chunk, then the end");
    }
    publish_by(&master, server.address, &topped_up("1", "2"));
    long.iter_mut().take(2).for_each(|one| assert_eq!(one.ids(1), ["2"]));
    until("the places are free", || (subscribers(&server, &master) == 4).then_some(()));
}

#[test]
fn a_subscription_under_load_ends_at_a_frame_border() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let master = token("GM", MASTER);
    let mut subscription = open(&server, &token_for(2, "GA", MASTER), "all=true");
    subscription.greeting();
    let last = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read_out(&mut subscription));
        let mut published = 0;
        while !reading.is_finished() && published < 200_000 {
            publish_by(&master, server.address, &topped_up("1", "1"));
            published += 1;
        }
        reading.join().unwrap()
    });
    assert!(last > 0, "events came before the end");
}

#[test]
fn one_that_is_behind_and_blocked_is_told_once_it_reads() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let master = token("GM", MASTER);
    fill(&server, &master, 40);
    for fields in [&[][..], &[("Connection", "close")]] {
        let token = token_for(3, "GA", MASTER);
        let mut client = slow_client(&server);
        let authorization = bearer(&token);
        let fields = [&[("Authorization", authorization.as_str())], fields].concat();
        client.send(request("GET", "/events/subscribe?all=true&from=earliest", &fields, b""));
        // Nothing is read until the token has expired for certain.
        until("the token has expired", || {
            let answer =
                get_with(server.address, "/events?all=true&limit=1", &[("Authorization", &authorization)]);
            (answer.status == 401).then_some(())
        });
        let mut subscription = Subscription::over(client);
        subscription.greeting();
        let last = read_out(&mut subscription);
        assert!(
            last > 0 && last < 40 * 90,
            "{last}: some of the events, not those that came after the expiry"
        );
    }
}

#[test]
fn one_that_never_reads_is_cut_off() {
    let directory = data_directory();
    let server = start(directory.path(), &["--write-timeout-ms", "1000"]);
    let master = token("GM", MASTER);
    fill(&server, &master, 40);
    let authorization = bearer(&token_for(2, "GA", MASTER));
    let mut client = slow_client(&server);
    let target = "/events/subscribe?all=true&from=earliest";
    client.send(request("GET", target, &[("Authorization", &authorization)], b""));
    until("it is in", || (subscribers(&server, &master) == 1).then_some(()));
    until("it is cut off", || (subscribers(&server, &master) == 0).then_some(()));
    drop(client);
}

#[test]
fn a_subscriber_of_http_1_0_is_told_as_well() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    let token = token_for(2, "GA", MASTER);
    client.send(format!("GET /events/subscribe?all=true&token={token} HTTP/1.0\r\n\r\n"));
    let mut subscription = Subscription::over(client);
    subscription.greeting();
    let Some(Frame::Block(block)) = subscription.next() else { panic!("no block") };
    assert_expired(&block);
    assert!(subscription.next().is_none());
    assert!(!server.log().contains("eyJ"), "a token stands in the log");
}
