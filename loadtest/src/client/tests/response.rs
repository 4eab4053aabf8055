//! Answers to publish requests: whole only when the last byte is there, whichever way the body is delimited,
//! and followed by the next answer on the same connection.

use crate::client::{Response, event_ids};

fn check(bytes: &str, status: u16, body: &str, closes: bool) {
    let pipelined = format!("{bytes}HTTP/1.1 200 OK\r\n");
    for length in 0..bytes.len() {
        assert_eq!(Response::parse(&pipelined.as_bytes()[..length]), Ok(None), "{length} bytes of {bytes:?}");
    }
    let (response, length) = Response::parse(pipelined.as_bytes()).unwrap().unwrap();
    assert_eq!(response, Response { status, body: body.as_bytes().to_vec(), closes });
    assert_eq!(length, bytes.len());
}

#[test]
fn an_answer_is_whole_with_its_last_byte() {
    check("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", 201, "hello", false);
    check("HTTP/1.1 503 \r\ncontent-length:  0 \r\nConnection: close\r\n\r\n", 503, "", true);
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        200,
        "abcde",
        false,
    );
    check("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false);
}

#[test]
fn an_answer_without_a_length_is_a_fault() {
    assert!(Response::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    assert!(Response::parse(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").is_err());
    assert!(Response::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").is_err());
}

#[test]
fn event_ids_are_found_in_order() {
    let ids = |body: &str| event_ids(body.as_bytes()).collect::<Vec<u64>>();
    assert_eq!(ids(r#"{"eventId":"42"}"#), [42]);
    assert_eq!(ids(r#"{"results":[{"eventId":"42"},{"eventId":"7","duplicate":true}]}"#), [42, 7]);
    assert_eq!(ids(r#"{"eventId":42}"#), [] as [u64; 0]);
    for none in [
        r#"{"eventId":"4"#,
        r#"{"eventId":""}"#,
        r#"{"eventId":"4x"}"#,
        r#"{"eventId":"18446744073709551616"}"#,
    ] {
        assert_eq!(ids(none), [] as [u64; 0]);
    }
    assert_eq!(ids(r#"{"eventId":"18446744073709551615"}"#), [u64::MAX]);
}
