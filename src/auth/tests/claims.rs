//! Each claim: what it must be, and what follows from it. What is not as it must be is refused, never widened.

use crate::auth::tests::support::{NOW_S, granted, judged};
use crate::auth::{ClaimProblem, Grant, Malformation, Reach, TokenError, TokenRules};
use crate::limits;
use crate::topic::{StreamId, User};

const EXP: &str = r#""exp":1700000060"#;

/// The grant of these claims beside a good `exp`.
fn with(claims: &str) -> Result<Grant, TokenError> {
    granted(&format!("{{{EXP}{}{claims}}}", if claims.is_empty() { "" } else { "," }))
}

fn claim(claim: &'static str, problem: ClaimProblem) -> TokenError {
    TokenError::Claim { claim, problem }
}

#[test]
fn times_are_kept_to_the_second_with_leeway() {
    let exp = |exp: u64| granted(&format!(r#"{{"exp":{exp}}}"#)).map(|grant| grant.expires_s);
    assert_eq!(exp(NOW_S), Ok(NOW_S + 30));
    assert_eq!(exp(NOW_S - 29), Ok(NOW_S + 1));
    assert_eq!(exp(NOW_S - 30), Err(TokenError::Expired { ago_s: 30 }));
    assert_eq!(exp(NOW_S - 31), Err(TokenError::Expired { ago_s: 31 }));
    assert_eq!(exp(0), Err(TokenError::Expired { ago_s: NOW_S }));
    assert_eq!(exp(limits::TOKEN_TIME_MAX_S), Ok(limits::TOKEN_TIME_MAX_S + 30));

    let nbf = |nbf: u64| with(&format!(r#""nbf":{nbf}"#)).map(|_| ());
    assert_eq!(nbf(NOW_S + 30), Ok(()));
    assert_eq!(nbf(NOW_S + 31), Err(TokenError::NotYet { in_s: 31 }));
    assert_eq!(nbf(0), Ok(()));
    for ignored in [r#""iat":99999999999"#, r#""iat":"yesterday""#, r#""jti":[1]"#, r#""typ":null"#] {
        assert!(with(ignored).is_ok(), "{ignored}");
    }
}

#[test]
fn a_time_that_is_no_whole_number_is_none() {
    assert_eq!(granted("{}"), Err(claim("exp", ClaimProblem::Missing)));
    for value in [
        "1700000060.5",
        "1.7e9",
        "1700000060.0",
        "-1",
        "-0.0",
        "253402300800",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "\"1700000060\"",
        "null",
        "true",
        "[1700000060]",
        "{}",
    ] {
        let outcome = granted(&format!(r#"{{"exp":{value}}}"#));
        assert_eq!(outcome, Err(claim("exp", ClaimProblem::Time)), "exp {value}");
        let outcome = with(&format!(r#""nbf":{value}"#));
        assert_eq!(outcome, Err(claim("nbf", ClaimProblem::Time)), "nbf {value}");
    }
}

#[test]
fn audience_and_issuer_are_asked_for_when_configured() {
    let rules = |audiences: &[&str], issuers: &[&str]| TokenRules {
        audiences: audiences.iter().map(|name| (*name).to_owned()).collect(),
        issuers: issuers.iter().map(|name| (*name).to_owned()).collect(),
    };
    let aud = |claims: &str| judged(&format!("{{{EXP}{claims}}}"), rules(&["a", "b"], &[])).map(|_| ());
    for good in [r#","aud":"a""#, r#","aud":"b""#, r#","aud":["x","b"]"#, r#","aud":["a","a"]"#] {
        assert_eq!(aud(good), Ok(()), "{good}");
    }
    for other in [
        "",
        r#","aud":"c""#,
        r#","aud":"A""#,
        r#","aud":"a ""#,
        r#","aud":[]"#,
        r#","aud":["x"]"#,
        r#","aud":"""#,
    ] {
        assert_eq!(aud(other), Err(TokenError::Audience), "{other}");
    }
    for wrong in
        [r#","aud":7"#, r#","aud":null"#, r#","aud":["a",7]"#, r#","aud":{"a":1}"#, r#","aud":[["a"]]"#]
    {
        assert_eq!(aud(wrong), Err(claim("aud", ClaimProblem::Texts)), "{wrong}");
    }
    let iss = |claims: &str| judged(&format!("{{{EXP}{claims}}}"), rules(&[], &["i"])).map(|_| ());
    assert_eq!(iss(r#","iss":"i""#), Ok(()));
    assert_eq!(iss(r#","iss":"j""#), Err(TokenError::Issuer));
    assert_eq!(iss(""), Err(TokenError::Issuer));
    assert_eq!(iss(r#","iss":false"#), Err(claim("iss", ClaimProblem::Texts)));
    // Not asked for: not looked at.
    assert!(with(r#""aud":7,"iss":[]"#).is_ok());
}

#[test]
fn without_rights_of_its_own_a_token_reaches_its_subject() {
    let user = User::parse("GABC").unwrap();
    let grant = with(r#""sub":"GABC""#).unwrap();
    assert_eq!(grant.subject, Some(user.clone()));
    assert_eq!(grant.reach, Reach::topics(vec![], vec![user]));
    assert!(grant.own && !grant.publish && !grant.admin);
    for nobody in ["", r#""sub":"""#, r#""sub":"a,b""#, r#""sub":"two words""#, r#""sub":"Ж""#] {
        let grant = with(nobody).unwrap();
        assert_eq!((grant.subject, grant.reach, grant.own), (None, Reach::NOTHING, true), "{nobody}");
    }
    for wrong in ["7", "null", "[\"GABC\"]", "{}"] {
        assert_eq!(with(&format!(r#""sub":{wrong}"#)), Err(claim("sub", ClaimProblem::Text)), "{wrong}");
    }
}

#[test]
fn rights_are_those_named_and_no_others() {
    let grant = |tailwire: &str| with(&format!(r#""sub":"GABC","tailwire":{tailwire}"#)).unwrap();
    let rights = |grant: &Grant| (grant.reach.clone(), grant.publish, grant.admin, grant.own);
    assert_eq!(
        rights(&grant("{}")),
        (Reach::NOTHING, false, false, false),
        "sub adds nothing to a claim of ours"
    );
    assert_eq!(rights(&grant(r#"{"publish":true}"#)), (Reach::NOTHING, true, false, false));
    assert_eq!(rights(&grant(r#"{"publish":false,"admin":true}"#)), (Reach::NOTHING, false, true, false));
    assert_eq!(rights(&grant(r#"{"subscribe":{}}"#)), (Reach::NOTHING, false, false, false));
    assert_eq!(rights(&grant(r#"{"subscribe":{"all":true}}"#)), (Reach::All, false, false, false));
    assert_eq!(grant(r#"{"subscribe":{"all":false,"streams":[]}}"#).reach, Reach::NOTHING);

    let stream = |id| StreamId::parse(id).unwrap();
    let some =
        grant(r#"{"subscribe":{"streams":[7,"7","pay:1",18446744073709551615],"users":["GB","GA","GB"]}}"#);
    let users = vec![User::parse("GA").unwrap(), User::parse("GB").unwrap()];
    let streams = vec![stream("18446744073709551615"), stream("7"), stream("pay:1")];
    assert_eq!(some.reach, Reach::Topics { streams, users }, "sorted, and 7 is \"7\"");
}

#[test]
fn a_claim_of_ours_that_is_wrong_refuses_the_token() {
    use ClaimProblem as P;
    let cases: [(&str, &'static str, P); 36] = [
        ("null", "tailwire", P::Object),
        ("true", "tailwire", P::Object),
        ("[]", "tailwire", P::Object),
        (r#""all""#, "tailwire", P::Object),
        (r#"{"Publish":true}"#, "tailwire", P::UnknownMember),
        (r#"{"publish":true,"types":["stream.created"]}"#, "tailwire", P::UnknownMember),
        (r#"{"publish":1}"#, "tailwire.publish", P::Switch),
        (r#"{"publish":"true"}"#, "tailwire.publish", P::Switch),
        (r#"{"publish":null}"#, "tailwire.publish", P::Switch),
        (r#"{"publish":[true]}"#, "tailwire.publish", P::Switch),
        (r#"{"admin":"yes"}"#, "tailwire.admin", P::Switch),
        (r#"{"subscribe":null}"#, "tailwire.subscribe", P::Object),
        (r#"{"subscribe":true}"#, "tailwire.subscribe", P::Object),
        (r#"{"subscribe":["all"]}"#, "tailwire.subscribe", P::Object),
        (r#"{"subscribe":{"stream":[7]}}"#, "tailwire.subscribe", P::UnknownMember),
        (r#"{"subscribe":{"all":true,"streams":[7]}}"#, "tailwire.subscribe", P::AllAndTopics),
        (r#"{"subscribe":{"all":true,"users":[]}}"#, "tailwire.subscribe", P::AllAndTopics),
        (r#"{"subscribe":{"all":1}}"#, "tailwire.subscribe.all", P::Switch),
        (r#"{"subscribe":{"all":null}}"#, "tailwire.subscribe.all", P::Switch),
        (r#"{"subscribe":{"streams":7}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":null}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[null]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[7.0]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[-7]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[18446744073709551616]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":["07"]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":["a,b"]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":["*"]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[""]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"streams":[7,[8]]}}"#, "tailwire.subscribe.streams", P::Streams),
        (r#"{"subscribe":{"users":"GA"}}"#, "tailwire.subscribe.users", P::Users),
        (r#"{"subscribe":{"users":[7]}}"#, "tailwire.subscribe.users", P::Users),
        (r#"{"subscribe":{"users":["GA,GB"]}}"#, "tailwire.subscribe.users", P::Users),
        (r#"{"subscribe":{"users":["G A"]}}"#, "tailwire.subscribe.users", P::Users),
        (r#"{"subscribe":{"users":["G\u0000"]}}"#, "tailwire.subscribe.users", P::Users),
        (r#"{"subscribe":{"users":[""]}}"#, "tailwire.subscribe.users", P::Users),
    ];
    for (tailwire, name, problem) in cases {
        let outcome = with(&format!(r#""sub":"GABC","tailwire":{tailwire}"#));
        assert_eq!(outcome, Err(claim(name, problem)), "{tailwire}");
    }
    let many =
        |count| format!(r#""tailwire":{{"subscribe":{{"streams":[{}]}}}}"#, vec!["7"; count].join(","));
    assert!(with(&many(limits::FILTER_TERMS_MAX)).is_ok());
    let outcome = with(&many(limits::FILTER_TERMS_MAX + 1));
    assert_eq!(outcome, Err(claim("tailwire.subscribe.streams", ClaimProblem::TooMany)));
}

#[test]
fn claims_are_read_in_one_way_only() {
    let deep = format!(r#""x":{}{}"#, "[".repeat(1500), "]".repeat(1500));
    for text in [
        r#""exp":1800000000"#,
        r#""\u0065xp":1800000000"#,
        r#""sub":"GA","sub":"GB""#,
        r#""x":1,"x":1"#,
        r#""tailwire":{"publish":false,"publish":true}"#,
        r#""tailwire":{"subscribe":{"streams":[7],"streams":[8]}}"#,
        r#""x":[{"y":1,"y":2}]"#,
        r#""x":1e400"#,
        r#""x":"\ud800""#,
        r#""x":NaN"#,
        &deep,
    ] {
        assert_eq!(with(text), Err(TokenError::Malformed(Malformation::Claims)), "{text}");
    }
    for text in ["", "null", "[]", "\"exp\"", "{", "{}{}", "{\"exp\":1700000060}x"] {
        assert_eq!(granted(text), Err(TokenError::Malformed(Malformation::Claims)), "{text}");
    }
    // At the bound and one over it: the claims themselves are the first level.
    let nested = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    assert!(with(&nested(limits::JSON_DEPTH_MAX - 1)).is_ok());
    assert!(with(&nested(limits::JSON_DEPTH_MAX)).is_err());
}
