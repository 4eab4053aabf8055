//! Heads that are refused, and that each is refused at the very byte that shows it: a client that will never
//! send a request must not hold a connection until the time is over.

use super::{drip, parse, with_fields};
use crate::http::RequestError::{
    self, BadFieldName, BadFieldValue, BadHost, BadRequestLine, BadTargetByte, BareLineEnd, FoldedField,
    ManyHosts, NoHost, NoVersion, SpaceBeforeColon, TlsHandshake, UnknownExpectation, UnsupportedVersion,
};

/// `good` is what the decision needs; `more` follows in the same read and changes nothing.
#[track_caller]
fn check_at(good: &str, more: &str, error: RequestError) {
    let (outcome, bytes) = drip(format!("{good}{more}").as_bytes());
    assert_eq!(outcome, Err(error), "of {good:?}");
    assert_eq!(bytes, good.len(), "bytes that {good:?} was waited for");
    assert_eq!(parse(&format!("{good}{more}")), Err(error), "of {good:?}");
}

#[test]
fn what_is_no_request_line() {
    let rest = "\r\nHost: h\r\n\r\n";
    for (good, error) in [
        ("\u{16}", TlsHandshake),
        ("\u{0}", BadRequestLine),
        (" ", BadRequestLine),
        ("\t", BadRequestLine),
        ("{", BadRequestLine),
        ("\n", BareLineEnd),
        ("\rG", BareLineEnd),
        ("\r\n\u{16}", BadRequestLine),
        ("GET\r", BadRequestLine),
        ("GET\n", BadRequestLine),
        ("GET\t", BadRequestLine),
        ("G\u{0}", BadRequestLine),
        ("GET:", BadRequestLine),
        ("GET  ", BadRequestLine),
        ("GET /a\r", NoVersion),
        ("GET /a\n", NoVersion),
        ("GET /a\t", BadTargetByte),
        ("GET /a\u{0}", BadTargetByte),
        ("GET /a\u{7f}", BadTargetByte),
        ("GET /a#", BadTargetByte),
        ("GET /a  ", BadRequestLine),
        ("GET / a", BadRequestLine),
        ("GET / h", BadRequestLine),
        ("GET / HTTP:", BadRequestLine),
        ("GET / HTTP/1,", BadRequestLine),
        ("GET / HTTP/a", BadRequestLine),
        ("GET / HTTP/1.1 ", BadRequestLine),
        ("GET / HTTP/1.10", BadRequestLine),
        ("GET / HTTP/11", BadRequestLine),
        ("GET / HTTP/1.1\n", BareLineEnd),
        ("GET / HTTP/1.1\rH", BareLineEnd),
        ("GET / HTTP/0.9", UnsupportedVersion),
        ("GET / HTTP/1.2", UnsupportedVersion),
        ("GET / HTTP/3.0", UnsupportedVersion),
        ("PRI * HTTP/2.0", UnsupportedVersion),
    ] {
        check_at(good, rest, error);
        check_at(good, "", error);
    }
    assert_eq!(parse("é"), Err(BadRequestLine));
    assert_eq!(parse("GET /é HTTP/1.1\r\n"), Err(BadTargetByte));
}

#[test]
fn what_is_no_field() {
    for (line, error) in [
        ("\n", BareLineEnd),
        ("\rA", BareLineEnd),
        ("\r\r", BareLineEnd),
        (" ", FoldedField),
        ("\t", FoldedField),
        (":", BadFieldName),
        ("A ", SpaceBeforeColon),
        ("A\t", SpaceBeforeColon),
        ("A\r", BadFieldName),
        ("A\n", BadFieldName),
        ("A\u{0}", BadFieldName),
        ("A(", BadFieldName),
        ("\"", BadFieldName),
        ("A: b\n", BareLineEnd),
        ("A: b\rc", BareLineEnd),
        ("A: b\r\n ", FoldedField),
        ("A: b\r\n\t", FoldedField),
        ("A:\r\n ", FoldedField),
        ("A: b\u{0}", BadFieldValue),
        ("A: b\u{7f}", BadFieldValue),
        ("A: b\u{b}", BadFieldValue),
        ("A: b\u{1b}", BadFieldValue),
        ("A: b\r\n\n", BareLineEnd),
        ("A: b\r\n\rX", BareLineEnd),
    ] {
        let more = "x\r\nHost: h\r\n\r\n";
        // As the first field, and behind one that is good.
        check_at(&format!("GET / HTTP/1.1\r\n{line}"), more, error);
        check_at(&format!("GET / HTTP/1.1\r\nHost: h\r\n{line}"), more, error);
    }
}

#[test]
fn hosts() {
    for (fields, error) in [
        (&[][..], NoHost),
        (&["Hosts: h"], NoHost),
        (&["Host: h", "Host: h"], ManyHosts),
        (&["Host: h", "host: other"], ManyHosts),
        (&["Host: h, other"], BadHost),
        (&["Host: h other"], BadHost),
        (&["Host: user@h"], BadHost),
        (&["Host: h/path"], BadHost),
        (&["Host: http://h"], BadHost),
        (&["Host: h:80:80"], BadHost),
        (&["Host: h:port"], BadHost),
        (&["Host: h:123456"], BadHost),
        (&["Host: :80"], BadHost),
        (&["Host: [::1"], BadHost),
        (&["Host: [::1]x"], BadHost),
        (&["Host: [h]"], BadHost),
        (&["Host: h\u{e9}"], BadHost),
    ] {
        assert_eq!(parse(&with_fields("GET / HTTP/1.1", fields)), Err(error), "of {fields:?}");
    }
    assert_eq!(parse(&with_fields("GET / HTTP/1.0", &["Host: h", "Host: h"])), Err(ManyHosts));
    for host in ["h", "H.example:3001", "127.0.0.1:80", "[::1]:3001", "[::1]", "h:", "a_b-c.d~"] {
        let head = parse(&with_fields("GET / HTTP/1.1", &[&format!("Host: {host}")])).unwrap().unwrap();
        assert_eq!(head.host.as_deref(), Some(host));
    }
}

#[test]
fn expectations() {
    for fields in [
        &["Host: h", "Expect: 100-continued"][..],
        &["Host: h", "Expect: 100-continue, other"],
        &["Host: h", "Expect: 100-continue", "Expect: other"],
        &["Host: h", "Expect: caf\u{e9}"],
    ] {
        let outcome = parse(&with_fields("POST / HTTP/1.1", fields));
        assert_eq!(outcome, Err(UnknownExpectation), "of {fields:?}");
        assert!(parse(&with_fields("POST / HTTP/1.0", fields)).is_ok(), "HTTP/1.0 has none");
    }
}
