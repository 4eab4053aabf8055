//! What one address may take: subscriptions, tries, events, connections. Refusals are told as the contract has them and
//! counted; others are not touched. A proxy's word gives the addresses, so that loopback is enough.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;

use simd_json::prelude::*;
use support::process::own_address;
use support::{
    Answer, Client, Frame, Server, Subscription, data_directory, data_of, get, get_with, post_with, request,
    skipped, topped_up, until,
};

const TARGET: &str = "/events/subscribe?all=true";
const STATUS: (&str, &str) = ("Prefer", "status");
const PROXY: [&str; 2] = ["--trusted-proxies", "127.0.0.1"];
/// Connections of an address beyond its subscriptions.
const RESERVE: usize = 32;

fn from(client: &str) -> (&'static str, &str) {
    ("X-Forwarded-For", client)
}

fn start(directory: &tempfile::TempDir, flags: &[&str]) -> Server {
    Server::start(directory.path(), &[&PROXY, flags].concat())
}

/// Subscribes as a client; `None` where it was told to come back for want of room.
fn subscribe(address: SocketAddr, client: &str) -> Option<Subscription> {
    let mut subscription = Subscription::open_with(address, TARGET, &[from(client)]);
    let Some(Frame::Block(block)) = subscription.next() else { panic!("no first block") };
    match block.event.as_deref() {
        None => Some(subscription),
        Some("reconnect") => {
            assert_eq!(data_of(&block)["reason"], "capacity", "{}", block.raw);
            assert!((5000..=15_000).contains(&block.retry_ms.unwrap()), "{}", block.raw);
            assert!(subscription.next().is_none(), "a refused stream ends");
            None
        }
        Some(other) => panic!("{other}"),
    }
}

fn assert_429(answer: &Answer, name: &str) {
    assert_eq!((answer.status, answer.error().as_str()), (429, name), "{answer:?}");
    let retry_s: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry_s), "{answer:?}");
}

#[test]
fn of_64_at_once_exactly_the_limit_live() {
    let directory = data_directory();
    let server = start(&directory, &["--max-connections-per-address", "10"]);
    let barrier = Barrier::new(64);
    let live: Vec<Subscription> = std::thread::scope(|scope| {
        let subscribing: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    subscribe(server.address, "192.0.2.1")
                })
            })
            .collect();
        subscribing.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(live.len(), 10);
    let stats = get(server.address, "/events/stats").json();
    assert_eq!(stats["perIpPeakConnections"], 10, "{stats:?}");
    assert_eq!(stats["refusals"]["address"], 54, "{stats:?}");
    assert_429(&get_with(server.address, TARGET, &[from("192.0.2.1"), STATUS]), "too_many_connections");
    let other = subscribe(server.address, "192.0.2.2");
    assert!(other.is_some(), "another address has its own places");
    drop(live);
    until("the places are free again", || subscribe(server.address, "192.0.2.1"));
}

#[test]
fn of_ipv6_a_64_is_one_address() {
    let directory = data_directory();
    let server = start(&directory, &["--max-connections-per-address", "1"]);
    let _first = subscribe(server.address, "2001:db8:1:2::1").unwrap();
    assert!(subscribe(server.address, "2001:db8:1:2:3:4:5:6").is_none());
    assert!(subscribe(server.address, "[2001:db8:1:3::1]:443").is_some());
}

#[test]
fn tries_are_bound_by_a_rate() {
    let directory = data_directory();
    let server = start(&directory, &["--subscribe-rate-per-address", "1/m:3"]);
    for _ in 0..3 {
        drop(subscribe(server.address, "192.0.2.1").unwrap());
    }
    assert_429(&get_with(server.address, TARGET, &[from("192.0.2.1"), STATUS]), "rate_limited");
    let mut told = Subscription::open_with(server.address, TARGET, &[from("192.0.2.1")]);
    let Some(Frame::Block(block)) = told.next() else { panic!("no first block") };
    assert_eq!(block.event.as_deref(), Some("reconnect"), "{}", block.raw);
    assert!(block.retry_ms.unwrap() > 15_000, "not before there is a token: {}", block.raw);
    assert!(subscribe(server.address, "192.0.2.2").is_some());
    // A peer on this machine that speaks for itself is not counted.
    for _ in 0..10 {
        drop(Subscription::open(server.address, TARGET).greeting());
    }
    assert_eq!(get(server.address, "/events/stats").json()["refusals"]["rate"], 2);
}

#[test]
fn events_are_bound_by_a_rate_and_a_batch_costs_what_it_holds() {
    let directory = data_directory();
    let server = start(&directory, &["--publish-rate-per-address", "1/m:10"]);
    let publish = |client: &str, target: &str, body: &str| {
        post_with(server.address, target, &[from(client), ("Content-Type", "application/json")], body)
    };
    let one = topped_up("1", "1");
    let batch = |events: usize| format!("[{}]", vec![one.clone(); events].join(","));
    assert_eq!(publish("192.0.2.1", "/events", &batch(9)).status, 201);
    assert_eq!(publish("192.0.2.1", "/events", &one).status, 201);
    for target in ["/events", "/streams", "/streams/1/pause"] {
        assert_429(&publish("192.0.2.1", target, &one), "rate_limited");
    }
    // A batch above the burst goes through once, and is owed.
    assert_eq!(publish("192.0.2.2", "/events", &batch(100)).status, 201);
    let answer = publish("192.0.2.2", "/events", &one);
    assert_eq!(answer.status, 429, "{answer:?}");
    let retry_s: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((90 * 60..=92 * 60).contains(&retry_s), "91 events are owed at one a minute: {retry_s}");
    assert_eq!(get(server.address, "/events/stats").json()["eventsPublished"], 110);
}

#[test]
fn filters_are_as_long_as_they_may_be() {
    let directory = data_directory();
    let server = start(&directory, &["--filter-terms-max", "2"]);
    drop(Subscription::open(server.address, "/events/subscribe?streams=1&users=GA").greeting());
    for target in ["/events/subscribe?streams=1,2,3", "/events?streams=1,2&users=GA"] {
        assert_eq!(get(server.address, target).status, 400, "{target}");
    }
}

/// Whether the server answers on a new connection, which is then kept.
fn connection(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(support::DEADLINE)).unwrap();
    let sent = stream.write_all(&request("GET", "/health", &[], b""));
    let mut answer = [0; 16];
    let answered = sent.is_ok() && matches!(stream.read(&mut answer), Ok(1..));
    answered.then_some(stream)
}

#[test]
fn connections_of_a_peer_are_closed_before_anything_is_read() {
    let Some(own) = own_address() else {
        return skipped("no address but loopback ones: peers that are counted");
    };
    let directory = data_directory();
    let flags = ["--insecure", "--max-connections-per-address", "2"];
    let server = Server::start_at("0.0.0.0:0", directory.path(), &flags);
    let address = SocketAddr::new(own, server.address.port());
    let mut open: Vec<_> = (0..2 + RESERVE).map(|_| connection(address).expect("one too few")).collect();
    // Closed, without a byte sent or read.
    Client::connect(address).assert_closed();
    assert!(connection(address).is_none());
    let here = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    assert_eq!(get(here, "/events/stats").json()["closedOnAccept"], 2);
    open.pop();
    until("the place is free again", || connection(address));
}

#[test]
fn a_stranger_who_names_other_addresses_is_counted_as_himself() {
    let Some(own) = own_address() else {
        return skipped("no address but loopback ones: peers that are counted");
    };
    let directory = data_directory();
    let flags = ["--insecure", "--max-connections-per-address", "2", "--trusted-proxies", "127.0.0.1"];
    let server = Server::start_at("0.0.0.0:0", directory.path(), &flags);
    let address = SocketAddr::new(own, server.address.port());
    let _inside = ["192.0.2.1", "192.0.2.2"].map(|client| subscribe(address, client).unwrap());
    assert!(subscribe(address, "192.0.2.3").is_none(), "a made-up address won a place");
    let forged = [("Forwarded", "for=127.0.0.1"), ("X-Forwarded-For", "127.0.0.1")];
    for field in forged {
        assert_eq!(get_with(address, "/events/stats", &[field]).status, 403, "{field:?}");
        assert_429(&get_with(address, TARGET, &[field, STATUS]), "too_many_connections");
    }
    let here = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let stats = get(here, "/events/stats").json();
    assert_eq!((&stats["activeIps"], &stats["perIpPeakConnections"]), (&1.into(), &2.into()), "{stats:?}");
    assert!(stats["limits"]["subscriptionsPerAddress"]["burst"].as_u64().is_some(), "{stats:?}");
}
