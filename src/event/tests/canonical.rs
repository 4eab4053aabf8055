//! The data as the log keeps it: one line, fields in the publisher's order, known fields in one spelling.

use crate::event::tests::support::{data, read_one};

#[track_caller]
fn check(kind: &str, came: &str, kept: &str) {
    check_once(kind, came, kept);
    check_once(kind, kept, kept);
}

#[track_caller]
fn check_once(kind: &str, came: &str, kept: &str) {
    let event = read_one(&format!(r#"{{"type":"{kind}","data":{came}}}"#)).unwrap();
    assert_eq!(data(&event), kept);
}

#[test]
fn white_space_outside_strings_is_dropped() {
    check(
        "stream.paused",
        "\t{ \"streamId\" : 1 ,\r\n \"a b\" : [ 1 , { } , [ ] , \" x  y \" ] }\n",
        r#"{"streamId":1,"a b":[1,{},[]," x  y "]}"#,
    );
}

#[test]
fn unknown_fields_keep_their_bytes_and_their_order() {
    let kept = concat!(
        r#"{"z":1.50,"a":1E+2,"n":-0,"max":18446744073709551615,"min":-9223372036854775808,"#,
        r#""e":"\u00e9\/\ud83d\ude00","é😀":"é😀","q":"\\\"","t":true,"f":false,"nil":null,"#,
        r#""\u0061b":{"streamId":"007","amount":-1},"":"","streamId":1}"#
    );
    check("stream.paused", kept, kept);
}

#[test]
fn a_payment_stream_id_is_a_number_where_every_reader_holds_it_exactly() {
    let stream = |came: &str, kept: &str| {
        check("stream.paused", &format!(r#"{{"streamId":{came}}}"#), &format!(r#"{{"streamId":{kept}}}"#));
    };
    stream("7", "7");
    stream(r#""7""#, "7");
    stream(r#""\u0037""#, "7");
    stream("0", "0");
    stream(r#""9007199254740991""#, "9007199254740991");
    stream("9007199254740992", r#""9007199254740992""#);
    stream("18446744073709551615", r#""18446744073709551615""#);
    stream(r#""rent.2024:a-b_c""#, r#""rent.2024:a-b_c""#);
    stream(r#""-7""#, r#""-7""#);
}

#[test]
fn amounts_are_kept_as_decimal_strings() {
    let amount = |came: &str, kept: &str| {
        let data = |amount: &str| {
            ["newDepositedAmount", "newBalance", "refundedAmount", "amountWithdrawn", "totalWithdrawn"]
                .into_iter()
                .chain(["totalStreamed", "feeAmount", "ratePerSecond", "depositedAmount", "amount"])
                .fold(r#"{"streamId":1"#.to_owned(), |text, name| format!(r#"{text},"{name}":{amount}"#))
                + "}"
        };
        check("stream.topped_up", &data(came), &data(kept));
    };
    amount("5", r#""5""#);
    amount(r#""5""#, r#""5""#);
    amount("0", r#""0""#);
    amount("18446744073709551615", r#""18446744073709551615""#);
    let max = r#""170141183460469231731687303715884105727""#;
    amount(max, max);
    amount(r#""\u0035""#, r#""5""#);
}

#[test]
fn times_are_kept_as_they_came() {
    let kept =
        r#"{"streamId":1,"timestamp":0,"pausedAt":1700000020,"endTime":1,"startTime":2,"newEndTime":"9"}"#;
    check("stream.resumed", kept, kept);
    check("stream.resumed", r#"{"streamId":1,"newEndTime":5}"#, r#"{"streamId":1,"newEndTime":5}"#);
}

#[test]
fn short_names_in_stream_created_become_the_long_ones() {
    check_once(
        "stream.created",
        r#"{"streamId":1,"sender":"GA","recipient":"GB","amount":100,"token":"USDC"}"#,
        r#"{"streamId":1,"sender":"GA","recipient":"GB","depositedAmount":"100","tokenAddress":"USDC"}"#,
    );
}
