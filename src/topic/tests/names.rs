//! Payment streams and users as clients write them: what is accepted, and the one spelling it gets.

use crate::topic::{NameError, StreamId, User};

#[track_caller]
fn check_stream(text: &str, expected: Result<Option<u64>, NameError>) {
    let read = StreamId::parse(text);
    match &read {
        Ok(stream) => assert_eq!(stream.as_str(), text),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(read.map(|stream| stream.number()), expected, "{text:?}");
}

#[test]
fn payment_streams_in_digits_are_whole_numbers() {
    check_stream("0", Ok(Some(0)));
    check_stream("7", Ok(Some(7)));
    check_stream("18446744073709551615", Ok(Some(u64::MAX)));
    for bad in ["00", "007", "18446744073709551616", "99999999999999999999999999"] {
        check_stream(bad, Err(NameError::StreamNumber));
    }
    assert_eq!(StreamId::from_number(7), StreamId::parse("7").unwrap());
    assert_eq!(StreamId::from_number(u64::MAX).number(), Some(u64::MAX));
}

#[test]
fn payment_streams_may_have_names() {
    for good in ["a", "rent.2024:a-b_c", "-7", "7a", "0x", "pending-abcdefgh23456722", &"z".repeat(64)] {
        check_stream(good, Ok(None));
    }
    check_stream("", Err(NameError::EmptyStream));
    for bad in ["a b", " 7", "7 ", "+7", "1,2", "a/b", "*", "é", "٧", "a\n", "a\0", &"z".repeat(65)] {
        check_stream(bad, Err(NameError::StreamName));
    }
}

#[test]
fn users_are_visible_ascii_without_comma() {
    for good in ["G", "GABC...", "user:1", "a\"b\\c", "~!", &"G".repeat(128)] {
        assert_eq!(User::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", "a b", "a,b", "a\n", "a\u{7f}", "a\0", "é", &"G".repeat(129)] {
        assert_eq!(User::parse(bad), Err(NameError::User), "{bad:?}");
    }
}
