//! Missing and wrong fields: each is reported with its path, all that are found in one event together.

use crate::event::EventError;
use crate::event::tests::support::{read_one, seen};
use crate::limits;

#[track_caller]
fn check(kind: &str, data: &str, expected: &str) {
    let body = format!(r#"{{"type":"{kind}","data":{data}}}"#);
    assert_eq!(seen(&read_one(&body).unwrap_err()), expected, "{body}");
}

#[test]
fn each_type_demands_its_fields() {
    let missing = |names: &[&str]| {
        let lines = names.iter().map(|name| format!("data.{name} is missing"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let created =
        ["streamId", "sender", "recipient", "tokenAddress", "ratePerSecond", "depositedAmount", "startTime"];
    check("stream.created", "{}", &missing(&created));
    check("stream.topped_up", "{}", &missing(&["streamId", "amount"]));
    check("stream.withdrawn", "{}", &missing(&["streamId", "amount"]));
    check("stream.cancelled", "{}", &missing(&["streamId"]));
    check("stream.completed", "{}", &missing(&["streamId"]));
    check("stream.paused", "{}", &missing(&["streamId"]));
    check("stream.resumed", "{}", &missing(&["streamId"]));
    check("stream.fee_collected", "{}", &missing(&["streamId", "feeAmount"]));
    check("stream.topped_up", r#"{"streamId":1,"Amount":"1"}"#, &missing(&["amount"]));
}

#[test]
fn payment_stream_ids() {
    let check = |value: &str, message: &str| {
        check("stream.paused", &format!(r#"{{"streamId":{value}}}"#), &format!("data.streamId {message}"));
    };
    let number = "a payment stream id in digits must be a whole number from 0 to 18446744073709551615, \
                  without leading zeros";
    let name = "a payment stream name is 1 to 64 characters out of A-Z a-z 0-9 _ . : -";
    check("-1", number);
    check("-0", number);
    check(r#""007""#, number);
    check(r#""18446744073709551616""#, number);
    check(r#""""#, "a payment stream id must not be empty");
    check(r#""a b""#, name);
    check(r#""a\nb""#, name);
    check(r#""é""#, name);
    check(&format!("\"{}\"", "a".repeat(65)), name);
    check(
        "1.0",
        "must be a payment stream id, a number or a string, not a number with a fraction or an exponent",
    );
    check("null", "must be a payment stream id, a number or a string, not null");
    check("[1]", "must be a payment stream id, a number or a string, not an array");
}

#[test]
fn amounts() {
    let spelling = "must be a whole number in decimal digits, without sign or leading zeros";
    for name in ["amount", "newBalance", "newDepositedAmount", "refundedAmount", "totalStreamed"] {
        let check = |value: &str, message: &str| {
            let data = format!(r#"{{"streamId":1,"amount":"1","{name}":{value}}}"#);
            let data = data.replacen(r#""amount":"1","amount""#, r#""amount""#, 1);
            check("stream.topped_up", &data, &format!("data.{name} {message}"));
        };
        for bad in
            [r#""""#, r#""01""#, r#""00""#, r#""+1""#, r#""-1""#, r#""1.5""#, r#""1e3""#, r#"" 1""#, "-1"]
        {
            check(bad, spelling);
        }
        check(r#""170141183460469231731687303715884105728""#, &format!("must not be over {}", i128::MAX));
        check(&format!("\"{}\"", "9".repeat(1000)), &format!("must not be over {}", i128::MAX));
        let kind = "must be a whole number in decimal, a string or an integer, not";
        check("1.0", &format!("{kind} a number with a fraction or an exponent"));
        check("true", &format!("{kind} a boolean"));
        check("null", &format!("{kind} null"));
        check("{}", &format!("{kind} an object"));
    }
}

#[test]
fn times() {
    let check = |name: &str, value: &str, message: &str| {
        let data = format!(r#"{{"streamId":1,"{name}":{value}}}"#);
        check("stream.resumed", &data, &format!("data.{name} {message}"));
    };
    for name in ["startTime", "endTime", "timestamp", "pausedAt"] {
        for bad in ["-1", "1.5", r#""1""#, "null", r#""2024-01-01T00:00:00Z""#] {
            check(name, bad, "must be a time in unix seconds, an integer");
        }
    }
    for bad in ["-1", "1.5", r#""01""#, r#""""#, r#""18446744073709551616""#, "null"] {
        check("newEndTime", bad, "must be a time in unix seconds, an integer or a decimal string");
    }
}

#[test]
fn users_and_tokens() {
    let check = |name: &str, value: &str, message: &str| {
        let data = format!(r#"{{"streamId":1,"feeAmount":"1","{name}":{value}}}"#);
        check("stream.fee_collected", &data, &format!("data.{name} {message}"));
    };
    for name in ["sender", "recipient", "treasury"] {
        let user = "a user is 1 to 128 visible ASCII characters without comma";
        for bad in [r#""""#, r#""a,b""#, r#""a b""#, r#""a\u0000""#, r#""a\n""#, r#""é""#] {
            check(name, bad, user);
        }
        check(name, &format!("\"{}\"", "G".repeat(129)), user);
        check(name, "7", "must be an address, a string, not an integer");
        check(name, "null", "must be an address, a string, not null");
    }
    for name in ["token", "tokenAddress"] {
        for bad in [r#""""#, r#""a b""#, r#""a\u007f""#, r#""a\t""#, r#""\u202e""#] {
            check(name, bad, "must be a token's address: one or more visible ASCII characters");
        }
        check(name, "7", "must be a token's address, a string, not an integer");
    }
}

#[test]
fn short_and_long_name_at_once() {
    let rest = r#""sender":"GA","recipient":"GB","ratePerSecond":"1","startTime":1"#;
    check(
        "stream.created",
        &format!(r#"{{"streamId":1,{rest},"amount":1,"depositedAmount":1,"tokenAddress":"C","token":"C"}}"#),
        "data.depositedAmount is depositedAmount a second time: send one of the two names\n\
         data.token is tokenAddress a second time: send one of the two names",
    );
}

#[test]
fn pending_names_are_not_for_publishers() {
    let rest = r#""sender":"GA","recipient":"GB","amount":1,"token":"C""#;
    check(
        "stream.created",
        &format!(r#"{{"streamId":"pending-abc",{rest}}}"#),
        "data.streamId must not begin with pending-: such names are given by the server",
    );
    read_one(r#"{"type":"stream.paused","data":{"streamId":"pending-abc"}}"#).unwrap();
}

#[test]
fn every_fault_is_reported_up_to_a_bound() {
    check(
        "stream.created",
        r#"{"streamId":-1,"sender":1,"recipient":"GB","ratePerSecond":"x","amount":"1"}"#,
        "data.streamId a payment stream id in digits must be a whole number from 0 to 18446744073709551615, \
         without leading zeros\n\
         data.sender must be an address, a string, not an integer\n\
         data.ratePerSecond must be a whole number in decimal digits, without sign or leading zeros\n\
         data.tokenAddress is missing",
    );
    let many = (0..100).map(|n| format!(r#","x{n}":1"#)).collect::<String>();
    let error =
        read_one(&format!(r#"{{"type":"stream.paused","data":{{"streamId":1}}{many}}}"#)).unwrap_err();
    let EventError::Fields { index: None, faults } = error else { panic!("{error:?}") };
    assert_eq!(faults.len(), limits::FAULTS_MAX);
}

#[test]
fn a_message_names_the_first_fault_and_counts_the_others() {
    let text = |body: &str| read_one(body).unwrap_err().to_string();
    assert_eq!(text(r#"{"type":"stream.paused","data":{}}"#), "data.streamId: is missing");
    assert_eq!(text(r#"{"type":"stream.withdrawn","data":{}}"#), "data.streamId: is missing (and 1 more)");
}
