//! How events look in a terminal and as JSON lines, whatever their data tries.

use crate::cli::notice::{Meaning, meaning};
use crate::cli::show::{human, json_line};
use crate::sse::Event;

fn event(kind: &str, data: &str) -> Event {
    Event { event: kind.to_owned(), data: data.to_owned(), id: "42".to_owned(), retry: None }
}

#[test]
fn a_line_for_people() {
    let address = "GABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWX";
    let data = &format!(r#"{{"streamId":7,"recipient":"{address}","amount":"250"}}"#);
    let line = human(&event("stream.withdrawn", data), Some(1_708_560_000_000 + 3_723_999), false);
    assert_eq!(
        line,
        "2024-02-22T01:02:03Z      42 stream.withdrawn     7        \
         recipient=GABCDEFGHIJK…NOPQRSTUVWX amount=250"
    );
    let line = human(&event("stream.withdrawn", "{}"), Some(0), true);
    assert!(line.contains("\x1b[33mstream.withdrawn"), "{line:?}");
}

#[test]
fn the_time_is_the_events_own_where_it_has_one() {
    let check = |data: &str, arrived_ms, expected: &str| {
        let line = human(&event("stream.paused", data), arrived_ms, false);
        assert_eq!(line.split(' ').next(), Some(expected), "{data}: {line}");
        assert_eq!(line.find(" 42 "), Some(25), "the columns stand: {line}");
    };
    let arrived = Some(1_708_560_000_000);
    check(r#"{"timestamp":1700000000}"#, arrived, "2023-11-14T22:13:20Z");
    check(r#"{"timestamp":"1700000000"}"#, None, "2023-11-14T22:13:20Z");
    for odd in [r#"{"timestamp":"soon"}"#, r#"{"timestamp":-1}"#, r#"{"timestamp":null}"#, "[]", "no json"] {
        check(odd, arrived, "2024-02-22T00:00:00Z");
        check(odd, None, "-");
    }
    check(r#"{"timestamp":1700000000000}"#, None, "-");
    check(r#"{"timestamp":18446744073709551615}"#, None, "-");
}

#[test]
fn data_cannot_steer_a_terminal() {
    let data = "{\"streamId\":\"\\u001b[2J\",\"memo\":\"\\u0007\\u009b1m\\u202egnol\"}";
    for line in [
        human(&event("stream.\x1b[31mx", data), None, false),
        json_line(&event("a\x1b", "not json \x1b\u{9b}")),
    ] {
        assert!(!line.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{line:?}");
    }
}

#[test]
fn json_lines_keep_the_data_byte_for_byte() {
    let data = r#"{"streamId":7,"amount":"1","x":1.50}"#;
    assert_eq!(
        json_line(&event("stream.paused", data)),
        format!(r#"{{"id":"42","type":"stream.paused","data":{data}}}"#)
    );
    assert_eq!(json_line(&event("e", "a\"b")), r#"{"id":"42","type":"e","data":"a\"b"}"#);
    assert_eq!(
        json_line(&event("e", "{\"a\":\"\u{202e}\"}")),
        "{\"id\":\"42\",\"type\":\"e\",\"data\":{\"a\":\"\\u202e\"}}"
    );
}

#[test]
fn what_a_stream_says_about_itself_is_no_event() {
    let check = |kind: &str, data: &str, part: Option<&str>| match (meaning(&event(kind, data)), part) {
        (Meaning::Notice(text), Some(part)) => assert!(text.contains(part), "{text}"),
        (Meaning::Nothing, None) => {}
        (other, _) => panic!("{kind}: {other:?}"),
    };
    let greeting = r#"{"type":"connected","clientId":"a","lastEventId":"41","earliestEventId":"1"}"#;
    check("message", greeting, Some("after event 41 (kept since 1)"));
    check("gap", r#"{"requested":"5","earliest":"900","missed":894}"#, Some("894 of them; going on at 900"));
    check("gap", r#"{"requested":"x","earliest":"900","missed":null}"#, Some("an unknown number"));
    check("gap", "{}", Some("GAP"));
    check("reconnect", r#"{"reason":"shutdown"}"#, Some("shutdown"));
    check("position", r#"{"lastEventId":"9"}"#, None);
    check("message", "", None);
    assert_eq!(meaning(&event("stream.created", "{}")), Meaning::Event);
}
