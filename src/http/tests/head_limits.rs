//! The limits of a head: the last size that is taken, the first that is not, and that the refusal waits for
//! no more bytes.

use super::{drip, parse};
use crate::http::RequestError::{
    self, HeadTooLong, MethodTooLong, TargetTooLong, TooManyEmptyLines, TooManyFields,
};
use crate::limits::{HEAD_BYTES_MAX, HEADER_FIELDS_MAX, TARGET_BYTES_MAX};

const REST: &str = " HTTP/1.1\r\nHost: h\r\n\r\n";

#[track_caller]
fn check(input: &str, expected: Result<usize, RequestError>) {
    let outcome = parse(input).map(|head| head.map_or(0, |head| head.bytes));
    assert_eq!(outcome, expected, "of {} bytes", input.len());
}

#[test]
fn target() {
    for (bytes, refused) in [(TARGET_BYTES_MAX, false), (TARGET_BYTES_MAX + 1, true), (40_000, true)] {
        let target = format!("/{}", "a".repeat(bytes - 1));
        let input = format!("GET {target}{REST}");
        check(&input, if refused { Err(TargetTooLong) } else { Ok(input.len()) });
    }
    let endless = format!("GET /{}", "a".repeat(TARGET_BYTES_MAX));
    assert_eq!(drip(endless.as_bytes()), (Err(TargetTooLong), "GET ".len() + TARGET_BYTES_MAX + 1));
}

#[test]
fn method() {
    let input = format!("{} /{REST}", "A".repeat(32));
    check(&input, Ok(input.len()));
    check(&"A".repeat(33), Err(MethodTooLong));
    check(&"A".repeat(32), Ok(0));
}

#[test]
fn fields() {
    let lines = |count| format!("GET / HTTP/1.1\r\nHost: h\r\n{}", "a: b\r\n".repeat(count));
    let most = format!("{}\r\n", lines(HEADER_FIELDS_MAX - 1));
    check(&most, Ok(most.len()));
    check(&lines(HEADER_FIELDS_MAX), Err(TooManyFields));
}

#[test]
fn whole_head() {
    let start = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    let end = "\r\n\r\n";
    for (bytes, refused) in [(HEAD_BYTES_MAX, false), (HEAD_BYTES_MAX + 1, true), (100_000, true)] {
        let input = format!("{start}{}{end}", "a".repeat(bytes - start.len() - end.len()));
        check(&input, if refused { Err(HeadTooLong) } else { Ok(bytes) });
    }
    let endless = format!("{start}{}", "a".repeat(HEAD_BYTES_MAX));
    assert_eq!(drip(endless.as_bytes()), (Err(HeadTooLong), HEAD_BYTES_MAX));
    let named = format!("GET / HTTP/1.1\r\n{}", "a".repeat(HEAD_BYTES_MAX));
    assert_eq!(drip(named.as_bytes()), (Err(HeadTooLong), HEAD_BYTES_MAX));
}

#[test]
fn empty_lines() {
    let input = format!("{}GET /{REST}", "\r\n".repeat(4));
    check(&input, Ok(input.len()));
    check(&"\r\n".repeat(5), Err(TooManyEmptyLines));
}
