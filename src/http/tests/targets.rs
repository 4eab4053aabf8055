//! Request targets: the four forms, paths and what they decode to.

use super::{parse, with_fields};
use crate::http::RequestError::{
    self, BadPercent, BadTarget, Connect, ControlInPath, DotSegment, NoHost, PathNotUtf8, SlashInPath,
};

/// The expectation is (path, query, host) with the Host field `h`.
#[track_caller]
fn check(method: &str, target: &str, expected: Result<(&str, &str, &str), RequestError>) {
    let outcome = parse(&with_fields(&format!("{method} {target} HTTP/1.1"), &["Host: h"]));
    let head = outcome.map(|head| head.map(|head| (head.path, head.query, head.host.unwrap())).unwrap());
    let expected = expected.map(|(path, query, host)| (path.to_owned(), query.to_owned(), host.to_owned()));
    assert_eq!(head, expected, "of {method} {target}");
}

#[test]
fn origin_form() {
    for (target, path, query) in [
        ("/", "/", ""),
        ("/?", "/", ""),
        ("/a?b=c?d=/../%zz", "/a", "b=c?d=/../%zz"),
        ("/streams/a%3Ab/top-up", "/streams/a:b/top-up", ""),
        ("/caf%C3%A9", "/café", ""),
        ("/a%20b+c", "/a b+c", ""),
        ("/%25", "/%", ""),
        ("/%2525", "/%25", ""),
        ("//a//b/", "//a//b/", ""),
        ("/a:80", "/a:80", ""),
        ("/...", "/...", ""),
        ("/a.b", "/a.b", ""),
        ("/v1", "/", ""),
        ("/v1/", "/", ""),
        ("/v1?a", "/", "a"),
        ("/v1/events", "/events", ""),
        ("/%761/events", "/events", ""),
        ("/v1/v1/events", "/v1/events", ""),
        ("/v12/events", "/v12/events", ""),
        ("/V1/events", "/V1/events", ""),
        ("/v1events", "/v1events", ""),
        ("/a/v1/events", "/a/v1/events", ""),
        ("//v1/events", "//v1/events", ""),
    ] {
        check("GET", target, Ok((path, query, "h")));
    }
}

#[test]
fn paths_that_another_reader_may_take_for_others() {
    for (target, error) in [
        ("/%", BadPercent),
        ("/%4", BadPercent),
        ("/%4g", BadPercent),
        ("/%+4", BadPercent),
        ("/%%41", BadPercent),
        ("/%4?1", BadPercent),
        ("/%00", ControlInPath),
        ("/a%0d%0ab", ControlInPath),
        ("/%7f", ControlInPath),
        ("/a%2Fb", SlashInPath),
        ("/a%2fb", SlashInPath),
        ("/%FF", PathNotUtf8),
        ("/%C0%AF", PathNotUtf8),
        ("/%C3", PathNotUtf8),
        ("/%ED%A0%80", PathNotUtf8),
        ("/.", DotSegment),
        ("/..", DotSegment),
        ("/a/../events", DotSegment),
        ("/a/./b", DotSegment),
        ("/streams/%2e%2e/cancel", DotSegment),
        ("/streams/.%2E", DotSegment),
        ("/v1/../metrics", DotSegment),
    ] {
        check("GET", target, Err(error));
    }
}

#[test]
fn absolute_form_wins_over_host() {
    for (target, path, query, host) in [
        ("http://other/a?b", "/a", "b", "other"),
        ("HTTP://other:3001/v1/events", "/events", "", "other:3001"),
        ("https://other", "/", "", "other"),
        ("http://other?a=b", "/", "a=b", "other"),
        ("http://[::1]:3001/", "/", "", "[::1]:3001"),
    ] {
        check("GET", target, Ok((path, query, host)));
    }
    for target in [
        "ftp://other/",
        "http:/other/",
        "http:///a",
        "http://",
        "http://user@other/",
        "http://o\\t/",
        "http://other:x/",
        "other/a",
        "a",
        "?a",
        "other:80",
    ] {
        check("GET", target, Err(BadTarget));
    }
}

#[test]
fn asterisk_and_authority() {
    check("OPTIONS", "*", Ok(("*", "", "h")));
    check("OPTIONS", "http://other", Ok(("*", "", "other")));
    check("OPTIONS", "http://other/", Ok(("/", "", "other")));
    check("OPTIONS", "http://other?a", Ok(("/", "a", "other")));
    check("OPTIONS", "*?a", Err(BadTarget));
    check("GET", "*", Err(BadTarget));
    check("CONNECT", "other:80", Err(Connect));
    check("CONNECT", "/", Err(Connect));
}

#[test]
fn an_absolute_target_does_not_excuse_the_host_field() {
    assert_eq!(parse("GET http://other/ HTTP/1.1\r\n\r\n"), Err(NoHost));
    let head = parse("GET http://other/ HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.host.as_deref(), Some("other"));
}
