//! Requests that cannot be served: each gets its status and the error body of the contract, and the server
//! goes on serving others.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use support::{Answer, Client, Server, data_directory, get, get_with, publish, request, topped_up};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends the bytes, which the server may stop reading at any point, and checks the answer.
fn check(address: SocketAddr, what: &str, bytes: &[u8], status: u16) -> Answer {
    let mut client = Client::connect(address);
    client.send_what_goes(bytes);
    let answer = client.answer();
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    answer.error();
    answer
}

fn check_all(address: SocketAddr, status: u16, cases: &[(&str, Vec<u8>)]) {
    for (what, bytes) in cases {
        check(address, what, bytes, status);
    }
    assert_eq!(get(address, "/health").status, 200);
}

fn start(directory: &std::path::Path) -> Server {
    Server::start(directory, &[])
}

#[test]
fn a_malformed_request_is_400() {
    let directory = data_directory();
    let server = start(directory.path());
    let raw = |text: &str| text.as_bytes().to_vec();
    let body = topped_up("1", "1");
    let two_lengths = [JSON, ("Content-Length", "5"), ("Content-Length", "6")];
    let length_and_chunks = [JSON, ("Content-Length", "5"), ("Transfer-Encoding", "chunked")];
    let no_chunks = [JSON, ("Transfer-Encoding", "gzip, chunked, chunked")];
    let cases = [
        ("no request line", raw("hello\r\n\r\n")),
        ("a request line without a version", raw("GET /health\r\n\r\n")),
        ("a target that is no path", raw("GET health HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        ("a version of its own", raw("GET /health HTTQ/1.1\r\nHost: localhost\r\n\r\n")),
        ("a field without a name", raw("GET /health HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n")),
        ("a space before the colon", raw("GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n")),
        ("a folded field", raw("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n")),
        ("no host", raw("GET /health HTTP/1.1\r\n\r\n")),
        ("two hosts", raw("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost2\r\n\r\n")),
        ("a NUL in a field", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n".to_vec()),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("two lengths", request("POST", "/events", &two_lengths, body.as_bytes())),
        ("a length and chunks", request("POST", "/events", &length_and_chunks, b"0\r\n\r\n")),
        ("a negative length", request("POST", "/events", &[JSON, ("Content-Length", "-1")], b"")),
        ("a signed length", request("POST", "/events", &[JSON, ("Content-Length", "+5")], b"12345")),
        ("chunked twice", request("POST", "/events", &no_chunks, b"0\r\n\r\n")),
        ("no JSON", request("POST", "/events", &[JSON], b"{\"type\":")),
        ("no UTF-8", request("POST", "/events", &[JSON], b"{\"type\":\"\xff\xfe\"}")),
        (
            "a bad chunk size",
            request("POST", "/events", &[JSON, ("Transfer-Encoding", "chunked")], b"xyz\r\n"),
        ),
        (
            "a chunk too long",
            request("POST", "/events", &[JSON, ("Transfer-Encoding", "chunked")], b"2\r\n{}}}\r\n"),
        ),
    ];
    check_all(server.address, 400, &cases);
    assert_eq!(publish(server.address, &body), "1", "one of the malformed requests stored something");
}

#[test]
fn a_path_that_is_not_there_is_404() {
    let directory = data_directory();
    let server = start(directory.path());
    let targets =
        ["/nothing", "/events/nothing", "/v2/events", "/v1/v1/health", "/events/../etc/passwd", "/HEALTH"];
    for target in targets {
        check(server.address, target, &request("GET", target, &[], b""), 404);
    }
    check(server.address, "POST", &request("POST", "/nothing", &[JSON], b"{}"), 404);
}

#[test]
fn a_method_that_is_not_for_the_path_is_405_with_allow() {
    let directory = data_directory();
    let server = start(directory.path());
    for (method, target, allowed) in [
        ("DELETE", "/events", &["GET", "POST"][..]),
        ("PUT", "/events", &["GET", "POST"]),
        ("POST", "/health", &["GET"]),
        ("POST", "/events/subscribe", &["GET"]),
        ("GET", "/streams", &["POST"]),
        ("GET", "/streams/7/top-up", &["POST"]),
        ("DELETE", "/events/stats", &["GET"]),
    ] {
        let bytes = request(method, target, &[], b"");
        let answer = check(server.address, &format!("{method} {target}"), &bytes, 405);
        let allow = answer.field("allow").unwrap_or_default();
        let words: Vec<&str> = allow.split(',').map(str::trim).collect();
        for method in allowed {
            assert!(words.contains(method), "{target} allows {allow:?}");
        }
        assert!(!words.contains(&method), "{target} allows {allow:?}");
    }
}

#[test]
fn an_unknown_method_is_501() {
    let directory = data_directory();
    let server = start(directory.path());
    for method in ["BREW", "PROPFIND", "get"] {
        check(server.address, method, &request(method, "/events", &[], b""), 501);
    }
}

#[test]
fn a_body_without_a_length_is_411() {
    let directory = data_directory();
    let server = start(directory.path());
    for target in ["/events", "/streams", "/streams/1/top-up"] {
        let bytes =
            format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n");
        check(server.address, target, bytes.as_bytes(), 411);
    }
}

#[test]
fn what_is_too_long_is_413_414_431() {
    let directory = data_directory();
    let server = start(directory.path());
    let spaces = " ".repeat(1024 * 1024);
    let event = topped_up("1", "1");
    // Of exactly one mebibyte, white space included: still taken.
    let fitting = [&spaces[event.len()..], &event].concat();
    let mut client = Client::connect(server.address);
    client.send(request("POST", "/events", &[JSON], fitting.as_bytes()));
    assert_eq!(client.answer().status, 201);

    let too_long = [&spaces, event.as_str()].concat();
    let chunks = format!("{:x}\r\n{too_long}\r\n0\r\n\r\n", too_long.len());
    let chunked = request("POST", "/events", &[JSON, ("Transfer-Encoding", "chunked")], chunks.as_bytes());
    let announced = request("POST", "/events", &[JSON, ("Content-Length", "99999999999")], b"{");
    let beyond = request("POST", "/events", &[JSON, ("Content-Length", "99999999999999999999999")], b"{");
    check(server.address, "a long body", &request("POST", "/events", &[JSON], too_long.as_bytes()), 413);
    check(server.address, "a long chunked body", &chunked, 413);
    check(server.address, "a length alone", &announced, 413);
    let mut client = Client::connect(server.address);
    client.send_what_goes(beyond);
    let status = client.answer().status;
    assert!(matches!(status, 400 | 413), "a length beyond 64 bits: {status}");

    let target = format!("/events?all=true&x={}", "y".repeat(17 * 1024));
    check(server.address, "a long target", &request("GET", &target, &[], b""), 414);
    let fits = format!("/events?all=true&x={}", "y".repeat(15 * 1024));
    assert_eq!(get(server.address, &fits).status, 200);

    let value = "v".repeat(33 * 1024);
    check(server.address, "a long field", &request("GET", "/health", &[("X-Long", &value)], b""), 431);
    // `Host` is one of them.
    let fields = vec![("X", "v"); 100];
    check(server.address, "many fields", &request("GET", "/health", &fields, b""), 431);
    assert_eq!(get_with(server.address, "/health", &fields[1..]).status, 200);
    let endless = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {value}");
    check(server.address, "a head without an end", endless.as_bytes(), 431);
    assert_eq!(publish(server.address, &event), "2");
}

#[test]
fn a_body_of_another_type_is_415() {
    let directory = data_directory();
    let server = start(directory.path());
    let body = topped_up("1", "1");
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "x"]
    {
        let bytes = request("POST", "/events", &[("Content-Type", kind)], body.as_bytes());
        check(server.address, kind, &bytes, 415);
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/x-ndjson; charset=utf-8"]
    {
        let mut client = Client::connect(server.address);
        client.send(request("POST", "/events", &[("Content-Type", kind)], body.as_bytes()));
        assert_eq!(client.answer().status, 201, "{kind}");
    }
}

#[test]
fn an_answer_that_is_not_accepted_is_406_and_stores_nothing() {
    let directory = data_directory();
    let server = start(directory.path());
    let fields = [("Content-Type", "application/json"), ("Accept", "text/html")];
    let event = br#"{"type":"stream.paused","data":{"streamId":1}}"#;
    for target in ["/events", "/streams", "/streams/1/pause"] {
        let answer = check(server.address, target, &request("POST", target, &fields, event), 406);
        assert_eq!(answer.error(), "not_acceptable");
    }
    for target in ["/events?all=true", "/events/stats", "/health", "/ready"] {
        check(server.address, target, &request("GET", target, &[("Accept", "text/html")], b""), 406);
        let answer = support::get_with(server.address, target, &[("Accept", "text/html, */*;q=0.1")]);
        assert_eq!(answer.status, 200, "{target}");
    }
    assert_eq!(support::get(server.address, "/events?all=true").json()["lastEventId"], "0");
}

#[test]
fn an_unknown_expectation_is_417() {
    let directory = data_directory();
    let server = start(directory.path());
    let body = topped_up("1", "1");
    let bytes = request("POST", "/events", &[JSON, ("Expect", "a-miracle")], body.as_bytes());
    check(server.address, "a miracle", &bytes, 417);
}

#[test]
fn a_request_that_does_not_arrive_in_time_is_408() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--request-timeout-ms", "300"]);
    let half_a_head = b"GET /health HTTP/1.1\r\nHost: loc".to_vec();
    let half_a_body = request("POST", "/events", &[JSON, ("Content-Length", "50")], b"{\"type\":");
    check_all(server.address, 408, &[("half a head", half_a_head), ("half a body", half_a_body)]);
}
