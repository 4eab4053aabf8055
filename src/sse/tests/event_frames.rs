//! Event frames: their bytes, their length limit, and the way back to the data.

use crate::event::{EventId, EventType};
use crate::limits::{FRAME_BYTES_MAX, FRAME_OVERHEAD_MAX};
use crate::sse::{FrameLayout, event, payload, unchunked};

#[track_caller]
fn check(id: u64, kind: EventType, data: &str, expected: &str) {
    let mut out = b"kept".to_vec();
    let layout = event(&mut out, EventId(id), kind, data.as_bytes()).unwrap();
    let frame = &out[4..];
    assert_eq!(std::str::from_utf8(frame).unwrap(), expected);
    assert_eq!(layout.frame_bytes, frame.len());
    assert!(frame.len() - data.len() <= FRAME_OVERHEAD_MAX);
    assert_eq!(payload(frame, layout.payload_offset.into()), data.as_bytes());
    assert_eq!(unchunked(frame), &expected.as_bytes()[6..expected.len() - 2]);
    let said = usize::from_str_radix(&expected[..4], 16).unwrap();
    assert_eq!(said, unchunked(frame).len());
}

#[test]
fn frame_bytes() {
    check(
        42,
        EventType::Created,
        r#"{"streamId":7}"#,
        "0033\r\nevent: stream.created\ndata: {\"streamId\":7}\nid: 42\n\n\r\n",
    );
    check(0, EventType::Paused, "", "0023\r\nevent: stream.paused\ndata: \nid: 0\n\n\r\n");
    check(
        u64::MAX,
        EventType::FeeCollected,
        "{}",
        "003f\r\nevent: stream.fee_collected\ndata: {}\nid: 18446744073709551615\n\n\r\n",
    );
}

#[test]
fn every_type_and_size_says_its_length() {
    for kind in EventType::ALL {
        for bytes in [0, 1, 15, 16, 255, 256, 4095, 4096, 60_000] {
            let data = "x".repeat(bytes);
            let block = format!("event: {}\ndata: {data}\nid: 1234567\n\n", kind.name());
            check(1_234_567, kind, &data, &format!("{:04x}\r\n{block}\r\n", block.len()));
        }
    }
}

#[test]
fn the_limit_covers_the_whole_frame() {
    let overhead = {
        let mut out = Vec::new();
        event(&mut out, EventId(42), EventType::Created, b"").unwrap().frame_bytes
    };
    let data = vec![b'x'; FRAME_BYTES_MAX - overhead];
    let mut out = Vec::new();
    let layout = event(&mut out, EventId(42), EventType::Created, &data).unwrap();
    assert_eq!(layout, FrameLayout { frame_bytes: FRAME_BYTES_MAX, payload_offset: 34 });

    let mut out = b"kept".to_vec();
    let error = event(&mut out, EventId(420), EventType::Created, &data).unwrap_err();
    assert_eq!((error.bytes, error.max), (FRAME_BYTES_MAX + 1, FRAME_BYTES_MAX));
    assert_eq!(out, b"kept");
}

#[test]
fn bytes_that_are_no_frame_give_nothing() {
    for frame in [&b""[..], b"0", b"0000\r\n\r", b"\n\n\n\n", b"0005\r\n: hb\n\r\n", &[0xff; 9]] {
        for offset in [0, 1, 5, 34, 255, usize::MAX] {
            assert!(payload(frame, offset).len() <= frame.len());
        }
        assert!(unchunked(frame).len() <= frame.len());
    }
}
