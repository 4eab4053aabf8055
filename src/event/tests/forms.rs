//! The two forms of an event in `POST /events`, for each of the eight types.
//!
//! The data are those that FlowFi's backend sends; both forms must store the very same bytes.

use crate::event::tests::support::{data, read_one, seen};
use crate::event::{EventType, Identity};

const CREATED: &str = concat!(
    r#""streamId":7,"sender":"GABC","recipient":"GDEF","tokenAddress":"CUSDC","#,
    r#""ratePerSecond":"1154","depositedAmount":"99750","startTime":1700000000,"#,
    r#""transactionHash":"ab","ledger":1000003"#
);
const TOPPED_UP: &str = concat!(
    r#""streamId":7,"amount":"49875","newDepositedAmount":"149625","transactionHash":"ab","#,
    r#""ledger":1,"timestamp":1700000000"#
);
const WITHDRAWN: &str = concat!(
    r#""streamId":7,"recipient":"GDEF","amount":"11540","transactionHash":"ab","ledger":1,"#,
    r#""timestamp":1700000010"#
);
const CANCELLED: &str = concat!(
    r#""streamId":7,"refundedAmount":"126545","amountWithdrawn":"23080","transactionHash":"ab","#,
    r#""ledger":1,"timestamp":1"#
);
const COMPLETED: &str = concat!(
    r#""streamId":7,"recipient":"GDEF","totalWithdrawn":"149625","transactionHash":"ab","#,
    r#""ledger":1,"timestamp":1"#
);
const PAUSED: &str = concat!(
    r#""streamId":7,"sender":"GABC","pausedAt":1700000020,"transactionHash":"ab","ledger":1,"#,
    r#""timestamp":1"#
);
const RESUMED: &str = concat!(
    r#""streamId":7,"sender":"GABC","newEndTime":"1700000160","transactionHash":"ab","ledger":1,"#,
    r#""timestamp":1"#
);
const FEE: &str = concat!(
    r#""streamId":7,"treasury":"GTRE","feeAmount":"250","token":"CUSDC","transactionHash":"ab","#,
    r#""ledger":1,"timestamp":1"#
);

#[track_caller]
fn check(kind: EventType, members: &str, sender: Option<&str>, recipient: Option<&str>) {
    let data_form = format!(r#"{{"type":"{}","data":{{{members}}}}}"#, kind.name());
    let indexer_form = format!(r#"{{"eventType":"{}",{members}}}"#, kind.indexer_name());
    for body in [data_form, indexer_form] {
        let event = read_one(&body).unwrap();
        assert_eq!(event.kind, kind);
        assert_eq!(event.stream.as_str(), "7");
        assert_eq!(data(&event), format!("{{{members}}}"));
        assert_eq!(event.sender.as_ref().map(|user| user.as_str()), sender);
        assert_eq!(event.recipient.as_ref().map(|user| user.as_str()), recipient);
        assert_eq!(event.identity, Identity::None);
    }
}

#[test]
fn each_type_is_read_in_both_forms() {
    check(EventType::Created, CREATED, Some("GABC"), Some("GDEF"));
    check(EventType::ToppedUp, TOPPED_UP, None, None);
    check(EventType::Withdrawn, WITHDRAWN, None, Some("GDEF"));
    check(EventType::Cancelled, CANCELLED, None, None);
    check(EventType::Completed, COMPLETED, None, Some("GDEF"));
    check(EventType::Paused, PAUSED, Some("GABC"), None);
    check(EventType::Resumed, RESUMED, Some("GABC"), None);
    check(EventType::FeeCollected, FEE, None, None);
}

#[test]
fn quick_start_placeholders_are_accepted() {
    let event = read_one(
        r#"{"type":"stream.created","data":{"streamId":"1","sender":"GABC...","recipient":"GDEF...",
            "tokenAddress":"CUSDC...","ratePerSecond":"1000000","depositedAmount":"86400000000",
            "startTime":1708560000}}"#,
    )
    .unwrap();
    assert_eq!(event.sender.unwrap().as_str(), "GABC...");
}

#[test]
fn names_around_the_data_are_taken_out_of_the_indexer_form() {
    let event =
        read_one(r#"{"parties":{},"position":9,"eventType":"PAUSED","x":[1, 2],"source":"i","streamId":1}"#)
            .unwrap();
    assert_eq!(data(&event), r#"{"x":[1,2],"streamId":1}"#);
    assert_eq!(event.identity, Identity::Source { source: "i".to_owned(), position: 9 });
}

#[track_caller]
fn check_bad(body: &str, expected: &str) {
    assert_eq!(seen(&read_one(body).unwrap_err()), expected, "{body}");
}

#[test]
fn the_type_must_be_known() {
    let names = "stream.created, stream.topped_up, stream.withdrawn, stream.cancelled, stream.completed, \
                 stream.paused, stream.resumed, stream.fee_collected";
    let indexer_names = "CREATED, TOPPED_UP, WITHDRAWN, CANCELLED, COMPLETED, PAUSED, RESUMED, FEE_COLLECTED";
    check_bad(
        "{}",
        &format!("type is missing: it is one of {names}\ndata is missing: it holds the event's fields"),
    );
    check_bad(r#"{"type":"stream.exploded","data":{}}"#, &format!("type must be one of {names}"));
    check_bad(r#"{"type":"CREATED","data":{}}"#, &format!("type must be one of {names}"));
    check_bad(r#"{"type":7,"data":{}}"#, &format!("type must be one of {names}"));
    check_bad(r#"{"eventType":"stream.created"}"#, &format!("eventType must be one of {indexer_names}"));
    check_bad(r#"{"eventType":null}"#, &format!("eventType must be one of {indexer_names}"));
}

#[test]
fn the_data_must_be_an_object() {
    check_bad(r#"{"type":"stream.paused"}"#, "data is missing: it holds the event's fields");
    check_bad(r#"{"type":"stream.paused","data":[]}"#, "data must be an object, not an array");
    check_bad(r#"{"type":"stream.paused","data":"{}"}"#, "data must be an object, not a string");
    check_bad(r#"{"type":"stream.paused","data":null}"#, "data must be an object, not null");
}

#[test]
fn a_member_beside_the_data_must_be_known() {
    let event = |members: &str| format!(r#"{{"type":"stream.paused","data":{{"streamId":1}},{members}}}"#);
    let message = "is not known beside type and data: put it into data";
    check_bad(&event(r#""sender":"GA""#), &format!("sender {message}"));
    check_bad(&event(r#""id":"1","publishedAt":2"#), &format!("id {message}\npublishedAt {message}"));
    let long = "x".repeat(100);
    check_bad(&event(&format!(r#""{long}":1"#)), &format!("{}… {message}", "x".repeat(64)));
}

#[test]
fn parties_fill_in_what_the_data_does_not_say() {
    let event = |data: &str, parties: &str| {
        let body = format!(r#"{{"type":"stream.paused","data":{{"streamId":1{data}}},"parties":{parties}}}"#);
        let event = read_one(&body).unwrap();
        let name = |user: &crate::topic::User| user.as_str().to_owned();
        (event.sender.as_ref().map(name), event.recipient.as_ref().map(name))
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(event("", r#"{"sender":"GA","recipient":"GB"}"#), (some("GA"), some("GB")));
    assert_eq!(event(r#","sender":"GX""#, r#"{"sender":"GA","recipient":"GB"}"#), (some("GX"), some("GB")));
    assert_eq!(event("", r#"{"recipient":"GB"}"#), (None, some("GB")));
    assert_eq!(event("", "{}"), (None, None));
}

#[test]
fn parties_must_be_good() {
    let event =
        |parties: &str| format!(r#"{{"type":"stream.paused","data":{{"streamId":1}},"parties":{parties}}}"#);
    check_bad(&event("[]"), "parties must be an object, not an array");
    check_bad(&event(r#"{"sender":1}"#), "parties.sender must be an address, a string, not an integer");
    check_bad(
        &event(r#"{"recipient":"a b"}"#),
        "parties.recipient a user is 1 to 128 visible ASCII characters without comma",
    );
    check_bad(
        &event(r#"{"treasury":"GA"}"#),
        "parties.treasury is not known here: parties are sender and recipient",
    );
}
