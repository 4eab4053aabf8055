//! What a publisher sends, as events: both JSON readers agree, and what is kept is one line of JSON that means what
//! came, by the word of a third reader that knows nothing of us.
//!
//! Input: the body of a request. Which fields an event type demands is not asked here.

use tailwire::event::{
    EventError, EventId, EventType, Fault, NewEvent, Rules, members, parse_action, parse_json, parse_ndjson,
    parse_new_stream, readings,
};
use tailwire::limits::{BATCH_EVENTS_MAX, FAULTS_MAX, JSON_DEPTH_MAX};
use tailwire::sse;
use tailwire::topic::StreamId;

use crate::plain::{Plain, read};

pub(crate) fn run(data: &[u8]) {
    let [quick, strict] = readings(data);
    assert_eq!(quick, strict, "the readers disagree");
    if quick.is_ok() {
        // Objects and arrays stand in each other within an event's data and the object around it.
        plain(data, JSON_DEPTH_MAX + 1);
    }
    for strict_addresses in [false, true] {
        let rules = Rules { strict_addresses };
        for batch in [parse_json(data, rules), parse_ndjson(data, rules)] {
            match batch {
                Ok(batch) => {
                    assert!((1..=BATCH_EVENTS_MAX).contains(&batch.events.len()));
                    assert!(batch.batch || batch.events.len() == 1);
                    batch.events.iter().for_each(check);
                }
                Err(error) => check_error(&error),
            }
        }
        let stream = StreamId::from_number(7);
        let created = parse_new_stream(data, &stream, rules);
        let actions =
            [EventType::ToppedUp, EventType::Paused].map(|kind| parse_action(data, &stream, kind, rules));
        for event in [created].into_iter().chain(actions) {
            match event {
                Ok(event) => {
                    check(&event);
                    if !data.iter().all(u8::is_ascii_whitespace) {
                        plain(data, JSON_DEPTH_MAX);
                    }
                }
                Err(error) => check_error(&error),
            }
        }
    }
}

/// An event that is kept: its data is one line of JSON, an object, and comes back from its frame as it is.
fn check(event: &NewEvent) {
    let data = &event.data;
    let text = std::str::from_utf8(data).expect("what is kept is UTF-8");
    assert!(!data.iter().any(|byte| *byte < b' '), "a control character is kept: {text:?}");
    assert!(text.starts_with('{') && text.ends_with('}'), "{text:?}");
    let kept = plain(data, JSON_DEPTH_MAX);
    let Plain::Object(fields) = &kept else { panic!("{text:?}") };
    let parts: Vec<_> = members(data).collect();
    assert_eq!(parts.len(), fields.len(), "each member is found again: {text}");
    let again = parts.iter().map(|(name, value)| [name, &b":"[..], value].concat()).collect::<Vec<_>>();
    assert_eq!([&b"{"[..], &again.join(&b','), b"}"].concat(), *data);
    assert!(StreamId::parse(event.stream.as_str()).is_ok());
    match parse_json(&published(event), Rules::default()) {
        Ok(again) => {
            assert_eq!(again.events.len(), 1);
            assert_eq!(again.events[0].data, *data, "reading what is kept keeps it");
        }
        // Under its short names a new payment stream need not say its rate and its start; it is kept under the long
        // ones.
        Err(EventError::Fields { faults, .. }) if event.kind == EventType::Created => {
            let optional =
                |fault: &Fault| fault.path == "data.ratePerSecond" || fault.path == "data.startTime";
            assert!(
                faults.iter().all(|fault| optional(fault) && fault.message == "is missing"),
                "{faults:?}"
            );
        }
        Err(error) => panic!("what is kept cannot be published again: {error}"),
    }
    let mut frame = Vec::new();
    if let Ok(layout) = sse::event(&mut frame, EventId(1), event.kind, data) {
        assert_eq!(sse::payload(&frame, usize::from(layout.payload_offset)), data.as_slice());
    }
}

fn published(event: &NewEvent) -> Vec<u8> {
    let head = format!("{{\"type\":\"{}\",\"data\":", event.kind.name());
    [head.as_bytes(), &event.data, b"}"].concat()
}

/// A refusal: bounded, and a sentence without control characters (it is logged as well).
fn check_error(error: &EventError) {
    let clean = |text: &str| assert!(!text.chars().any(|letter| letter.is_ascii_control()), "{text:?}");
    clean(&error.to_string());
    if let EventError::Fields { faults, .. } = error {
        assert!((1..=FAULTS_MAX).contains(&faults.len()));
        for Fault { path, message } in faults {
            clean(path);
            clean(message);
        }
    }
}

/// A JSON value without repeated names; where there is one, or anything else is not JSON, the panic says so.
fn plain(text: &[u8], depth_max: usize) -> Plain {
    let value =
        read(text).unwrap_or_else(|error| panic!("{error}: {:?} was taken", String::from_utf8_lossy(text)));
    assert!(depth(&value) <= depth_max, "nested {} levels deep", depth(&value));
    value
}

/// Objects and arrays that stand in each other. No name has a control character.
fn depth(value: &Plain) -> usize {
    match value {
        Plain::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Plain::Object(members) if members.iter().any(|member| member.0.chars().any(char::is_control)) => {
            panic!("a control character in a name: {members:?}")
        }
        Plain::Object(members) => 1 + members.iter().map(|member| depth(&member.1)).max().unwrap_or(0),
        Plain::Null | Plain::Bool(_) | Plain::Number(_) | Plain::OtherNumber | Plain::Text(_) => 0,
    }
}
