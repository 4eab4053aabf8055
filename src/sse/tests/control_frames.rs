//! Control frames, byte for byte. Clients were tested against exactly these forms, so a change here is a
//! change of the contract.

use crate::event::EventId;
use crate::sse::{Framing, Gap, Greeting, Reason, gap, greeting, heartbeat, last_chunk, position, reconnect};

/// The bytes with and without chunk framing; `blocks` is what the chunk holds.
#[track_caller]
fn check(write: impl Fn(&mut Vec<u8>, Framing), chunk_head: &str, blocks: &str) {
    let mut chunked = b"before".to_vec();
    write(&mut chunked, Framing::Chunked);
    assert_eq!(String::from_utf8(chunked).unwrap(), format!("before{chunk_head}\r\n{blocks}\r\n"));
    let mut plain = b"before".to_vec();
    write(&mut plain, Framing::Close);
    assert_eq!(String::from_utf8(plain).unwrap(), format!("before{blocks}"));
    assert_eq!(usize::from_str_radix(chunk_head, 16).unwrap(), blocks.len());
}

const GREETING: Greeting<'static> = Greeting {
    retry_ms: 2136,
    client_id: "k3v9",
    last_event_id: EventId(41),
    earliest_event_id: EventId(1),
    gap: None,
};

#[test]
fn greeting_is_one_block_that_ends_with_the_position() {
    check(
        |out, framing| greeting(out, framing, &GREETING),
        "006a",
        "retry: 2136\n\
         data: {\"type\":\"connected\",\"clientId\":\"k3v9\",\
         \"lastEventId\":\"41\",\"earliestEventId\":\"1\"}\n\
         id: 41\n\n",
    );
}

#[test]
fn greeting_of_an_empty_log_has_position_zero() {
    let empty = Greeting { last_event_id: EventId::ZERO, ..GREETING };
    check(
        |out, framing| greeting(out, framing, &empty),
        "0068",
        "retry: 2136\n\
         data: {\"type\":\"connected\",\"clientId\":\"k3v9\",\
         \"lastEventId\":\"0\",\"earliestEventId\":\"1\"}\n\
         id: 0\n\n",
    );
}

#[test]
fn greeting_with_a_gap_has_no_id_and_the_gap_in_its_chunk() {
    let gap = Gap { requested: "5", earliest: EventId(900), missed: Some(894) };
    let late =
        Greeting { last_event_id: EventId(899), earliest_event_id: EventId(900), gap: Some(gap), ..GREETING };
    check(
        |out, framing| greeting(out, framing, &late),
        "00b0",
        "retry: 2136\n\
         data: {\"type\":\"connected\",\"clientId\":\"k3v9\",\
         \"lastEventId\":\"899\",\"earliestEventId\":\"900\"}\n\n\
         event: gap\ndata: {\"requested\":\"5\",\"earliest\":\"900\",\"missed\":894}\nid: 899\n\n",
    );
}

#[test]
fn gap_counts_or_says_null() {
    let known = Gap { requested: "5", earliest: EventId(900), missed: Some(894) };
    check(
        |out, framing| gap(out, framing, &known),
        "004a",
        "event: gap\ndata: {\"requested\":\"5\",\"earliest\":\"900\",\"missed\":894}\nid: 899\n\n",
    );
    let unknown = Gap { missed: None, ..known };
    check(
        |out, framing| gap(out, framing, &unknown),
        "004b",
        "event: gap\ndata: {\"requested\":\"5\",\"earliest\":\"900\",\"missed\":null}\nid: 899\n\n",
    );
}

#[test]
fn requested_position_is_escaped_and_cut() {
    let forged = Gap { requested: "\"}\n\nid: 7\r\u{0}\\", earliest: EventId(2), missed: None };
    check(
        |out, framing| gap(out, framing, &forged),
        "005c",
        "event: gap\ndata: {\"requested\":\"\\\"}\\n\\nid: 7\\r\\u0000\\\\\",\
         \"earliest\":\"2\",\"missed\":null}\n\
         id: 1\n\n",
    );
    let long = "ü".repeat(65);
    let long = Gap { requested: &long, earliest: EventId(2), missed: None };
    let mut out = Vec::new();
    gap(&mut out, Framing::Close, &long);
    assert_eq!(String::from_utf8(out).unwrap().matches('ü').count(), 64);
}

#[test]
fn heartbeat_is_a_comment_without_a_blank_line() {
    check(heartbeat, "0005", ": hb\n");
}

#[test]
fn position_moves_the_client() {
    check(
        |out, framing| position(out, framing, EventId(90412)),
        "0039",
        "event: position\ndata: {\"lastEventId\":\"90412\"}\nid: 90412\n\n",
    );
}

#[test]
fn reconnect_names_its_reason_and_no_id() {
    for (reason, name, head) in [
        (Reason::Shutdown, "shutdown", "003a"),
        (Reason::TokenExpired, "token_expired", "003f"),
        (Reason::Capacity, "capacity", "003a"),
    ] {
        check(
            |out, framing| reconnect(out, framing, 5321, reason),
            head,
            &format!("event: reconnect\nretry: 5321\ndata: {{\"reason\":\"{name}\"}}\n\n"),
        );
    }
}

#[test]
fn last_chunk_ends_a_chunked_body_alone() {
    let mut out = Vec::new();
    last_chunk(&mut out, Framing::Chunked);
    assert_eq!(out, b"0\r\n\r\n");
    out.clear();
    last_chunk(&mut out, Framing::Close);
    assert_eq!(out, b"");
}
