//! Heads as real clients send them, and what they mean.

use http::Method;

use super::{parse, with_fields};
use crate::http::{BodyLength, Head, Version, parse_head};

#[track_caller]
fn head(input: &str) -> Head {
    parse(input).unwrap().unwrap()
}

#[test]
fn browser_subscribes() {
    let input = with_fields(
        "GET /v1/events/subscribe?streams=1,2&types=stream.created HTTP/1.1",
        &[
            "Host: localhost:3001",
            "Accept: text/event-stream",
            "Cache-Control: no-cache",
            "Last-Event-ID: 41",
            "Accept-Encoding: gzip, deflate, br, zstd",
        ],
    );
    let head = head(&input);
    assert_eq!(head.method, Method::GET);
    assert_eq!(head.path, "/events/subscribe");
    assert_eq!(head.query, "streams=1,2&types=stream.created");
    assert_eq!(head.host.as_deref(), Some("localhost:3001"));
    assert_eq!(head.version, Version::Http11);
    assert_eq!(head.header("last-event-id"), Some("41"));
    assert_eq!(head.header("Last-Event-Id"), Some("41"));
    assert_eq!((head.body, head.has_length), (BodyLength::Exact(0), false));
    assert!(head.keep_alive && !head.expects_continue);
    assert!(head.accepts("text/event-stream") && !head.accepts("application/json"));
    assert_eq!(head.bytes, input.len());
}

#[test]
fn publisher_posts() {
    let head = head(&with_fields(
        "POST /events HTTP/1.1",
        &["Host: h", "Content-Type: application/json", "Content-Length: 17", "Expect: 100-continue"],
    ));
    assert_eq!((head.body, head.has_length), (BodyLength::Exact(17), true));
    assert!(head.expects_continue);
}

#[test]
fn pipelined_head_stops_at_its_end() {
    let first = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let input = format!("{first}GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = parse_head(input.as_bytes()).unwrap().unwrap();
    assert_eq!((&head.path[..], head.bytes), ("/a", first.len()));
}

#[test]
fn empty_lines_before_the_request_belong_to_the_head() {
    let input = "\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(head(input).bytes, input.len());
    assert_eq!(parse("\r\n\r\n"), Ok(None));
}

#[test]
fn unknown_methods_are_for_the_router() {
    for method in ["get", "PROPFIND", "M-SEARCH", "X"] {
        assert_eq!(head(&with_fields(&format!("{method} / HTTP/1.1"), &["Host: h"])).method.as_str(), method);
    }
}

#[test]
fn field_values_are_trimmed_and_kept() {
    let head = head(&with_fields(
        "GET / HTTP/1.1",
        &["Host:h", "A: \t a b\t ", "B:", "C:   ", "!#$%&'*+-.^_`|~9: odd", "D: caf\u{e9}", "E: \"q\""],
    ));
    assert_eq!(head.header("a"), Some("a b"));
    assert_eq!(head.header("b"), Some(""));
    assert_eq!(head.header("c"), Some(""));
    assert_eq!(head.header("!#$%&'*+-.^_`|~9"), Some("odd"));
    assert_eq!(head.header("d"), None, "not text that everybody reads alike");
    assert_eq!(head.header("e"), Some("\"q\""));
    assert_eq!(head.header("f"), None);
}

#[test]
fn repeated_fields_count_when_equal() {
    let head = head(&with_fields(
        "GET / HTTP/1.1",
        &["Host: h", "Last-Event-ID: 5", "last-event-id: 5", "Authorization: a", "Authorization: b"],
    ));
    assert_eq!(head.header("last-event-id"), Some("5"));
    assert_eq!(head.header("authorization"), None);
}

#[test]
fn connections_are_kept_as_both_sides_expect() {
    for (version, connection, keep_alive) in [
        ("HTTP/1.1", None, true),
        ("HTTP/1.1", Some("Connection: close"), false),
        ("HTTP/1.1", Some("Connection: Upgrade, CLOSE"), false),
        ("HTTP/1.1", Some("Connection: keep-alive\r\nConnection: close"), false),
        ("HTTP/1.1", Some("Connection: closed"), true),
        ("HTTP/1.0", None, false),
        ("HTTP/1.0", Some("Connection: Keep-Alive"), true),
        ("HTTP/1.0", Some("Connection: keep-alive, close"), false),
    ] {
        let mut fields = vec!["Host: h"];
        fields.extend(connection);
        let head = head(&with_fields(&format!("GET / {version}"), &fields));
        assert_eq!(head.keep_alive, keep_alive, "of {version} {connection:?}");
    }
}

#[test]
fn an_expectation_waits_only_for_a_body() {
    for (request_line, length, expected) in [
        ("POST / HTTP/1.1", "Content-Length: 1", true),
        ("POST / HTTP/1.1", "Transfer-Encoding: chunked", true),
        ("POST / HTTP/1.1", "Content-Length: 0", false),
        ("POST / HTTP/1.1", "X: y", false),
        ("POST / HTTP/1.0", "Content-Length: 1", false),
    ] {
        let head = head(&with_fields(request_line, &["Host: h", "Expect: 100-Continue", length]));
        assert_eq!(head.expects_continue, expected, "of {request_line} {length}");
    }
}

#[test]
fn http_1_0_needs_no_host() {
    assert_eq!(head("GET / HTTP/1.0\r\n\r\n").host, None);
    assert_eq!(head("GET / HTTP/1.0\r\nHost: h\r\n\r\n").host.as_deref(), Some("h"));
    assert_eq!(head("GET / HTTP/1.1\r\nHost:\r\n\r\n").host.as_deref(), Some(""));
}

#[test]
fn origins_that_are_there_are_never_none() {
    let origin = |fields: &[&str]| {
        let head = parse(&with_fields("GET / HTTP/1.1", &[&["Host: h"], fields].concat())).unwrap().unwrap();
        head.origin().map(str::to_owned)
    };
    for (fields, expected) in [
        (&[][..], None),
        (&["X-Origin: http://a"], None),
        (&["Origin: http://a"], Some("http://a")),
        (&["Origin: http://a", "origin: http://a"], Some("http://a")),
        (&["Origin: http://a", "Origin: http://b"], Some("null")),
        (&["Origin: http://a\u{e9}"], Some("null")),
        (&["Origin:"], Some("")),
    ] {
        assert_eq!(origin(fields).as_deref(), expected, "{fields:?}");
    }
}
