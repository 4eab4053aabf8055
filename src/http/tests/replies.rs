//! Answers, byte for byte.

use http::StatusCode;

use crate::http::{Detail, Reply, RequestError, Version, stream_head};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[track_caller]
fn check(reply: &Reply, version: Version, keep_alive: bool, head_only: bool, expected: &str) {
    let mut out = b"before".to_vec();
    reply.write(&mut out, version, keep_alive, head_only, DATE);
    let expected = expected.replace('\n', "\r\n");
    assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
}

#[test]
fn json() {
    let reply = Reply::json(StatusCode::CREATED, b"{}".to_vec()).with("Location", "/events");
    let head = "HTTP/1.1 201 Created\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Type: application/json\n\
                Content-Length: 2\nCache-Control: no-store\nX-Content-Type-Options: nosniff\n\
                Location: /events\n";
    check(&reply, Version::Http11, true, false, &format!("{head}\n{{}}"));
    check(&reply, Version::Http11, false, false, &format!("{head}Connection: close\n\n{{}}"));
    check(&reply, Version::Http10, true, false, &format!("{head}Connection: keep-alive\n\n{{}}"));
    check(&reply, Version::Http10, false, true, &format!("{head}Connection: close\n\n"));
}

#[test]
fn other_content_says_itself_whether_to_store_it() {
    let page = Reply {
        content_type: "text/html; charset=utf-8",
        ..Reply::json(StatusCode::OK, b"<p>".to_vec()).with("Cache-Control", "max-age=60")
    };
    check(
        &page,
        Version::Http11,
        true,
        false,
        "HTTP/1.1 200 OK\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Type: text/html; charset=utf-8\n\
         Content-Length: 3\nX-Content-Type-Options: nosniff\nCache-Control: max-age=60\n\n<p>",
    );
    let mut out = Vec::new();
    let reply = Reply::json(StatusCode::OK, vec![]).with("cache-control", "max-age=1");
    reply.write(&mut out, Version::Http11, true, false, DATE);
    assert!(!String::from_utf8(out).unwrap().contains("no-store"));
}

#[test]
fn no_content_has_no_length() {
    for (status, line) in
        [(StatusCode::NO_CONTENT, "204 No Content"), (StatusCode::NOT_MODIFIED, "304 Not Modified")]
    {
        check(
            &Reply::empty(status).with("ETag", "\"a\""),
            Version::Http11,
            true,
            false,
            &format!(
                "HTTP/1.1 {line}\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nX-Content-Type-Options: nosniff\n\
                 ETag: \"a\"\n\n"
            ),
        );
    }
    check(
        &Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        Version::Http11,
        true,
        false,
        "HTTP/1.1 405 Method Not Allowed\nDate: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Length: 0\n\
         X-Content-Type-Options: nosniff\n\n",
    );
}

#[test]
fn error_bodies_are_json_whatever_they_say() {
    let body = |reply: Reply| String::from_utf8(reply.body).unwrap();
    assert_eq!(
        body(Reply::error(StatusCode::BAD_REQUEST, "bad_request", "say \"x\"\\\r\n\u{0}\u{7f}é", &[])),
        r#"{"error":"bad_request","message":"say \"x\"\\\r\n\u0000\u007fé"}"#
    );
    let details = [
        Detail { path: "events[0].data.\"a".to_owned(), message: "is\tmissing".to_owned() },
        Detail { path: String::new(), message: "m".to_owned() },
    ];
    assert_eq!(
        body(Reply::error(StatusCode::BAD_REQUEST, "n", "m", &details)),
        concat!(
            r#"{"error":"n","message":"m","details":[{"path":"events[0].data.\"a","message":"is\tmissing"},"#,
            r#"{"path":"","message":"m"}]}"#
        )
    );
    let reply = Reply::from(&RequestError::NoHost);
    assert_eq!((reply.status, reply.content_type), (StatusCode::BAD_REQUEST, "application/json"));
    assert_eq!(
        body(reply),
        r#"{"error":"bad_request","message":"an HTTP/1.1 request needs a Host header field"}"#
    );
}

#[test]
fn a_value_cannot_end_the_head() {
    let reply = Reply::empty(StatusCode::OK).with("Location", "/a\r\nSet-Cookie: x\r\n\r\n\0");
    let mut out = Vec::new();
    reply.write(&mut out, Version::Http11, true, false, DATE);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("Location: /a  Set-Cookie: x     \r\n\r\n"), "{out:?}");
    assert_eq!(out.matches("\r\n\r\n").count(), 1);
}

#[test]
fn event_stream_head() {
    let extra = [("Vary", "Origin".to_owned())];
    let common = "HTTP/1.1 200 OK\nDate: Sun, 06 Nov 1994 08:49:37 GMT\n\
                  Content-Type: text/event-stream; charset=utf-8\nCache-Control: no-cache, no-transform\n\
                  X-Accel-Buffering: no\nX-Content-Type-Options: nosniff\nVary: Origin\n";
    for (version, end) in [
        (Version::Http11, "Connection: keep-alive\nTransfer-Encoding: chunked\n\n"),
        (Version::Http10, "Connection: close\n\n"),
    ] {
        let mut out = Vec::new();
        stream_head(&mut out, version, &extra, DATE);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{common}{end}").replace('\n', "\r\n"));
    }
}
