//! A keyless loopback listener and pages of other origins: loopback origins may read and publish, others may
//! not, and a foreign `Host` (DNS rebinding) gets nothing at all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Answer, Client, Server, Subscription, data_directory, get_with, publish, request, topped_up};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn assert_allowed(answer: &Answer, origin: &str) {
    assert_eq!(answer.field("access-control-allow-origin"), Some(origin), "{answer:?}");
    assert_eq!(answer.field("access-control-allow-credentials"), Some("true"));
    let vary = answer.field("vary").unwrap_or_default().to_ascii_lowercase();
    assert!(vary.contains("origin"), "Vary is {vary:?}");
}

#[test]
fn loopback_origins_are_allowed_on_streams_answers_and_errors() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for origin in ["http://localhost:5173", "http://127.0.0.1:3000"] {
        let fields = [("Origin", origin)];
        let stream = Subscription::open_with(server.address, "/events/subscribe?all=true", &fields);
        assert_allowed(&stream.head, origin);
        assert_allowed(&get_with(server.address, "/events?all=true", &fields), origin);
        assert_allowed(&get_with(server.address, "/events/subscribe", &fields), origin);
        assert_allowed(&get_with(server.address, "/nothing", &fields), origin);
    }
    let own = get_with(server.address, "/health", &[]);
    assert_eq!(own.field("access-control-allow-origin"), None, "nobody asked");
}

#[test]
fn a_preflight_lists_what_is_allowed() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let origin = "http://localhost:5173";
    for (target, method) in [("/events", "POST"), ("/streams", "POST"), ("/events/subscribe?all=true", "GET")]
    {
        let asked = [
            ("Origin", origin),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "content-type,idempotency-key"),
        ];
        let mut client = Client::connect(server.address);
        client.send(request("OPTIONS", target, &asked, b""));
        let answer = client.answer();
        assert!(matches!(answer.status, 200 | 204), "{target}: {answer:?}");
        assert_allowed(&answer, origin);
        let methods = answer.field("access-control-allow-methods").unwrap_or_default();
        assert!(methods.contains(method), "{target} allows {methods:?}");
        let names = answer.field("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
        let expected =
            ["authorization", "content-type", "last-event-id", "cache-control", "idempotency-key", "prefer"];
        for name in expected {
            assert!(names.split(',').any(|known| known.trim() == name), "{name} is not in {names:?}");
        }
    }
}

#[test]
fn other_origins_read_nothing_and_publish_nothing() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for origin in
        ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "null"]
    {
        let fields = [("Origin", origin)];
        let answer = get_with(server.address, "/events?all=true", &fields);
        assert_eq!(answer.field("access-control-allow-origin"), None, "{origin}: {answer:?}");
        let mut client = Client::connect(server.address);
        let body = topped_up("1", "1");
        client.send(request("POST", "/events", &[JSON, fields[0]], body.as_bytes()));
        let answer = client.answer();
        assert_eq!(answer.status, 403, "{origin}: {answer:?}");
        assert_eq!(answer.field("access-control-allow-origin"), None);
        answer.error();
        let mut client = Client::connect(server.address);
        let preflight = [fields[0], ("Access-Control-Request-Method", "POST")];
        client.send(request("OPTIONS", "/events", &preflight, b""));
        assert_eq!(client.answer().field("access-control-allow-origin"), None, "{origin}");
    }
    assert_eq!(publish(server.address, &topped_up("1", "1")), "1", "a foreign page published");
}

/// A field that is there and cannot be read is a foreign page's and not nobody's.
#[test]
fn an_origin_that_cannot_be_judged_is_foreign() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--cors-origin", "https://app.example"]);
    let body = topped_up("1", "1");
    let own = format!("Origin: http://{}", server.address);
    for lines in [
        "Origin:",
        "Origin: null",
        "Origin: https://evil.example\u{e9}",
        "Origin: http://localhost\r\nOrigin: https://evil.example",
        "Origin: https://evil.example\r\nOrigin: http://localhost",
        &format!("{own}\r\nOrigin: https://evil.example"),
        &format!("{own}, https://evil.example"),
        &format!("{own} https://evil.example"),
        "Origin: http://localhost:+80",
        "Origin: http://localhost@evil.example",
        "Origin: http://localhost:80:80",
        "Origin: https://app.example.evil.example",
        "Origin: https://evil.example/https://app.example",
        "Origin: https://app.example:+443",
        "Origin: http://app.example",
        "Origin: https://app.example:444",
    ] {
        let mut client = Client::connect(server.address);
        client.send(format!(
            "POST /events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             {lines}\r\n\r\n{body}",
            server.address,
            body.len()
        ));
        let answer = client.answer();
        assert_eq!(answer.status, 403, "{lines}: {answer:?}");
        assert_eq!(answer.error(), "foreign_origin");
        assert_eq!(answer.field("access-control-allow-origin"), None);
    }
    assert_eq!(publish(server.address, &body), "1", "a foreign page published");
}

#[test]
fn a_foreign_host_is_refused() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let port = server.address.port();
    for host in
        ["evil.example", "evil.example:3001", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example"]
    {
        for target in ["/events?all=true", "/events/subscribe?all=true", "/events/stats"] {
            let answer = get_with(server.address, target, &[("Host", host)]);
            assert_eq!(answer.status, 403, "{host} {target}: {answer:?}");
            answer.error();
        }
    }
    for host in
        [&format!("localhost:{port}"), "localhost", &format!("127.0.0.1:{port}"), "127.0.0.1", "[::1]:80"]
    {
        let answer = get_with(server.address, "/events?all=true", &[("Host", host)]);
        assert_eq!(answer.status, 200, "{host}: {answer:?}");
    }
}
