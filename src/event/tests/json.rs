//! Texts that are not JSON, or not JSON that we take: what is said of each.
//!
//! Each text stands as the value of an unknown field, in an event that is good but for it.

use crate::event::tests::support::{LENIENT, read_one, seen};
use crate::event::{EventError, JsonFault, parse_json};

const HEAD: &str = r#"{"eventType":"PAUSED","streamId":1,"x":"#;

#[track_caller]
fn check(value: &str, expected: Result<(), JsonFault>) {
    let body = format!("{HEAD}{value}}}");
    match (read_one(&body), expected) {
        (Ok(event), Ok(())) => {
            assert_eq!(event.data, format!(r#"{{"streamId":1,"x":{value}}}"#).into_bytes())
        }
        (Err(error), Err(fault)) => assert_eq!(error, EventError::Json { index: None, fault }, "{body}"),
        (read, expected) => panic!("{body}: {read:?}, not {expected:?}"),
    }
}

/// A fault `in_value` bytes behind the start of the value.
fn at(in_value: usize) -> usize {
    HEAD.len() + in_value
}

#[test]
fn numbers() {
    for good in ["0", "-0", "1.5", "1e5", "1E+5", "1e-400", "18446744073709551615", "-9223372036854775808"] {
        check(good, Ok(()));
    }
    for bad in ["01", "-01", "00", "1.", ".5", "+1", "--1", "1e", "1e+", "NaN", "-", "Infinity"] {
        check(bad, Err(JsonFault::Syntax { offset: at(0) }));
    }
    check("0x1", Err(JsonFault::Syntax { offset: at(1) }));
    check("0\u{0}", Err(JsonFault::Syntax { offset: at(1) }));
    for wide in ["18446744073709551616", "-9223372036854775809", &"9".repeat(400)] {
        check(wide, Err(JsonFault::Integer { offset: at(0) }));
    }
    check("[{\"y\":[99999999999999999999]}]", Err(JsonFault::Integer { offset: at(7) }));
    check("1e400", Err(JsonFault::Float { offset: at(0) }));
    check("-1.0e400", Err(JsonFault::Float { offset: at(0) }));
}

#[test]
fn strings() {
    for good in
        [r#""\ud83d\ude00""#, r#""\u0000\n""#, r#""\\""#, r#""\\\\\"""#, "\"\u{7f}\u{2028}\"", r#""""#]
    {
        check(good, Ok(()));
    }
    for half in [r#""\ud800""#, r#""\udc00""#, r#""\ud83dx""#, r#""\ud83d\u0041""#, r#""\ud83d\ud83d""#] {
        check(half, Err(JsonFault::Surrogate { offset: at(1) }));
    }
    for bare in ["\"\n\"", "\"\r\"", "\"\u{0}\"", "\"\u{1f}\""] {
        check(bare, Err(JsonFault::Control { offset: at(1) }));
    }
    for escape in [r#""\x""#, r#""\u00zz""#, r#""\u12"#] {
        check(escape, Err(JsonFault::Syntax { offset: at(1) }));
    }
}

#[test]
fn a_bare_control_character_is_found_wherever_it_stands() {
    for before in 0..40 {
        let value = |middle: &str| format!("\"{}{middle}{}\"", "a".repeat(before), "~é".repeat(5));
        for bare in ["\0", "\n", "\u{1f}"] {
            check(&value(bare), Err(JsonFault::Control { offset: at(1 + before) }));
        }
        for good in [" ", "!", "#", "[", "]", "\u{7f}", "\u{80}", "\\\"", "\\\\"] {
            check(&value(good), Ok(()));
        }
    }
}

#[test]
fn words_and_brackets() {
    for good in ["true", "false", "null", "[]", "{}", "[[],{}]"] {
        check(good, Ok(()));
    }
    check("tru", Err(JsonFault::Syntax { offset: at(0) }));
    check("truex", Err(JsonFault::Syntax { offset: at(4) }));
    check("'a'", Err(JsonFault::Syntax { offset: at(0) }));
    check("[1,]", Err(JsonFault::Syntax { offset: at(3) }));
    check("[1 2]", Err(JsonFault::Syntax { offset: at(3) }));
    check("", Err(JsonFault::Syntax { offset: at(0) }));
    check("[", Err(JsonFault::Syntax { offset: at(1) }));
    check("[}]", Err(JsonFault::Syntax { offset: at(1) }));
    check("1}", Err(JsonFault::Trailing { offset: at(2) }));
    check("{", Err(JsonFault::Unclosed));
    check("\u{c}1", Err(JsonFault::Syntax { offset: at(0) }));
}

#[test]
fn a_name_stands_once_in_an_object_at_any_depth() {
    let twice = |name: &str| Err(JsonFault::Duplicate { name: name.to_owned() });
    check(r#"{"a":1,"b":2,"a":3}"#, twice("a"));
    check(r#"[[{"b":{"a":1,"\u0061":2}}]]"#, twice("a"));
    check(r#"1,"x":2"#, twice("x"));
    check(r#"1,"streamId":2"#, twice("streamId"));
    check(r#"{"":1,"":2}"#, twice(""));
    check(r#"{"a":{"a":1},"b":{"a":1}}"#, Ok(()));
    for names in [16, 17, 100] {
        let members = (0..names).map(|n| format!(r#""k{n}":{{"k0":0}}"#)).collect::<Vec<_>>().join(",");
        check(&format!("{{{members}}}"), Ok(()));
        check(&format!(r#"{{{members},"k7":1}}"#), twice("k7"));
    }
    check(
        &format!("{{{0}:1,{0}:2}}", format!("\"{}\"", "é".repeat(70))),
        twice(&format!("{}…", "é".repeat(64))),
    );
}

#[test]
fn a_member_name_holds_no_control_character() {
    check(r#"{"a\u0000":1}"#, Err(JsonFault::Name { name: "a\0".to_owned() }));
    check("{\"\u{7f}\":1}", Err(JsonFault::Name { name: "\u{7f}".to_owned() }));
}

#[test]
fn nesting_is_counted_from_the_data() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    check(&nested(15), Ok(()));
    check(&nested(16), Err(JsonFault::Depth { max: 16 }));
    check(&nested(17), Err(JsonFault::Depth { max: 16 }));
    let in_data = |levels| {
        read_one(&format!(r#"{{"type":"stream.paused","data":{{"streamId":1,"x":{}}}}}"#, nested(levels)))
    };
    in_data(15).unwrap();
    assert_eq!(seen(&in_data(16).unwrap_err()), "nested deeper than 16 levels");
    check(&format!("\"{}\"", "[".repeat(100)), Ok(()));
    check(&format!("[{}1]", "[],{},".repeat(100)), Ok(()));
}

#[track_caller]
fn check_body(body: &[u8], expected: &str) {
    let error = parse_json(body, LENIENT).unwrap_err();
    assert_eq!(error.to_string(), expected, "{}", body.escape_ascii());
}

#[test]
fn whole_bodies() {
    check_body(b"", "the body is empty: send an event as a JSON object");
    check_body(b" \r\n\t", "the body is empty: send an event as a JSON object");
    check_body(b"\xEF\xBB\xBF{}", "the body starts with a byte order mark: send UTF-8 without one");
    check_body(b"{\"a\":\"\xFF\"}", "not UTF-8 at byte 6: send the body in UTF-8");
    check_body(b"{\"a\":\"\xED\xA0\x80\"}", "not UTF-8 at byte 6: send the body in UTF-8");
    check_body(b"{} {}", "not JSON: there is more text after its end, at byte 3");
    check_body(b"{}\0", "not JSON: there is more text after its end, at byte 2");
    check_body(b"7", "an event is a JSON object, not an integer");
    check_body(b"\"a\"", "an event is a JSON object, not a string");
    check_body(b"null", "an event is a JSON object, not null");
    check_body(b"<xml>", "not JSON: unexpected text at byte 0");
    check_body(b"{\"a", "not JSON: a string or a bracket is not closed");
}
