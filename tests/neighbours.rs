//! One client's greed or slowness costs nobody else: a burst of pipelined requests does not hold up deliveries, and
//! a subscriber that does not read keeps its events in the log, not in the kernel.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use simd_json::prelude::*;
use support::{Client, Server, Subscription, created, data_directory, get, publish, publish_lines, request};
use support::{topped_up, until};

#[test]
fn pipelined_requests_let_deliveries_through() {
    const REQUESTS: usize = 3000;
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "1"]);
    let filler: Vec<_> = (0..4000).map(|number| topped_up("1", &number.to_string())).collect();
    for _ in 0..3 {
        assert_eq!(publish_lines(server.address, &filler).status, 201);
    }
    let mut subscription = Subscription::open(server.address, "/events/subscribe?streams=2");
    subscription.greeting();

    // Each request looks at every entry and finds nothing.
    let search = request("GET", "/events?streams=none", &[], b"");
    let answered = Arc::new(AtomicUsize::new(0));
    let mut greedy = Client::connect(server.address);
    let counting = Arc::clone(&answered);
    let sender = std::thread::spawn(move || {
        greedy.send(search.repeat(REQUESTS));
        for _ in 0..REQUESTS {
            assert_eq!(greedy.answer().status, 200);
            counting.fetch_add(1, Ordering::AcqRel);
        }
    });
    until("the first is answered", || (answered.load(Ordering::Acquire) > 0).then_some(()));
    publish(server.address, &created("2", "GA", "GB"));
    assert_eq!(subscription.ids(1), ["12001"]);
    let answered_before = answered.load(Ordering::Acquire);
    assert!(answered_before < REQUESTS, "the event came only after all {answered_before} answers");
    sender.join().unwrap();
}

/// A connection whose kernel takes next to nothing.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

#[test]
fn a_subscriber_that_does_not_read_parks_little_in_the_kernel_and_gets_everything_later() {
    const EVENTS: usize = 8000;
    const EVENT_BYTES: usize = 1000;
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "1"]);
    let mut client = Client::over(narrow(server.address));
    client.send(request("GET", "/events/subscribe?all=true", &[], b""));
    let mut subscription = Subscription::over(client);
    subscription.greeting();

    let event = topped_up("1", "1")
        .replace("\"amount\"", &format!("\"note\":\"{}\",\"amount\"", "x".repeat(EVENT_BYTES)));
    let batch = vec![event; 800];
    for _ in 0..EVENTS / batch.len() {
        assert_eq!(publish_lines(server.address, &batch).status, 201);
    }
    let stats = || get(server.address, "/events/stats").json();
    until("the subscriber is behind", || (stats()["behind"].as_u64() == Some(1)).then_some(()));
    let parked = stats()["deliveries"].as_u64().unwrap() as usize * EVENT_BYTES;
    assert!(parked < 400_000, "{parked} bytes lie in the kernel for one that does not read");

    let ids = subscription.ids(EVENTS);
    assert!(ids.iter().zip(1..).all(|(id, number)| *id == number.to_string()), "every event, in order, once");
    until("it has caught up", || (stats()["behind"].as_u64() == Some(0)).then_some(()));
}
