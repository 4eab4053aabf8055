//! One connection, several requests: kept alive, pipelined, with a body announced by `Expect`, in chunks, cut
//! anywhere, and closed when it should be, always with the last answer read to its end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{Client, Server, Subscription, data_directory, request, topped_up};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn event(amount: u64) -> Vec<u8> {
    request("POST", "/events", &[JSON], topped_up("1", &amount.to_string()).as_bytes())
}

#[test]
fn a_connection_carries_one_request_after_another() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    for number in 1..=5_u64 {
        client.send(event(number));
        let answer = client.answer();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json()["eventId"], number.to_string().as_str());
        // An error in what is asked does not end the connection.
        client.send(request("POST", "/events", &[JSON], b"{}"));
        assert_eq!(client.answer().status, 400);
        client.send(request("GET", "/nothing", &[], b""));
        assert_eq!(client.answer().status, 404);
    }
    client.send(request("GET", "/health", &[("Connection", "close")], b""));
    let answer = client.answer();
    assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
    client.assert_closed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    let mut bytes = Vec::new();
    for number in 1..=200_u64 {
        bytes.extend(event(number));
        bytes.extend(request("GET", "/nothing", &[], b""));
        bytes.extend(request("HEAD", "/health", &[], b""));
    }
    client.send(bytes);
    for number in 1..=200_u64 {
        let answer = client.answer();
        assert_eq!(answer.json()["eventId"], number.to_string().as_str());
        assert_eq!(client.answer().status, 404);
        assert_eq!(client.head().status, 200);
    }
}

#[test]
fn a_subscription_may_follow_other_requests() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    let subscribe = request("GET", "/events/subscribe?all=true&from=earliest", &[], b"");
    client.send([event(1), subscribe].concat());
    assert_eq!(client.answer().status, 201);
    let mut subscription = Subscription::over(client);
    subscription.greeting();
    assert_eq!(subscription.ids(1), ["1"]);
}

#[test]
fn an_announced_body_is_asked_for() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let body = topped_up("1", "1");
    let length = body.len().to_string();
    let fields = [JSON, ("Content-Length", length.as_str()), ("Expect", "100-continue")];
    let mut client = Client::connect(server.address);
    client.send(request("POST", "/events", &fields, b""));
    assert_eq!(client.head().status, 100);
    client.send(&body);
    assert_eq!(client.answer().status, 201);
    // A body that would be refused is not asked for.
    let mut client = Client::connect(server.address);
    let fields = [JSON, ("Content-Length", "9999999"), ("Expect", "100-continue")];
    client.send(request("POST", "/events", &fields, b""));
    assert_eq!(client.answer().status, 413);
}

#[test]
fn a_body_may_come_in_chunks_and_in_single_bytes() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let body = topped_up("1", "1");
    let (front, back) = body.split_at(20);
    let chunks = format!(
        "{:X};name=value\r\n{front}\r\n{:04x}\r\n{back}\r\n0\r\nTrailer: x\r\n\r\n",
        front.len(),
        back.len()
    );
    let bytes = request("POST", "/events", &[JSON, ("Transfer-Encoding", "chunked")], chunks.as_bytes());
    let mut client = Client::connect(server.address);
    client.send([bytes.clone(), event(2)].concat());
    assert_eq!(client.answer().json()["eventId"], "1");
    assert_eq!(client.answer().json()["eventId"], "2");
    for byte in bytes.iter().chain(&event(4)) {
        client.send([*byte]);
    }
    assert_eq!(client.answer().json()["eventId"], "3");
    assert_eq!(client.answer().json()["eventId"], "4");
}

#[test]
fn a_client_that_ends_its_side_still_gets_its_answer() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    client.send([event(1), event(2)].concat());
    client.end_sending();
    assert_eq!(client.answer().json()["eventId"], "1");
    assert_eq!(client.answer().json()["eventId"], "2");
    client.assert_closed();
}

#[test]
fn a_refused_request_is_answered_and_then_the_connection_ends_in_order() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    // Much is sent behind what is refused; closing over unread bytes would reset, and the answer would be
    // lost.
    client.send_what_goes([b"nonsense\r\n\r\n".to_vec(), vec![b'x'; 32 * 1024]].concat());
    let answer = client.answer();
    assert_eq!((answer.status, answer.field("connection")), (400, Some("close")));
    client.assert_closed();
}

#[test]
fn an_http_1_0_client_is_served_and_closed_unless_it_asks_otherwise() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    client.send("GET /health HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    client.send("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.answer().json()["status"], "healthy");
    client.assert_closed();
}

#[test]
fn empty_lines_before_a_request_are_nothing() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    client.send([b"\r\n".to_vec(), event(1), b"\r\n\r\n".to_vec(), event(2)].concat());
    assert_eq!(client.answer().json()["eventId"], "1");
    let second = client.answer();
    assert_eq!(second.json()["eventId"].as_str(), Some("2"));
}
