//! What tells a repeated event: a dedupe key, or a source with a position. It is taken out of what is stored.

use crate::event::Identity;
use crate::event::tests::support::{data, read_one, seen};

fn bodies(members: &str) -> [String; 2] {
    [
        format!(r#"{{"type":"stream.paused","data":{{"streamId":1}},{members}}}"#),
        format!(r#"{{"eventType":"PAUSED",{members},"streamId":1}}"#),
    ]
}

#[track_caller]
fn check(members: &str, identity: Identity) {
    for body in bodies(members) {
        let event = read_one(&body).unwrap();
        assert_eq!(event.identity, identity, "{body}");
        assert_eq!(data(&event), r#"{"streamId":1}"#);
    }
}

#[test]
fn keys_and_positions() {
    let long = "k".repeat(128);
    check(r#""dedupeKey":"tx:7""#, Identity::Key("tx:7".to_owned()));
    check(&format!(r#""dedupeKey":"{long}""#), Identity::Key(long));
    let source = |position| Identity::Source { source: "ix".to_owned(), position };
    check(r#""source":"ix","position":0"#, source(0));
    check(r#""position":"18446744073709551615","source":"ix""#, source(u64::MAX));
    check(r#""source":"ix","position":18446744073709551615"#, source(u64::MAX));
}

#[track_caller]
fn check_bad(members: &str, expected: &str) {
    for body in bodies(members) {
        assert_eq!(seen(&read_one(&body).unwrap_err()), expected, "{body}");
    }
}

#[test]
fn bad_keys_and_positions() {
    let text = "must be a string of 1 to 128 visible ASCII characters";
    for bad in [r#""""#, r#""a b""#, r#""a\n""#, r#""é""#, "1", "null", &format!("\"{}\"", "k".repeat(129))]
    {
        check_bad(&format!(r#""dedupeKey":{bad}"#), &format!("dedupeKey {text}"));
        check_bad(&format!(r#""source":{bad},"position":1"#), &format!("source {text}"));
    }
    let number = "must be a whole number from 0 to 18446744073709551615, or that as a decimal string";
    for bad in ["-1", "1.5", r#""01""#, r#""18446744073709551616""#, r#""""#, "null"] {
        check_bad(&format!(r#""source":"ix","position":{bad}"#), &format!("position {number}"));
    }
    check_bad(r#""source":"ix""#, "position is missing beside source");
    check_bad(r#""position":1"#, "source is missing beside position");
    let both = "dedupeKey stands beside source and position: send the one or the others";
    check_bad(r#""dedupeKey":"k","source":"ix","position":1"#, both);
    check_bad(r#""dedupeKey":"k","position":1"#, both);
}
