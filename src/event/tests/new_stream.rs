//! `POST /streams`: the body is the data of a `stream.created`; the payment stream may have no name yet.

use crate::event::tests::support::{LENIENT, data, seen};
use crate::event::{EventError, EventType, Identity, NewEvent, PENDING_PREFIX, parse_new_stream};
use crate::topic::{StreamId, User};

fn read(body: &str) -> Result<NewEvent, EventError> {
    let pending = StreamId::parse(&format!("{PENDING_PREFIX}abcdefgh23456722")).unwrap();
    parse_new_stream(body.as_bytes(), &pending, LENIENT)
}

#[track_caller]
fn check(body: &str, stream: &str, kept: &str) {
    let event = read(body).unwrap();
    assert_eq!(event.kind, EventType::Created);
    assert_eq!(event.stream.as_str(), stream);
    assert_eq!(data(&event), kept);
    assert_eq!(event.sender.unwrap().as_str(), "GABC...");
    assert_eq!(event.recipient.unwrap().as_str(), "GDEF...");
    assert_eq!(event.identity, Identity::None);
}

const LONG: &str = concat!(
    r#""sender":"GABC...","recipient":"GDEF...","tokenAddress":"CUSDC...","#,
    r#""ratePerSecond":"1000000","depositedAmount":"86400000000","startTime":1708560000"#
);

#[test]
fn a_payment_stream_without_a_name_gets_one_in_front() {
    let name = "pending-abcdefgh23456722";
    check(&format!("{{{LONG}}}"), name, &format!(r#"{{"streamId":"{name}",{LONG}}}"#));
    check(
        r#"{"sender":"GABC...","recipient":"GDEF...","amount":100,"token":"USDC","endTime":5}"#,
        name,
        &format!(
            concat!(
                r#"{{"streamId":"{}","sender":"GABC...","recipient":"GDEF...","#,
                r#""depositedAmount":"100","tokenAddress":"USDC","endTime":5}}"#
            ),
            name
        ),
    );
}

#[test]
fn a_payment_stream_with_a_name_keeps_it_in_its_place() {
    check(&format!(r#"{{{LONG},"streamId":"7"}}"#), "7", &format!(r#"{{{LONG},"streamId":7}}"#));
}

#[test]
fn one_short_name_excuses_rate_and_start() {
    let parties = r#""sender":"GABC...","recipient":"GDEF...","streamId":1"#;
    check(
        &format!(r#"{{{parties},"token":"USDC","depositedAmount":"5"}}"#),
        "1",
        &format!(r#"{{{parties},"tokenAddress":"USDC","depositedAmount":"5"}}"#),
    );
    let error = read(&format!(r#"{{{parties},"tokenAddress":"USDC","depositedAmount":"5"}}"#)).unwrap_err();
    assert_eq!(seen(&error), "ratePerSecond is missing\nstartTime is missing");
}

#[test]
fn a_key_and_parties_are_taken_out_and_the_rest_is_data() {
    let kept = format!(r#"{{"streamId":7,{LONG},"type":"x","source":2,"position":"p"}}"#);
    check(&kept, "7", &kept);
    let parties = r#""parties":{"sender":"GX","recipient":"GY"}"#;
    let event = read(&format!(r#"{{"streamId":7,{LONG},{parties},"dedupeKey":"k"}}"#)).unwrap();
    assert_eq!(String::from_utf8(event.data).unwrap(), format!(r#"{{"streamId":7,{LONG}}}"#));
    assert_eq!(event.identity, Identity::Key("k".into()));
    assert_eq!(event.sender, User::parse("GABC...").ok(), "its own data comes first");
}

#[track_caller]
fn check_bad(body: &str, expected: &str) {
    assert_eq!(seen(&read(body).unwrap_err()), expected, "{body}");
}

#[test]
fn bad_bodies() {
    check_bad("", "the body is empty: send an event as a JSON object");
    check_bad("[]", "an event is a JSON object, not an array");
    check_bad(
        "{}",
        "sender is missing\nrecipient is missing\ntokenAddress is missing\nratePerSecond is missing\n\
         depositedAmount is missing\nstartTime is missing",
    );
    check_bad(
        &format!(r#"{{"streamId":"pending-x",{LONG}}}"#),
        "streamId must not begin with pending-: such names are given by the server",
    );
    check_bad(
        r#"{"sender":"GA","recipient":"GB","amount":1.5,"token":"C"}"#,
        "amount must be a whole number in decimal, a string or an integer, \
         not a number with a fraction or an exponent",
    );
    let deep = format!(r#"{{{LONG},"x":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    check_bad(&deep, "nested deeper than 16 levels");
}
