//! Bodies made to cost much: the work must stay in proportion to their size.
//!
//! A quadratic check would take minutes here; the test only demands that each ends within its deadline, which
//! is a hundred times what it takes.

use std::time::{Duration, Instant};

use crate::event::tests::support::LENIENT;
use crate::event::{EventError, JsonFault, parse_json, parse_ndjson};
use crate::limits;

const DEADLINE: Duration = Duration::from_secs(10);

#[track_caller]
fn fault(body: &[u8]) -> Option<JsonFault> {
    let started = Instant::now();
    let read = parse_json(body, LENIENT);
    let _ = parse_ndjson(body, LENIENT);
    assert!(started.elapsed() < DEADLINE, "took {:?}", started.elapsed());
    match read {
        Err(EventError::Json { fault, .. }) => Some(fault),
        _ => None,
    }
}

fn body(head: &str, repeated: &str, tail: &str) -> Vec<u8> {
    let times = (limits::BODY_BYTES_MAX - head.len() - tail.len()) / repeated.len();
    [head, &repeated.repeat(times), tail].concat().into_bytes()
}

#[test]
fn brackets() {
    assert_eq!(fault(&body("", "[", "")), Some(JsonFault::Unclosed));
    assert_eq!(fault(&body("", "{\"a\":", "")), Some(JsonFault::Depth { max: 16 }));
    assert_eq!(fault(&body("{\"a\":", "[", "")), Some(JsonFault::Depth { max: 16 }));
    assert_eq!(fault(&body("", "]", "")), Some(JsonFault::Syntax { offset: 0 }));
    assert_eq!(fault(&body("[", "[],", "[]]")), Some(JsonFault::NotAnObject { found: "an array" }));
}

#[test]
fn names() {
    let members = (0..80_000).map(|n| format!("\"k{n}\":1,")).collect::<String>();
    assert!(members.len() < limits::BODY_BYTES_MAX);
    let event = |last: &str| format!(r#"{{"eventType":"PAUSED",{members}"streamId":1{last}}}"#);
    assert_eq!(fault(event("").as_bytes()), None);
    assert_eq!(fault(event(r#","k0":2"#).as_bytes()), Some(JsonFault::Duplicate { name: "k0".to_owned() }));
    let prefix = "x".repeat(1000);
    let alike = (0..1000).map(|n| format!("\"{prefix}{n}\":1,")).collect::<String>();
    assert_eq!(fault(format!(r#"{{"eventType":"PAUSED",{alike}"streamId":1}}"#).as_bytes()), None);
}

#[test]
fn long_tokens() {
    let event = |value: &str, tail: &str| {
        let head = r#"{"eventType":"PAUSED","streamId":1,"x":"#;
        body(&format!("{head}{}", value.get(..1).unwrap()), value.get(1..).unwrap(), tail)
    };
    assert_eq!(fault(&event("\"\\\\", "\"}")), None);
    assert_eq!(fault(&event("\"\\u0041", "\"}")), None);
    assert_eq!(fault(&event("[1,", "1]}")), None);
    assert_eq!(fault(&event("\"\\\"", "")), Some(JsonFault::Unclosed));
    assert!(matches!(fault(&event("99", "}")), Some(JsonFault::Integer { .. })));
    assert_eq!(fault(&body("", " ", "")), Some(JsonFault::Empty));
    assert_eq!(fault(&body("[", ",", "]")), Some(JsonFault::Syntax { offset: 1 }));
}
