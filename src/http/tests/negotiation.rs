//! What a client would rather have: Accept and Prefer.

use super::{parse, with_fields};
use crate::http::Head;

fn head(fields: &[&str]) -> Head {
    let all = [&["Host: h"], fields].concat();
    parse(&with_fields("GET / HTTP/1.1", &all)).unwrap().unwrap()
}

#[test]
fn the_most_specific_range_decides() {
    for (lines, stream, json) in [
        (&[][..], true, true),
        (&["Accept:"], true, true),
        (&["Accept: */*"], true, true),
        (&["Accept: text/event-stream"], true, false),
        (&["Accept: Text/Event-Stream"], true, false),
        (&["Accept: text/*"], true, false),
        (&["Accept: TEXT/*"], true, false),
        (&["Accept: application/json, text/event-stream"], true, true),
        (&["Accept: application/json", "Accept: text/event-stream"], true, true),
        (&["Accept: text/html"], false, false),
        (&["Accept: text/event-stream;q=0"], false, false),
        (&["Accept: text/event-stream;q=0, */*"], false, true),
        (&["Accept: */*, text/event-stream; Q=0.000"], false, true),
        (&["Accept: text/*;q=0, text/event-stream;q=0.1"], true, false),
        (&["Accept: text/*;q=0, */*;q=0.1"], false, true),
        (&["Accept: */*;q=0, application/json"], false, true),
        (&["Accept: */*;q=0"], false, false),
        (&["Accept: text/event-stream;charset=utf-8"], true, false),
        (&["Accept: text/event-stream;charset=utf-8;q=0"], false, false),
        (&["Accept: text/event-stream;q=0.001"], true, false),
        (&["Accept: text/event-stream;q=0, text/event-stream"], true, false),
        (&["Accept: text/html, image/gif, *; q=.2, */*; q=.2"], true, true),
        (&["Accept: text/x;a=\", text/event-stream\""], false, false),
        (&["Accept: text/x;a=\"\\\", application/json\", text/event-stream"], true, false),
        (&["Accept: , ,text/event-stream,,"], true, false),
        (&["Accept: text"], false, false),
        (&["Accept: event-stream"], false, false),
        (&["Accept: text/event-stream2"], false, false),
        (&["Accept: te/*"], false, false),
    ] {
        let head = head(lines);
        assert_eq!(head.accepts("text/event-stream"), stream, "event stream by {lines:?}");
        assert_eq!(head.accepts("application/json"), json, "json by {lines:?}");
    }
}

#[test]
fn prefer_status() {
    for (lines, expected) in [
        (&[][..], false),
        (&["Prefer: status"], true),
        (&["Prefer: STATUS"], true),
        (&["Prefer: wait=10, status"], true),
        (&["Prefer: wait=10", "prefer: status; a=b"], true),
        (&["Prefer: status=1"], true),
        (&["Prefer: status-code"], false),
        (&["Prefer: x=\"a, status\""], false),
        (&["Prefer: x; status"], false),
    ] {
        assert_eq!(head(lines).prefers_status(), expected, "of {lines:?}");
    }
}
