//! One stream with a frame of every kind, handed to the decoder in pieces: cut at every byte, byte by byte,
//! and cut twice at every pair of places around a chunk. The frames must be the same however the bytes
//! arrive.

use crate::client::{Decoder, StreamError};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    cache-control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\nConnection: keep-alive\r\n\
    Transfer-Encoding: chunked\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n";

fn chunk(payload: &str) -> String {
    format!("{:04x}\r\n{payload}\r\n", payload.len())
}

/// Greeting and gap, an event alone, a heartbeat, two events and a position in one chunk, an upper-case and
/// short size line, the farewell.
fn stream() -> Vec<u8> {
    let greeting = "retry: 2136\ndata: {\"type\":\"connected\",\"clientId\":\"c\",\"lastEventId\":\"5\",\
        \"earliestEventId\":\"900\"}\n\n";
    let gap = "event: gap\ndata: {\"requested\":\"5\",\"earliest\":\"900\",\"missed\":894}\nid: 899\n\n";
    let event =
        |id: u64| format!("event: stream.created\ndata: {{\"name\":\"żółw: 1\",\"n\":{id}}}\nid: {id}\n\n");
    let position = "event: position\ndata: {\"lastEventId\":\"90412\"}\nid: 90412\n\n";
    let reconnect = "event: reconnect\nretry: 2500\ndata: {\"reason\":\"shutdown\"}\n\n";
    let mut text = String::from(HEAD);
    text.push_str(&chunk(&format!("{greeting}{gap}")));
    text.push_str(&chunk(&event(900)));
    text.push_str("5\r\n: hb\n\r\n");
    text.push_str(&chunk(&format!("{}{}{position}", event(901), event(902))));
    text.push_str(&format!("{:X}\r\n{}\r\n", event(90413).len(), event(90413)));
    text.push_str(&chunk(reconnect));
    text.push_str("0\r\n\r\n");
    text.into_bytes()
}

fn decode(pieces: &[&[u8]]) -> Result<(Vec<String>, bool), StreamError> {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut |frame| frames.push(format!("{frame:?}")))?;
    }
    Ok((frames, decoder.has_ended()))
}

#[test]
fn a_whole_stream_is_decoded() {
    let (frames, ended) = decode(&[&stream()]).unwrap();
    let kinds: Vec<&str> = frames.iter().map(|frame| frame.split([' ', '{']).next().unwrap()).collect();
    assert_eq!(
        kinds,
        ["Greeting", "Gap", "Event", "Heartbeat", "Event", "Event", "Position", "Event", "Reconnect"]
    );
    assert_eq!(
        frames[0],
        "Greeting { retry_ms: 2136, last_event_id: 5, earliest_event_id: 900, has_id: false }"
    );
    assert_eq!(frames[1], "Gap { earliest: 900, missed: Some(894), id: 899 }");
    assert!(
        frames[2].contains(r#"kind: "stream.created""#) && frames[2].ends_with("id: 900 }"),
        "{}",
        frames[2]
    );
    assert_eq!(frames[8], "Reconnect { retry_ms: 2500, reason: Shutdown }");
    assert!(ended);
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    let bytes = stream();
    let whole = decode(&[&bytes]).unwrap();
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(decode(&[left, right]).unwrap(), whole, "cut at {at}");
    }
}

#[test]
fn single_bytes_change_nothing() {
    let bytes = stream();
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&pieces).unwrap(), decode(&[&bytes]).unwrap());
}

#[test]
fn two_cuts_anywhere_near_a_chunk_border_change_nothing() {
    let bytes = stream();
    let whole = decode(&[&bytes]).unwrap();
    let first_chunk = HEAD.len();
    for from in first_chunk..first_chunk + 300 {
        for to in from..(from + 20).min(bytes.len()) {
            let pieces = [&bytes[..from], &bytes[from..to], &bytes[to..]];
            assert_eq!(decode(&pieces).unwrap(), whole, "cuts at {from} and {to}");
        }
    }
}

#[test]
fn a_stream_cut_short_is_no_end() {
    let bytes = stream();
    for length in 0..bytes.len() {
        let (_, ended) = decode(&[&bytes[..length]]).unwrap();
        assert!(!ended, "after {length} bytes");
    }
}
