//! What the server says on standard error, in either format and at the most talkative level: lines of its own, in which
//! nothing from a request can end a line or steer a terminal, and no credential ever stands.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use serde_json::Value;
use support::{Client, Server, Subscription, data_directory, publish, request, topped_up};

/// Credentials in every place where one may stand, each with this in it.
const SECRET: &str = "c0ffee-secret";
/// What would look like a line of the server's own.
const FORGED: &str = "2026-01-01T00:00:00.000000Z ERROR tailwire::forged: forged";

/// Requests, good and bad, with secrets, line ends and terminal controls in each of their parts.
fn requests() -> Vec<Vec<u8>> {
    let secrets = [
        ("Authorization", "Bearer c0ffee-secret"),
        ("Authorization", "Basic c0ffee-secret"),
        ("Proxy-Authorization", "Bearer c0ffee-secret"),
        ("Cookie", "a=b; tailwire=c0ffee-secret"),
        ("X-Forwarded-For", "c0ffee-secret"),
    ];
    let event = topped_up("1", "1");
    let mut requests = Vec::new();
    for secret in secrets {
        let json = [("Content-Type", "application/json"), secret];
        requests.push(request("GET", "/events?all=true", &[secret], b""));
        requests.push(request("POST", "/events", &json, event.as_bytes()));
        requests.push(request("POST", "/events", &json, b"{"));
        requests.push(request("GET", "/nothing", &[secret], b""));
        requests.push(request("BREW", "/events", &[secret], b""));
    }
    for target in ["/events", "/events/subscribe", "/events/stats", "/health", "/nothing", "/streams/1/pause"]
    {
        for query in ["token=c0ffee-secret", "all=true&token=c0ffee-secret", "token=c0ffee-secret&all=%ff"] {
            requests.push(request("HEAD", &format!("{target}?{query}"), &[], b""));
            requests.push(request("DELETE", &format!("{target}?{query}"), &[], b""));
        }
    }
    let lines: String = FORGED.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for target in ["/", "/events/", "/streams/", "/events?streams=", "/events?all=true&since=", "/events?x="]
    {
        for end in ["%0a", "%0d%0a", "%0d", "%00", "%1b[2J", "%c2%85", "%e2%80%a8", "%c2%9b2J"] {
            requests.push(request("GET", &format!("{target}{end}{lines}"), &[], b""));
        }
    }
    for end in ["\n", "\r", "\0", "\u{1b}[2J", "\u{85}", "\u{2028}"] {
        let line = format!("{end}{FORGED}{end}");
        requests.push(request("GET", &format!("/{line}"), &[], b""));
        for name in ["X", "Origin", "Host", "Last-Event-ID", "Idempotency-Key", "Accept", "Expect", "Prefer"]
        {
            requests.push(request("POST", "/events", &[(name, &line)], event.as_bytes()));
        }
        let json = ("Content-Type", "application/json");
        requests.push(request("POST", "/events", &[json], line.as_bytes()));
        requests.push(request("POST", "/events", &[json], format!("{{\"{line}\":1}}").as_bytes()));
        let escaped = serde_json::to_string(&line).unwrap();
        requests.push(request("POST", "/events", &[json], format!("{{{escaped}:1,{escaped}:2}}").as_bytes()));
        requests.push(format!("{line} / HTTP/1.1\r\n\r\n").into_bytes());
    }
    requests
}

fn provoke(address: SocketAddr) {
    for bytes in requests() {
        let mut client = Client::connect(address);
        client.send_what_goes(&bytes);
        client.end_sending();
        client.rest();
    }
    let target = format!("/events/subscribe?all=true&token={SECRET}");
    let fields = [("Last-Event-ID", "\u{1b}[2J"), ("Cookie", "tailwire=c0ffee-secret")];
    let mut client = Client::connect(address);
    client.send(request("GET", &target, &fields, b""));
    client.head();
    let mut subscription = Subscription::open(address, &target);
    subscription.greeting();
    publish(address, &topped_up("1", "1"));
    subscription.event();
}

/// The log of a server that was provoked, after checks that hold in either format.
fn provoked(format: &str) -> String {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--log-format", format, "--log-filter", "trace"]);
    provoke(server.address);
    server.signal(rustix::process::Signal::TERM);
    support::until("it has said its last word", || server.log().contains("stopped").then_some(()));
    let log = server.log();
    assert!(!log.to_ascii_lowercase().contains(SECRET), "a credential:\n{log}");
    let bare = |letter: char| letter.is_control() && letter != '\n' || "\u{2028}\u{2029}".contains(letter);
    assert!(!log.contains(bare), "a bare control:\n{log}");
    assert!(!log.contains("panicked"), "{log}");
    log
}

#[test]
fn human_lines_are_the_servers_own() {
    let log = provoked("human");
    for line in log.lines() {
        // Each begins with a time and a level, and none with those of the forgery.
        let mut words = line.split_whitespace();
        let time = words.next().unwrap_or_default();
        assert!(time.ends_with('Z') && time.len() == "2026-01-01T00:00:00.000000Z".len(), "{line}");
        assert!(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&words.next().unwrap_or_default()));
        assert!(!line.starts_with(FORGED), "{line}");
    }
}

#[test]
fn json_lines_are_the_servers_own() {
    let log = provoked("json");
    for line in log.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["timestamp"].is_string() && value["level"].is_string(), "{line}");
        assert_ne!(value["target"], "tailwire::forged", "{line}");
    }
}
