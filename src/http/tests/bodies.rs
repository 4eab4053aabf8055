//! Bodies that are taken: what they decode to, and that the bytes behind them are left alone.

use crate::http::{BodyDecoder, BodyLength};
use crate::limits::BODY_BYTES_MAX;

#[track_caller]
fn check(length: BodyLength, body: &str, expected: &str) {
    let input = format!("{body}GET / HTTP/1.1\r\n");
    let mut decoder = BodyDecoder::new(length);
    let mut out = b"kept".to_vec();
    let progress = decoder.read(input.as_bytes(), &mut out).unwrap();
    assert_eq!(std::str::from_utf8(&out).unwrap(), format!("kept{expected}"), "of {body:?}");
    assert!(progress.done, "of {body:?}");
    assert_eq!(progress.consumed, body.len(), "of {body:?}");

    let again = decoder.read(b"GET", &mut out).unwrap();
    assert_eq!((again.consumed, again.done), (0, true));
}

#[test]
fn exact() {
    check(BodyLength::Exact(0), "", "");
    check(BodyLength::Exact(2), "{}", "{}");
    check(BodyLength::Exact(5), "a\r\nbc", "a\r\nbc");
}

#[test]
fn no_body_is_done_without_a_byte() {
    let progress = BodyDecoder::new(BodyLength::Exact(0)).read(b"", &mut Vec::new()).unwrap();
    assert!(progress.done);
    let progress = BodyDecoder::new(BodyLength::Exact(1)).read(b"", &mut Vec::new()).unwrap();
    assert!(!progress.done);
    let progress = BodyDecoder::new(BodyLength::Chunked).read(b"", &mut Vec::new()).unwrap();
    assert!(!progress.done);
}

#[test]
fn chunked() {
    for (body, expected) in [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("a\r\n0123456789\r\n00000\r\n\r\n", "0123456789"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    ] {
        check(BodyLength::Chunked, body, expected);
    }
}

#[test]
fn extensions_and_trailers_are_dropped() {
    for body in [
        "2;\r\n{}\r\n0\r\n\r\n",
        "2;a=b;c=\"d;e\"\r\n{}\r\n0;x\r\n\r\n",
        "2 \t;a\r\n{}\r\n0\t ; b\r\n\r\n",
        "2\r\n{}\r\n0\r\nContent-Length: 7\r\nB:\r\n\r\n",
        "2\r\n{}\r\n0\r\nDigest: \t caf\u{e9} \r\n\r\n",
    ] {
        check(BodyLength::Chunked, body, "{}");
    }
}

#[test]
fn the_largest_body() {
    let body = "x".repeat(BODY_BYTES_MAX);
    check(BodyLength::Exact(BODY_BYTES_MAX as u64), &body, &body);
    check(BodyLength::Chunked, &format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()), &body);
}
