//! Where a body ends: each way that two readers of one request were ever made to disagree, and that none is
//! taken.

use super::{parse, with_fields};
use crate::http::BodyLength::{self, Chunked, Exact};
use crate::http::RequestError::{
    self, BadFieldName, BadFieldValue, BadLength, BareLineEnd, BodyTooLong, EncodingInHttp10, FoldedField,
    LengthAndEncoding, ManyLengths, NotChunkedLast, SpaceBeforeColon, UnknownEncoding,
};

#[track_caller]
fn check(version: &str, fields: &[&str], expected: Result<(BodyLength, bool), RequestError>) {
    let all: Vec<&str> = [&["Host: h"], fields].concat();
    let outcome = parse(&with_fields(&format!("POST / {version}"), &all));
    let outcome = outcome.map(|head| head.map(|head| (head.body, head.has_length)).unwrap());
    assert_eq!(outcome, expected, "of {version} {fields:?}");
}

#[test]
fn content_length() {
    for (value, expected) in [
        ("0", Ok(Exact(0))),
        ("17", Ok(Exact(17))),
        (" 17\t", Ok(Exact(17))),
        ("1048576", Ok(Exact(1_048_576))),
        ("1048577", Err(BodyTooLong)),
        ("18446744073709551615", Err(BodyTooLong)),
        ("18446744073709551616", Err(BadLength)),
        ("99999999999999999999999999", Err(BadLength)),
        ("", Err(BadLength)),
        ("+17", Err(BadLength)),
        ("-17", Err(BadLength)),
        ("1 7", Err(BadLength)),
        ("17,17", Err(BadLength)),
        ("17, 17", Err(BadLength)),
        ("17;a", Err(BadLength)),
        ("0x11", Err(BadLength)),
        ("17.0", Err(BadLength)),
        ("1_7", Err(BadLength)),
        ("\"17\"", Err(BadLength)),
        ("\u{661}", Err(BadLength)),
    ] {
        let expected = expected.map(|length| (length, true));
        check("HTTP/1.1", &[&format!("Content-Length:{value}")], expected);
        check("HTTP/1.0", &[&format!("content-length:{value}")], expected);
    }
    check("HTTP/1.1", &[], Ok((Exact(0), false)));
    check("HTTP/1.1", &["Content-Length: 17", "Content-Length: 17"], Err(ManyLengths));
    check("HTTP/1.1", &["Content-Length: 17", "content-length: 18"], Err(ManyLengths));
    check("HTTP/1.1", &["Content-Length: 17", "Content-Length:"], Err(ManyLengths));
    check("HTTP/1.1", &["Content_Length: 17"], Ok((Exact(0), false)));
}

#[test]
fn transfer_encoding() {
    for (value, expected) in [
        ("chunked", Ok(Chunked)),
        ("Chunked", Ok(Chunked)),
        ("  CHUNKED\t", Ok(Chunked)),
        ("gzip, chunked", Err(UnknownEncoding)),
        ("identity, chunked", Err(UnknownEncoding)),
        (", chunked", Err(UnknownEncoding)),
        ("chunked, gzip", Err(NotChunkedLast)),
        ("chunked, chunked", Err(NotChunkedLast)),
        ("chunked,", Err(NotChunkedLast)),
        ("chunked, identity", Err(NotChunkedLast)),
        ("gzip", Err(NotChunkedLast)),
        ("identity", Err(NotChunkedLast)),
        ("", Err(NotChunkedLast)),
        ("xchunked", Err(NotChunkedLast)),
        ("chunkedx", Err(NotChunkedLast)),
        ("x chunked", Err(NotChunkedLast)),
        ("chunked;q=1", Err(NotChunkedLast)),
        ("\"chunked\"", Err(NotChunkedLast)),
        ("chunk\u{e9}d", Err(NotChunkedLast)),
        ("\u{a0}chunked", Err(NotChunkedLast)),
        ("\u{b}chunked", Err(BadFieldValue)),
        ("chunked\u{0}", Err(BadFieldValue)),
    ] {
        let line = format!("Transfer-Encoding:{value}");
        check("HTTP/1.1", &[&line], expected.map(|length| (length, true)));
        if expected != Err(BadFieldValue) {
            check("HTTP/1.0", &[&line], Err(EncodingInHttp10));
        }
    }
    let two_lines = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"];
    check("HTTP/1.1", &two_lines, Err(NotChunkedLast));
    check("HTTP/1.1", &["Transfer-Encoding: gzip", "transfer-encoding: chunked"], Err(UnknownEncoding));
    check("HTTP/1.1", &["Transfer-Encoding: chunked", "Transfer-Encoding: x"], Err(NotChunkedLast));
    check("HTTP/1.1", &["Transfer-Encoding : chunked"], Err(SpaceBeforeColon));
    check("HTTP/1.1", &["Transfer-Encoding\t: chunked"], Err(SpaceBeforeColon));
    check("HTTP/1.1", &["Transfer-Encoding\u{0}: chunked"], Err(BadFieldName));
    check("HTTP/1.1", &["Transfer-Encoding:\r\n chunked"], Err(FoldedField));
    check("HTTP/1.1", &["X: y\rTransfer-Encoding: chunked"], Err(BareLineEnd));
    check("HTTP/1.1", &["X: y\nTransfer-Encoding: chunked"], Err(BareLineEnd));
}

#[test]
fn never_both() {
    for encoding in ["chunked", "identity", "", "x"] {
        let encoding = format!("Transfer-Encoding: {encoding}");
        for length in ["Content-Length: 5", "Content-Length: 0", "Content-Length:", "Content-Length: x"] {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                check(version, &[&encoding, length], Err(LengthAndEncoding));
                check(version, &[length, &encoding], Err(LengthAndEncoding));
            }
        }
    }
}
