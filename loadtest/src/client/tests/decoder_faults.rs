//! Streams that break the contract in one place each. Each was sent by some server to some client that choked
//! on it; the decoder must name the fault rather than read past it.

use crate::client::{Decoder, StreamError};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";
const GREETING: &str = "retry: 2000\ndata: {\"type\":\"connected\",\"clientId\":\"c\",\"lastEventId\":\"0\",\
    \"earliestEventId\":\"1\"}\nid: 0\n\n";

fn chunk(payload: &str) -> String {
    format!("{:x}\r\n{payload}\r\n", payload.len())
}

fn fault(bytes: &[u8]) -> Option<StreamError> {
    Decoder::new().feed(bytes, &mut |_| {}).err()
}

/// The message of the fault that `payload` is as the chunk after the greeting.
fn fault_of_chunk(payload: &str) -> String {
    let stream = format!("{HEAD}{}{}", chunk(GREETING), chunk(payload));
    fault(stream.as_bytes()).map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_good_stream_has_no_fault() {
    assert_eq!(fault_of_chunk("event: stream.created\ndata: {}\nid: 1\n\n"), "");
}

#[test]
fn blocks_that_clients_choke_on_are_named() {
    let check = |payload: &str, wanted: &str| {
        let message = fault_of_chunk(payload);
        assert!(message.contains(wanted), "{payload:?} gave {message:?}");
    };
    check("event: stream.created\ndata: {}\nid: 1\n", "ends within");
    check("event: stream.created\ndata: {}\nid: 1", "ends within");
    check(": hb", "a chunk ends within a line");
    check(": hb\n\n", "lacks the field \"data\"");
    check(":\n\n", "neither a known field");
    check("event: stream.created\r\ndata: {}\r\nid: 1\r\n\r\n", "carriage return");
    check("\u{feff}event: stream.created\ndata: {}\nid: 1\n\n", "neither a known field");
    check("event: stream.created\nid: 1\ndata: {}\n\n", "after the id");
    check("event: stream.created\ndata: {}\ndata: {}\nid: 1\n\n", "twice");
    check("event: stream.created\ndata: {}\nid: 1\nid: 1\n\n", "twice");
    check("event: stream.created\ndata: {}\n\n", "lacks the field \"id\"");
    check("event: stream.created\ndata: {}\nid: x\n\n", "decimal number");
    check("event: stream.created\ndata: {}\nid: 01\n\n", "decimal number");
    check("event: stream.created\ndata: {}\nid: \n\n", "decimal number");
    check("event: stream.created\nid: 1\n\n", "lacks the field \"data\"");
    check("event: stream.created\nretry: 5\ndata: {}\nid: 1\n\n", "retry in an event");
    check("event: ping\ndata: {}\n\n", "none the contract knows");
    check("retry: 3000\n\n", "lacks the field \"data\"");
    check("event: gap\ndata: {\"earliest\":\"9\"}\nid: 8\n\n", "\"missed\"");
    check("event: gap\ndata: {\"earliest\":9,\"missed\":null}\nid: 8\n\n", "\"earliest\"");
    check("event: position\ndata: {\"lastEventId\":\"7\"}\nid: 8\n\n", "\"lastEventId\"");
    check("event: reconnect\ndata: {\"reason\":\"shutdown\"}\n\n", "\"retry\"");
    check("event: reconnect\nretry: 5\ndata: {\"reason\":\"tired\"}\n\n", "\"reason\"");
    check(GREETING, "a greeting while waiting for events");
}

#[test]
fn chunks_that_are_none_are_named() {
    let check = |bytes: &str, wanted: &str| {
        let stream = format!("{HEAD}{}{bytes}", chunk(GREETING));
        let message = fault(stream.as_bytes()).map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(wanted), "{bytes:?} gave {message:?}");
    };
    check("zz\r\n", "no hexadecimal digit");
    check("\r\n", "no or too many digits");
    check("000000005\r\n: hb\n\r\n", "no or too many digits");
    check("5;a=b\r\n: hb\n\r\n", "no hexadecimal digit");
    check("5\n: hb\n\r\n", "no hexadecimal digit");
    check("5\r\n: hb\n\n\n", "not followed by CR LF");
    check("5\rx: hb\n\r\n", "not followed by CR LF");
    check("fffffff\r\n", "longer than any");
    check("0\r\n\r\n: hb", "bytes follow the last chunk");
    check("0\r\nTrailer: x\r\n\r\n", "not followed by CR LF");
}

#[test]
fn frames_out_of_their_order_are_named() {
    let check = |chunks: &[&str], wanted: &str| {
        let body: String = chunks.iter().map(|payload| chunk(payload)).collect();
        let message =
            fault(format!("{HEAD}{body}").as_bytes()).map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(wanted), "{chunks:?} gave {message:?}");
        assert_eq!(message.is_empty(), wanted.is_empty(), "{chunks:?} gave {message:?}");
    };
    let event = "event: stream.created\ndata: {}\nid: 1\n\n";
    let without_id = GREETING.replace("id: 0\n", "");
    let gap = "event: gap\ndata: {\"requested\":\"x\",\"earliest\":\"1\",\"missed\":null}\nid: 0\n\n";
    let reconnect = "event: reconnect\nretry: 5000\ndata: {\"reason\":\"capacity\"}\n\n";
    check(&[event], "an event while waiting for the greeting");
    check(&[": hb\n"], "a heartbeat while waiting for the greeting");
    check(&[""], "the end while waiting for the greeting");
    check(&[&without_id, gap], "the chunk's end while waiting for the gap");
    check(&[&without_id, event], "the chunk's end while waiting for the gap");
    check(&[&format!("{without_id}{gap}"), event, ""], "");
    check(&[reconnect, ""], "");
    check(&[reconnect, event], "an event while waiting for the end");
}

#[test]
fn heads_that_would_stop_a_browser_are_named() {
    let check = |head: &str, wanted: &str| {
        let message = fault(head.as_bytes()).map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(wanted), "{head:?} gave {message:?}");
    };
    check("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", "status 503: busy");
    check("HTTP/1.0 200 OK\r\n\r\n", "status line");
    check(&HEAD.replace("; charset=utf-8", ""), "Content-Type");
    check(&HEAD.replace("text/event-stream", "Text/Event-Stream"), "Content-Type");
    check(&HEAD.replace(", no-transform", ""), "Cache-Control");
    check(&HEAD.replace("X-Accel", "X"), "X-Accel-Buffering");
    check(&HEAD.replace("chunked", "identity"), "Transfer-Encoding");
    check(&"x".repeat(20_000), "longer than");
}
