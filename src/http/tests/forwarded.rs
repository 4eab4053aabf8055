//! Hops out of `X-Forwarded-For` and `Forwarded`, the last first; what is not understood is a hop that says nothing.

use http::{HeaderMap, HeaderValue};

use crate::http::{FORWARDED, Hop, X_FORWARDED_FOR, forwarded, x_forwarded_for};

fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    headers
}

/// `?` for a hop that says nothing.
fn hops(texts: &str) -> Vec<Hop> {
    texts.split_whitespace().map(|text| text.parse().ok()).collect()
}

#[test]
fn x_forwarded_for_is_read_from_the_end_over_all_lines() {
    for (lines, expected) in [
        (&["192.0.2.1"][..], "192.0.2.1"),
        (&["192.0.2.1, 192.0.2.2 ,192.0.2.3"], "192.0.2.3 192.0.2.2 192.0.2.1"),
        (&["192.0.2.1", "192.0.2.2, 192.0.2.3"], "192.0.2.3 192.0.2.2 192.0.2.1"),
        (&["192.0.2.1:8080"], "192.0.2.1"),
        (&["2001:db8::1"], "2001:db8::1"),
        (&["[2001:db8::1]"], "2001:db8::1"),
        (&["[2001:db8::1]:443"], "2001:db8::1"),
        (&["::ffff:192.0.2.9"], "192.0.2.9"),
        (&["unknown, 192.0.2.1"], "192.0.2.1 ?"),
        (&["192.0.2.1,"], "? 192.0.2.1"),
        (&[""], "?"),
        (
            &["192.0.2.1:port", "192.0.2.1:", "192.0.2.1:123456", "[::1", "[::1]x", "[192.0.2.1]"],
            "? ? ? ? ? ?",
        ),
        (&["192.0.2.01", "0x7f.1", "3232235777", "fe80::1%eth0", "\"192.0.2.1\""], "? ? ? ? ?"),
        (&["192.0.2.1, \u{e9}"], "?"),
    ] {
        let found: Vec<_> = x_forwarded_for(&headers(X_FORWARDED_FOR, lines)).collect();
        assert_eq!(found, hops(expected), "{lines:?}");
    }
}

#[test]
fn forwarded_is_read_as_rfc_7239_has_it() {
    for (lines, expected) in [
        (&["for=192.0.2.60;proto=http;by=203.0.113.43"][..], "192.0.2.60"),
        (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        (&["for=192.0.2.43, for=198.51.100.17"], "198.51.100.17 192.0.2.43"),
        (&["for=192.0.2.43", "proto=https; for=198.51.100.17"], "198.51.100.17 192.0.2.43"),
        (&["for=\"192.0.2.43:47011\""], "192.0.2.43"),
        (&["for=\"192.0.2.43:_port\""], "192.0.2.43"),
        (&["for=unknown", "for=_hidden", "for=\"_SEVKISEK\""], "? ? ?"),
        (&["proto=https"], "?"),
        (&["for=192.0.2.1;for=192.0.2.2"], "?"),
        (&["for=\"192.0.2.1"], "?"),
        // One that a client left open in another parameter would swallow what the proxy adds.
        (&["for=192.0.2.66;x=\", for=192.0.2.1"], "?"),
        (&["x=\"a\\\";for=192.0.2.66"], "?"),
        (&["for=\"192.0.2.1\\\""], "?"),
        (&["for=\"192.0.2.1\"x"], "?"),
        (&["for"], "?"),
        (&["for=\"a,b\";by=x, for=192.0.2.2"], "192.0.2.2 ?"),
        // A client's open quote takes in what the proxy adds after it: nothing is guessed out of that.
        (&["for=\"192.0.2.1, for=192.0.2.2"], "?"),
    ] {
        let found: Vec<_> = forwarded(&headers(FORWARDED, lines)).collect();
        assert_eq!(found, hops(expected), "{lines:?}");
    }
}
