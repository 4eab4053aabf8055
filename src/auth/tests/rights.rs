//! Every grant against every right, by an oracle that knows neither: the contract's sentences, over sets of names.

use std::collections::BTreeSet;

use crate::auth::tests::support::granted;
use crate::auth::{Forbidden, Right};
use crate::topic::{StreamId, User};

/// What a token says, in the test's own words.
struct Token {
    claims: &'static str,
    all: bool,
    streams: &'static [&'static str],
    users: &'static [&'static str],
    publish: bool,
    admin: bool,
}

const NO_RIGHT: Token =
    Token { claims: "", all: false, streams: &[], users: &[], publish: false, admin: false };

fn tokens() -> Vec<Token> {
    vec![
        Token { claims: r#""tailwire":{}"#, ..NO_RIGHT },
        Token { claims: r#""jti":"nobody""#, ..NO_RIGHT },
        Token { claims: r#""sub":"GA""#, users: &["GA"], ..NO_RIGHT },
        Token { claims: r#""sub":"GA","tailwire":{"publish":true}"#, publish: true, ..NO_RIGHT },
        Token { claims: r#""tailwire":{"admin":true}"#, admin: true, ..NO_RIGHT },
        Token { claims: r#""tailwire":{"subscribe":{"all":true}}"#, all: true, ..NO_RIGHT },
        Token { claims: r#""tailwire":{"subscribe":{"streams":[7]}}"#, streams: &["7"], ..NO_RIGHT },
        Token {
            claims: r#""tailwire":{"subscribe":{"streams":["7","a:b",8]}}"#,
            streams: &["7", "8", "a:b"],
            ..NO_RIGHT
        },
        Token {
            claims: r#""tailwire":{"subscribe":{"users":["GB","GA"]}}"#,
            users: &["GA", "GB"],
            ..NO_RIGHT
        },
        Token {
            claims: r#""sub":"GC","tailwire":{"subscribe":{"streams":["8"],"users":["GA"]},"publish":true}"#,
            streams: &["8"],
            users: &["GA"],
            publish: true,
            ..NO_RIGHT
        },
        Token {
            claims: r#""tailwire":{"subscribe":{"all":true},"publish":true,"admin":true}"#,
            all: true,
            publish: true,
            admin: true,
            ..NO_RIGHT
        },
    ]
}

/// A filter: everything or not, payment streams, users.
type Filter = (bool, &'static [&'static str], &'static [&'static str]);

const FILTERS: &[Filter] = &[
    (true, &[], &[]),
    (true, &["7"], &["GA"]),
    (false, &[], &[]),
    (false, &["7"], &[]),
    (false, &["8"], &[]),
    (false, &["7", "8"], &[]),
    (false, &["8", "7", "7"], &[]),
    (false, &["a:b"], &[]),
    (false, &["A:b"], &[]),
    (false, &["70"], &[]),
    (false, &["GA"], &[]),
    (false, &[], &["GA"]),
    (false, &[], &["GB"]),
    (false, &[], &["GA", "GB"]),
    (false, &[], &["ga"]),
    (false, &[], &["7"]),
    (false, &["8"], &["GA"]),
    (false, &["8"], &["GC"]),
    (false, &["7", "9"], &["GA"]),
];

#[test]
fn reading_is_allowed_exactly_within_the_claims() {
    let mut rows = 0;
    for token in tokens() {
        let grant = granted(&format!(r#"{{"exp":1700000060,{}}}"#, token.claims)).unwrap();
        for &(all, streams, users) in FILTERS {
            let within = |asked: &[&'static str], own: &[&'static str]| {
                let own: BTreeSet<_> = own.iter().collect();
                asked.iter().all(|name| own.contains(name))
            };
            let asks_something = all || !streams.is_empty() || !users.is_empty();
            let expected = token.all
                || (asks_something && !all && within(streams, token.streams) && within(users, token.users));
            let streams: Vec<_> = streams.iter().map(|id| StreamId::parse(id).unwrap()).collect();
            let users: Vec<_> = users.iter().map(|name| User::parse(name).unwrap()).collect();
            let right = Right::Read { all, streams: &streams, users: &users };
            let outcome = grant.allows(&right);
            assert_eq!(outcome.is_ok(), expected, "{} asked for {right:?}: {outcome:?}", token.claims);
            rows += 1;
        }
        assert_eq!(grant.allows(&Right::Publish).is_ok(), token.publish, "{}", token.claims);
        assert_eq!(grant.allows(&Right::Admin).is_ok(), token.admin, "{}", token.claims);
        rows += 2;
    }
    assert!(rows >= 200, "{rows}");
}

#[test]
fn a_refusal_names_the_first_thing_beyond_the_claims() {
    let grant =
        granted(r#"{"exp":1700000060,"tailwire":{"subscribe":{"streams":[7],"users":["GA"]}}}"#).unwrap();
    let (seven, eight) = (StreamId::from_number(7), StreamId::from_number(8));
    let (a, b) = (User::parse("GA").unwrap(), User::parse("GB").unwrap());
    let read = |all, streams: &[StreamId], users: &[User]| {
        grant.allows(&Right::Read { all, streams, users }).unwrap_err()
    };
    assert_eq!(read(true, &[], &[]), Forbidden::All);
    assert_eq!(read(false, &[], &[]), Forbidden::Nothing);
    assert_eq!(
        read(false, &[seven.clone(), eight.clone()], std::slice::from_ref(&b)),
        Forbidden::Stream(eight)
    );
    let refusal = read(false, &[seven], &[a, b.clone()]);
    assert_eq!(refusal, Forbidden::User(b));
    assert_eq!(refusal.to_string(), "the token does not reach user GB");
}
