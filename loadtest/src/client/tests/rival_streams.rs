//! Streams as Nchan and Durable Streams send them, cut at every byte: the events must be the same however the
//! bytes arrive, and what is no stream must be told.

use crate::client::{Dialect, RivalDecoder, StreamError};

const NCHAN: &str = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    Connection: keep-alive\r\n\r\n: hi\n\nevent: stream.withdrawn\nid: 1795526104:0\ndata: {\"a\":1}\n\n\
    event: stream.withdrawn\nid: 1795526104:1\ndata: {\"a\":2}\n\n: hi again\n\nid: 1795526104:2\ndata:{\"a\":3}\n\n";

/// An empty start, one event, and three in an array, as the server of the crate sends them.
fn durable() -> String {
    let control = "event: control\ndata:{\"streamNextOffset\":\"0000000000000000_0000000000000024\",\
        \"streamCursor\":\"3354713\",\"upToDate\":true}\n\n";
    let mut text = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for chunk in [
        control.to_owned(),
        format!("event: data\ndata:[{{\"a\":1}}]\n\n{control}"),
        format!("event: data\ndata:[{{\"a\":2}},{{\"a\":3}},{{\"a\":4}}]\n\n{control}"),
    ] {
        text.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    text.push_str("0\r\n\r\n");
    text
}

fn decode(dialect: Dialect, pieces: &[&[u8]]) -> Result<(Vec<String>, bool), StreamError> {
    let mut decoder = RivalDecoder::new(dialect);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut |frame| frames.push(format!("{frame:?}")))?;
    }
    Ok((frames, decoder.has_ended()))
}

fn greeting_and(events: u32) -> Vec<String> {
    let greeting = "Greeting { retry_ms: 0, last_event_id: 0, earliest_event_id: 1, has_id: true }";
    let event = |n| format!("Event {{ kind: \"message\", data: \"{{\\\"a\\\":{n}}}\", id: 0 }}");
    std::iter::once(greeting.to_owned()).chain((1..=events).map(event)).collect()
}

#[test]
fn events_are_the_same_however_the_bytes_are_cut() {
    let check = |dialect, stream: &[u8], events, ends| {
        let wanted = Ok((greeting_and(events), ends));
        assert_eq!(decode(dialect, &[stream]), wanted, "whole");
        for at in 0..stream.len() {
            let (left, right) = stream.split_at(at);
            assert_eq!(decode(dialect, &[left, right]), wanted, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode(dialect, &bytes), wanted, "byte by byte");
    };
    check(Dialect::Nchan, NCHAN.as_bytes(), 3, false);
    check(Dialect::DurableStreams, durable().as_bytes(), 4, true);
}

#[test]
fn what_is_no_stream_is_told() {
    let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let status = StreamError::Status { status: 403, body: "no".to_owned() };
    assert_eq!(decode(Dialect::Nchan, &[refused.as_bytes()]), Err(status));
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for bad in ["xyz\r\n", "ffffffffff\r\n", "1111111111111111111111111111111111111"] {
        assert!(decode(Dialect::DurableStreams, &[head.as_bytes(), bad.as_bytes()]).is_err(), "{bad}");
    }
    let endless = "x".repeat(70_000);
    let plain = "HTTP/1.1 200 OK\r\n\r\n";
    assert!(decode(Dialect::Nchan, &[plain.as_bytes(), endless.as_bytes()]).is_err());
}
