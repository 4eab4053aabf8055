//! Batches: arrays and NDJSON. All events or none; a bad one is named by its index.

use crate::event::tests::support::{LENIENT, data, seen};
use crate::event::{EventError, Events, parse_json, parse_ndjson};
use crate::limits;

const A: &str = r#"{"type":"stream.paused","data":{"streamId":"a,]}]{]\""}}"#;
const GOOD: &str = r#"{"type":"stream.paused","data":{"streamId":1,"x":"a,]}]{]\"\\"}}"#;
const INDEXER: &str = r#"{"eventType":"RESUMED","streamId":2}"#;

fn array(body: &str) -> Result<Events, EventError> {
    parse_json(body.as_bytes(), LENIENT)
}

fn ndjson(body: &str) -> Result<Events, EventError> {
    parse_ndjson(body.as_bytes(), LENIENT)
}

#[track_caller]
fn check_good(read: Result<Events, EventError>) {
    let read = read.unwrap();
    assert!(read.batch);
    let kept = read.events.iter().map(data).collect::<Vec<_>>();
    assert_eq!(kept, [r#"{"streamId":1,"x":"a,]}]{]\"\\"}"#, r#"{"streamId":2}"#]);
}

#[test]
fn arrays_and_lines_hold_events_of_both_forms() {
    check_good(array(&format!("[{GOOD},{INDEXER}]")));
    check_good(array(&format!(" \n[ {GOOD} ,\r\n {INDEXER} ]\t ")));
    check_good(ndjson(&format!("{GOOD}\n{INDEXER}")));
    check_good(ndjson(&format!("\r\n{GOOD}\r\n \t\n\n {INDEXER} \r\n\n")));
}

#[test]
fn a_batch_of_one_is_a_batch() {
    assert!(array(&format!("[{GOOD}]")).unwrap().batch);
    assert!(ndjson(GOOD).unwrap().batch);
}

#[track_caller]
fn check_bad(read: Result<Events, EventError>, index: Option<usize>, expected: &str) {
    let error = read.unwrap_err();
    assert_eq!(seen(&error), expected);
    match error {
        EventError::Json { index: found, .. } | EventError::Fields { index: found, .. } => {
            assert_eq!(found, index, "{expected}");
        }
        EventError::TooMany { .. } => assert_eq!(index, None),
    }
}

#[test]
fn a_bad_event_is_named_by_its_index() {
    let name = "[2].data.streamId a payment stream name is 1 to 64 characters out of A-Z a-z 0-9 _ . : -";
    check_bad(array(&format!("[{GOOD},{INDEXER},{A}]")), Some(2), name);
    check_bad(ndjson(&format!("{GOOD}\n\n{INDEXER}\n\n{A}\n")), Some(2), name);
    let missing = "[1].streamId is missing";
    check_bad(array(&format!(r#"[{GOOD},{{"eventType":"PAUSED"}}]"#)), Some(1), missing);
    let unknown = "[0].x is not known beside type and data: put it into data";
    check_bad(ndjson(r#"{"type":"stream.paused","x":1,"data":{"streamId":1}}"#), Some(0), unknown);
    let twice = "event [1]: the member \"a\" stands twice in one object: send it once";
    check_bad(array(&format!(r#"[{GOOD},{{"a":1,"a":2}}]"#)), Some(1), twice);
    let not_object = "event [1]: an event is a JSON object, not an array";
    check_bad(array(&format!("[{GOOD},[{GOOD}]]")), Some(1), not_object);
    check_bad(ndjson(&format!("{GOOD}\n[{GOOD}]")), Some(1), not_object);
    let integer = "event [0]: an event is a JSON object, not an integer";
    check_bad(array("[1]"), Some(0), integer);
}

#[test]
fn pieces_of_json_do_not_make_a_batch() {
    let syntax = |offset: usize| format!("not JSON: unexpected text at byte {offset}");
    check_bad(array("[,]"), None, &syntax(1));
    check_bad(array(&format!("[{INDEXER},]")), None, &syntax(38));
    check_bad(array(&format!("[,{INDEXER}]")), None, &syntax(1));
    check_bad(array(&format!("[{INDEXER}}}")), None, &syntax(37));
    check_bad(
        array(&format!("[{INDEXER} {INDEXER}]")),
        Some(0),
        "event [0]: not JSON: there is more text after its end, at byte 37",
    );
    check_bad(array(&format!("[{INDEXER}")), None, "not JSON: a string or a bracket is not closed");
    check_bad(
        array(&format!("[{INDEXER}] x")),
        None,
        "not JSON: there is more text after its end, at byte 39",
    );
    check_bad(
        array(&format!("[{INDEXER}],")),
        None,
        "not JSON: there is more text after its end, at byte 38",
    );
    check_bad(array(r#"[{"eventType":"PAUSED","streamId":1]}"#), None, &syntax(36));
    check_bad(
        ndjson("{\"eventType\":\n\"PAUSED\",\"streamId\":1}"),
        Some(0),
        "event [0]: not JSON: a string or a bracket is not closed",
    );
    check_bad(
        ndjson(&format!("{INDEXER},\n{INDEXER}")),
        Some(0),
        "event [0]: not JSON: there is more text after its end, at byte 36",
    );
    check_bad(
        ndjson(&format!("{INDEXER}\n\u{feff}{INDEXER}")),
        Some(1),
        "event [1]: not JSON: unexpected text at byte 0",
    );
    check_bad(
        ndjson(&format!("\u{feff}{INDEXER}")),
        None,
        "the body starts with a byte order mark: send UTF-8 without one",
    );
}

#[test]
fn an_empty_batch_is_an_error() {
    let expected = "the batch holds no events: send at least one";
    check_bad(array("[]"), None, expected);
    check_bad(array(" [ \n] "), None, expected);
    check_bad(ndjson(""), None, expected);
    check_bad(ndjson("\r\n \n\n"), None, expected);
}

#[test]
fn a_batch_has_an_upper_bound() {
    let most = vec![INDEXER; limits::BATCH_EVENTS_MAX];
    let over = vec![INDEXER; limits::BATCH_EVENTS_MAX + 1];
    let too_many = EventError::TooMany { max: limits::BATCH_EVENTS_MAX };
    assert_eq!(array(&format!("[{}]", most.join(","))).unwrap().events.len(), limits::BATCH_EVENTS_MAX);
    assert_eq!(ndjson(&most.join("\n")).unwrap().events.len(), limits::BATCH_EVENTS_MAX);
    assert_eq!(array(&format!("[{}]", over.join(","))).unwrap_err(), too_many);
    assert_eq!(ndjson(&over.join("\n")).unwrap_err(), too_many);
}
