//! The decoder against the rules of WHATWG HTML, section 9.2.6: one stream in, the events it stands for out.

use crate::sse::{DecodeError, Decoder, Event};

fn decode(stream: &[u8]) -> (Vec<Event>, Decoder) {
    let mut decoder = Decoder::new(1024);
    let mut events = Vec::new();
    decoder.feed(stream, &mut events).unwrap();
    (events, decoder)
}

/// Each expected event is (event, data, id).
#[track_caller]
fn check(stream: &str, expected: &[(&str, &str, &str)]) {
    let (events, _) = decode(stream.as_bytes());
    let events: Vec<_> =
        events.iter().map(|event| (&event.event[..], &event.data[..], &event.id[..])).collect();
    assert_eq!(events, expected, "of {stream:?}");
}

#[test]
fn examples_of_the_standard() {
    check("data: YHOO\ndata: +2\ndata: 10\n\n", &[("message", "YHOO\n+2\n10", "")]);
    check(
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        &[("message", "first event", "1"), ("message", "second event", ""), ("message", " third event", "")],
    );
    check("data\n\ndata\ndata\n\ndata:", &[("message", "", ""), ("message", "\n", "")]);
    check("data:test\n\ndata: test\n\n", &[("message", "test", ""), ("message", "test", "")]);
}

#[test]
fn every_line_end_counts() {
    let expected = &[("a", "1\n2", "7"), ("message", "3", "7")];
    for end in ["\n", "\r\n", "\r"] {
        let stream = "event: a|data: 1|data: 2|id: 7||data: 3||".replace('|', end);
        check(&stream, expected);
    }
    check(
        "data: 1\r\n\ndata: 2\n\r\ndata: 3\n\r",
        &[("message", "1", ""), ("message", "2", ""), ("message", "3", "")],
    );
}

#[test]
fn one_byte_order_mark_is_dropped() {
    check("\u{feff}data: 1\n\n", &[("message", "1", "")]);
    check("\u{feff}\u{feff}data: 1\n\n", &[]);
    check("data: 1\n\n\u{feff}data: 2\n\n", &[("message", "1", "")]);
    assert_eq!(decode(b"\xef\xbbdata: 1\n\n").0, [], "two bytes of the three belong to the field's name");
    check("\u{feff}: comment\ndata: 1\n\n", &[("message", "1", "")]);
}

#[test]
fn fields() {
    check("event: a\nevent: b\ndata: 1\n\ndata: 2\n\n", &[("b", "1", ""), ("message", "2", "")]);
    check("Data: 1\ndata : 2\n data: 3\nother: 4\nnothing\n\n", &[]);
    check("event: ping\n\ndata: 1\n\n", &[("message", "1", "")]);
    check("data: a:b: c\n\n", &[("message", "a:b: c", "")]);
    check("data: half a block", &[]);
    check("data: no blank line\n", &[]);
    check(": hb\ndata: 1\n: hb\nid: 3\n: hb\n\n: hb\n", &[("message", "1", "3")]);
}

#[test]
fn id_outlives_its_block() {
    check("id: 5\n\ndata: 1\n\n", &[("message", "1", "5")]);
    check("data: 1\nid: 5\n\ndata: 2\nid: 6\u{0}\n\n", &[("message", "1", "5"), ("message", "2", "5")]);
    check("data: 1\nid: 5\n\nid\ndata: 2\n\n", &[("message", "1", "5"), ("message", "2", "")]);
    let (_, decoder) = decode(b"data: 1\nid: 5\n\ndata: 2\nid: 6\n");
    assert_eq!(decoder.last_event_id(), "5", "a block that did not end moves nothing");
    let (_, decoder) = decode(b"id: 7\n\n");
    assert_eq!(decoder.last_event_id(), "7", "a block without data moves the id");

    let mut resumed = Decoder::resuming(1024, "41");
    let mut events = Vec::new();
    resumed.feed(b"data: x\n\n", &mut events).unwrap();
    assert_eq!((resumed.last_event_id(), &events[0].id[..]), ("41", "41"));
}

#[test]
fn retry_is_digits_alone() {
    for (stream, of_event, latest) in [
        ("retry: 2136\ndata: 1\n\n", Some(2136), Some(2136)),
        ("retry: 1\n\ndata: 1\n\n", None, Some(1)),
        ("retry: 1\ndata: 1\n\nretry: 9\n", Some(1), Some(9)),
        ("retry: -1\nretry: 1.5\nretry:\nretry:  7\nretry: 0x1\ndata: 1\n\n", None, None),
        ("retry: 99999999999999999999999\ndata: 1\n\n", None, None),
    ] {
        let (events, decoder) = decode(stream.as_bytes());
        assert_eq!((events[0].retry, decoder.retry_ms()), (of_event, latest), "of {stream:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let (events, _) = decode(b"data: a\xffb\n\n");
    assert_eq!(events[0].data, "a\u{fffd}b");
}

#[test]
fn blocks_are_bounded_and_comments_are_free() {
    let too_long = Err(DecodeError::BlockTooLong { max: 32 });
    for (stream, expected) in [
        ("data: 23456789012345678901234567\n\n".to_owned(), Ok(())),
        ("data: 2345678901234567890123456789\n\n".to_owned(), too_long),
        ("x".repeat(33), too_long),
        ("data: 1\n".repeat(32), too_long),
        ("data: 1\n\n".repeat(32), Ok(())),
        (": comment without end".repeat(32), Ok(())),
        (": hb\n".repeat(32), Ok(())),
    ] {
        let mut decoder = Decoder::new(32);
        let mut events = Vec::new();
        assert_eq!(decoder.feed(stream.as_bytes(), &mut events), expected, "of {stream:?}");
        if expected.is_err() {
            assert_eq!(decoder.feed(b"\n\ndata: 1\n\n", &mut events), expected, "it fails for good");
            assert_eq!(events, []);
        }
    }
}
