//! Bodies that are refused: framing that two readers may take differently, and sizes over the limits.

use crate::http::RequestError::{
    self, BadChunkEnd, BadChunkExtension, BadChunkSize, BadTrailer, BodyTooLong,
};
use crate::http::{BodyDecoder, BodyLength};
use crate::limits::BODY_BYTES_MAX;

#[track_caller]
fn check(body: &str, error: RequestError) {
    let outcome = BodyDecoder::new(BodyLength::Chunked).read(body.as_bytes(), &mut Vec::new());
    assert_eq!(outcome.err(), Some(error), "of {body:?}");
}

#[test]
fn chunk_framing() {
    for (body, error) in [
        ("\r\n", BadChunkSize),
        (";a\r\n", BadChunkSize),
        (" 5\r\n", BadChunkSize),
        ("5 \r\n", BadChunkSize),
        ("5 a\r\n", BadChunkSize),
        ("5\n", BadChunkSize),
        ("5\rh", BadChunkSize),
        ("0x5\r\n", BadChunkSize),
        ("+5\r\n", BadChunkSize),
        ("-5\r\n", BadChunkSize),
        ("g\r\n", BadChunkSize),
        ("5_0\r\n", BadChunkSize),
        ("5,\r\n", BadChunkSize),
        ("\u{ff15}\r\n", BadChunkSize),
        ("00000000000000005", BadChunkSize),
        ("2\r\n{}x", BadChunkEnd),
        ("2\r\n{}\n", BadChunkEnd),
        ("2\r\n{}\rx", BadChunkEnd),
        ("2\r\n{}0\r\n\r\n", BadChunkEnd),
        ("2\r\n{}\r\n\r\n", BadChunkSize),
        ("2;a\n", BadChunkExtension),
        ("2;a\u{0}\r\n", BadChunkExtension),
        ("2;a\u{7f}", BadChunkExtension),
        ("2;a\r{", BadChunkSize),
        ("2;a=\"\r\n", BadChunkExtension),
        ("2;a=\"\\\r\n", BadChunkExtension),
        ("2;a=\"\\\"\r\n", BadChunkExtension),
        ("2;a=\"b\"\"\r\n", BadChunkExtension),
        ("0\r\n\n", BadTrailer),
        ("0\r\n\rX", BadTrailer),
        ("0\r\nA: b\n", BadTrailer),
        ("0\r\nA: b\rX", BadTrailer),
        ("0\r\n folded", BadTrailer),
        ("0\r\nA: b\r\n folded", BadTrailer),
        ("0\r\nA : b", BadTrailer),
        ("0\r\n: b", BadTrailer),
        ("0\r\nGET / HTTP/1.1\r\n", BadTrailer),
        ("0\r\nA: \u{0}", BadTrailer),
    ] {
        check(body, error);
    }
}

#[test]
fn sizes() {
    let over = BODY_BYTES_MAX + 1;
    for body in [
        format!("{over:x}"),
        "ffffffffffffffff\r\n".to_owned(),
        "10000000000000005\r\n".to_owned(),
        format!("{BODY_BYTES_MAX:x}\r\n{}\r\n1", "x".repeat(BODY_BYTES_MAX)),
    ] {
        check(&body, BodyTooLong);
    }
    let mut out = Vec::new();
    let exact = BodyDecoder::new(BodyLength::Exact(over as u64)).read(b"x", &mut out);
    assert_eq!((exact.err(), out.len()), (Some(BodyTooLong), 0));
}

#[test]
fn extensions_and_trailers_are_bounded_over_the_whole_body() {
    check(&format!("2;{}", "a".repeat(4096)), BadChunkExtension);
    check(&"1;a\r\nx\r\n".repeat(2049), BadChunkExtension);
    check(&format!("2{}", " ".repeat(4097)), BadChunkExtension);
    check(&format!("0\r\nA: {}", "a".repeat(8192)), BadTrailer);
    check(&format!("0\r\n{}", "A: b\r\n".repeat(1366)), BadTrailer);
}
