//! `POST /streams/{streamId}/{action}`: the body is the data, the payment stream stands in the path.

use crate::event::tests::support::{LENIENT, data, seen};
use crate::event::{EventError, EventType, NewEvent, parse_action};
use crate::topic::StreamId;

fn read(body: &str, stream: &str, kind: EventType) -> Result<NewEvent, EventError> {
    parse_action(body.as_bytes(), &StreamId::parse(stream).unwrap(), kind, LENIENT)
}

#[track_caller]
fn check(body: &str, stream: &str, kind: EventType, kept: &str) {
    let event = read(body, stream, kind).unwrap();
    assert_eq!(event.kind, kind);
    assert_eq!(event.stream.as_str(), stream);
    assert_eq!(data(&event), kept);
}

#[test]
fn the_payment_stream_of_the_path_comes_first() {
    check(r#"{"amount":5}"#, "7", EventType::ToppedUp, r#"{"streamId":7,"amount":"5"}"#);
    check(
        r#"{"a":1}"#,
        "18446744073709551615",
        EventType::Paused,
        r#"{"streamId":"18446744073709551615","a":1}"#,
    );
    check("{}", "pending-abc", EventType::Resumed, r#"{"streamId":"pending-abc"}"#);
}

#[test]
fn an_empty_body_is_data_without_fields() {
    for body in ["", " \r\n", "{}"] {
        check(body, "7", EventType::Cancelled, r#"{"streamId":7}"#);
    }
    assert_eq!(seen(&read("", "7", EventType::Withdrawn).unwrap_err()), "amount is missing");
}

#[test]
fn the_body_may_repeat_the_payment_stream() {
    for spelling in ["7", r#""7""#, r#""\u0037""#] {
        let body = format!(r#"{{"a":1,"streamId":{spelling},"b":2}}"#);
        check(&body, "7", EventType::Completed, r#"{"streamId":7,"a":1,"b":2}"#);
    }
    let error = |body: &str| seen(&read(body, "7", EventType::Completed).unwrap_err());
    assert_eq!(error(r#"{"streamId":8}"#), "streamId is another payment stream than 7 in the path");
    assert_eq!(
        error(r#"{"streamId":null}"#),
        "streamId must be a payment stream id, a number or a string, not null"
    );
}

#[test]
fn parties_come_from_the_data() {
    let event = read(r#"{"sender":"GA","recipient":"GB"}"#, "7", EventType::Paused).unwrap();
    assert_eq!(event.sender.unwrap().as_str(), "GA");
    assert_eq!(event.recipient.unwrap().as_str(), "GB");
}
