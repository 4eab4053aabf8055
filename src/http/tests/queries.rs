//! Query strings and the pairs they decode to.

use proptest::collection::vec;
use proptest::prelude::{prop_assert_eq, proptest};

use crate::http::{QueryError, pairs};

#[track_caller]
fn check(query: &str, expected: &[(&str, &str)]) {
    let decoded = pairs(query).unwrap();
    let decoded: Vec<_> = decoded.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    assert_eq!(decoded, expected, "of {query:?}");
}

#[test]
fn pairs_in_order() {
    check("", &[]);
    check("&&", &[]);
    check("a", &[("a", "")]);
    check("a=", &[("a", "")]);
    check("=a", &[("", "a")]);
    check("=", &[("", "")]);
    check("a=b=c", &[("a", "b=c")]);
    check("streams=1&streams=2,3&", &[("streams", "1"), ("streams", "2,3")]);
    check("a;b=c", &[("a;b", "c")]);
}

#[test]
fn encoded_characters() {
    check("a%20b=c+d%2Be", &[("a b", "c d+e")]);
    check("a=%26%3D", &[("a", "&=")]);
    check("%73treams=%31", &[("streams", "1")]);
    check("a=%C3%A9", &[("a", "é")]);
    check("a=%2525", &[("a", "%25")]);
    check("a=%00", &[("a", "\0")]);
}

#[test]
fn a_percent_sign_that_encodes_nothing_stands_for_itself() {
    check(
        "a=100%&b=%4&c=%zz&d=%%41&e=%+1",
        &[("a", "100%"), ("b", "%4"), ("c", "%zz"), ("d", "%A"), ("e", "% 1")],
    );
}

#[test]
fn what_is_not_utf8_is_refused_by_its_place() {
    for (query, pair) in [("a=%FF", 1), ("a=b&&%C3=d", 2), ("a=%C0%80", 1), ("a=%ED%A0%80", 1)] {
        assert_eq!(pairs(query), Err(QueryError::NotUtf8 { pair }), "of {query:?}");
    }
    let error = pairs("token=secret%FF").unwrap_err();
    assert!(!error.to_string().contains("secret"));
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(written in vec((".{0,8}", ".{0,8}"), 0..5)) {
        let encode = |text: &String| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let query: Vec<_> = written.iter().map(|(name, value)| encode(name) + "=" + &encode(value)).collect();
        prop_assert_eq!(pairs(&query.join("&")).unwrap(), written);
    }

    #[test]
    fn random_queries_never_panic(query: String) {
        let _ = pairs(&query);
    }
}
