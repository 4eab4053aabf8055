//! No request is understood in two ways: every vector, at once and byte by byte, gets the answers that its table says
//! and no more; behind an error the connection ends, and the request hidden there is neither answered nor obeyed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;
mod vectors;

use std::collections::HashSet;
use std::net::SocketAddr;

use support::{Client, Server, Subscription, data_directory, everything, get, request};
use vectors::Vector;

/// Pieces of the second run: single bytes, and longer ones where those would be too many.
const DRIP_BYTES_MAX: usize = 4096;

/// Sends a vector and holds the answers against its table. What is wrong, if anything.
fn judge(address: SocketAddr, vector: &Vector, dripped: bool) -> Result<(), String> {
    let mut client = Client::connect(address);
    let piece = match (dripped, vector.bytes.len() > DRIP_BYTES_MAX) {
        (false, _) => vector.bytes.len(),
        (true, false) => 1,
        (true, true) => 997,
    };
    for piece in vector.bytes.chunks(piece) {
        client.send_what_goes(piece);
    }
    let goes_on = vector.answers.len() == 2;
    for (number, expected) in vector.answers.iter().enumerate() {
        if client.peek().is_empty() {
            return Err(format!("the connection ended before answer {number}"));
        }
        let no_body = number == 0 && vector.bytes.starts_with(b"HEAD ");
        let mut answer = if no_body { client.head() } else { client.answer() };
        while answer.status == 100 {
            answer = client.answer();
        }
        if answer.status != *expected {
            return Err(format!("answer {number} is {answer:?}"));
        }
        let closes = answer.field("connection") == Some("close");
        if closes == goes_on {
            return Err(format!("answer {number} says Connection: {:?}", answer.field("connection")));
        }
    }
    if goes_on {
        client.send(request("GET", "/health", &[("Connection", "close")], b""));
        let status = client.answer().status;
        if status != 200 {
            return Err(format!("a further request is answered {status}"));
        }
    }
    match client.rest().as_slice() {
        [] => Ok(()),
        more => Err(format!("more than was expected: {:?}", String::from_utf8_lossy(more))),
    }
}

fn judge_all(dripped: bool) {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let vectors = vectors::all(0);
    let mut faults = Vec::new();
    for vector in &vectors {
        if let Err(fault) = judge(server.address, vector, dripped) {
            faults.push(format!("{} (RFC {}): {fault}", vector.name, vector.rule));
        }
    }
    let stored: Vec<String> = everything(server.address)
        .into_iter()
        .map(|event| event.data.trim_start_matches("{\"streamId\":\"").split('"').next().unwrap().to_owned())
        .collect();
    let expected: Vec<&str> = vectors.iter().flat_map(Vector::stored).collect();
    for vector in &vectors {
        let own = |name: &&str| [&vector.first, &vector.hidden].iter().any(|own| own.as_str() == *name);
        let stored: Vec<&str> = stored.iter().map(String::as_str).filter(own).collect();
        if stored != vector.stored() {
            faults.push(format!("{} (RFC {}): stored {stored:?}", vector.name, vector.rule));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(stored, expected, "and nothing else is stored");
    assert_eq!(get(server.address, "/health").status, 200);
    assert!(server.terminate().success());
}

#[test]
fn a_request_that_comes_at_once() {
    judge_all(false);
}

#[test]
fn a_request_that_comes_byte_by_byte() {
    judge_all(true);
}

#[test]
fn the_tables_are_sound() {
    let vectors = vectors::all(0);
    let mut bytes = HashSet::new();
    let mut faults = Vec::new();
    for vector in &vectors {
        let anonymous = String::from_utf8_lossy(&vector.bytes)
            .replace(&vector.first, "FIRST")
            .replace(&vector.hidden, "HIDDEN");
        let new = bytes.insert(anonymous);
        let shape = vector.answers.len() == 1 || matches!(vector.answers, [_, 201]);
        let section = |text: &str| text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        let rule = vector.rule.split_once(' ');
        if !(new && shape && rule.is_some_and(|(rfc, at)| rfc.parse::<u16>().is_ok() && section(at))) {
            faults.push(vector.name);
        }
    }
    assert!(faults.is_empty(), "twice, or of no meaning: {faults:?}");
    assert!(vectors.len() >= 300, "{} vectors", vectors.len());
}

/// What follows on a connection that has become a subscription is no request any more.
#[test]
fn a_request_behind_a_subscription() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let publishes = request("POST", "/streams/hidden/pause", &[], b"");
    for version in ["HTTP/1.1", "HTTP/1.0"] {
        let subscribe = format!("GET /events/subscribe?all=true {version}\r\nHost: localhost\r\n\r\n");
        let mut client = Client::connect(server.address);
        client.send([subscribe.as_bytes(), &publishes].concat());
        let mut subscription = Subscription::over(client);
        subscription.greeting();
        let known = support::publish(server.address, &support::topped_up("1", "1"));
        assert_eq!(subscription.event().id, Some(known), "{version}");
    }
    assert_eq!(everything(server.address).len(), 2);
}
