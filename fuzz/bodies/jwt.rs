//! Tokens and where a request carries them: what is granted is what the claims say by the word of another reader, for
//! no longer than they say, and only over our signature.
//!
//! Input: lines. The first two are a token's header and claims, which are signed here; those behind begin with `a`, `c`
//! or `q`: an `Authorization` field, a `Cookie` field, a `token` in the query. All of it is also tried as a token, as a
//! key in PEM and as a set of keys.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tailwire::auth::{
    Credential, Grant, KeyContent, KeyMaterial, KeySet, Reach, Right, SigningKey, TokenRules, Verifier,
    credentials,
};
use tailwire::limits::{FILTER_TERMS_MAX, TOKEN_LEEWAY_S};
use tailwire::topic::{StreamId, User};
use zeroize::Zeroizing;

use crate::plain::{Plain, read};

const NOW_S: u64 = 1_700_000_000;
const SECRET: &[u8] = b"a secret of the fuzzer, long enough for HS256";
const PRIVATE: &[u8] = include_bytes!("../../src/auth/tests/keys/ed25519.private.pem");
const PUBLIC: &[u8] = include_bytes!("../../src/auth/tests/keys/ed25519.public.pem");

struct Keys {
    signing: [SigningKey; 2],
    /// Without rules, and with an audience and an issuer.
    verifiers: [Verifier; 2],
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let set = || {
            let secret = material(None, KeyContent::Secret(SECRET.to_vec()));
            let public = material(Some("ed"), KeyContent::PublicPem(PUBLIC.to_vec()));
            KeySet::parse(vec![secret, public]).expect("good keys")
        };
        let rules = TokenRules { audiences: vec!["tw".to_owned()], issuers: vec!["us".to_owned()] };
        let secret = SigningKey::from_secret(Zeroizing::new(SECRET.to_vec())).expect("a good secret");
        let private = SigningKey::from_pem(Zeroizing::new(PRIVATE.to_vec())).expect("a good key");
        let verifiers = [Verifier::new(set(), TokenRules::default()), Verifier::new(set(), rules)];
        Keys { signing: [secret, private], verifiers }
    })
}

fn material(kid: Option<&str>, content: KeyContent) -> KeyMaterial {
    KeyMaterial { kid: kid.map(str::to_owned), place: "the fuzzer".to_owned(), content }
}

pub(crate) fn run(data: &[u8]) {
    for content in [KeyContent::Jwks(data.to_vec()), KeyContent::PublicPem(data.to_vec())] {
        if let Err(error) = KeySet::parse(vec![material(None, content)]) {
            clean(&error.to_string());
        }
    }
    if let Ok(token) = std::str::from_utf8(data) {
        for verifier in &keys().verifiers {
            match verifier.verify(token, NOW_S) {
                Ok(_) => ours(token),
                Err(error) => clean(&error.to_string()),
            }
        }
    }
    let mut lines = data.split(|byte| *byte == b'\n');
    let (header, claims) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    signed(header, claims);
    find(&lines.filter_map(|line| std::str::from_utf8(line).ok()).collect::<Vec<_>>());
}

/// A token that is taken bears the signature of one of our keys, and no other spelling of it.
fn ours(token: &str) {
    let parts: Vec<&str> = token.split('.').collect();
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("it was taken");
    let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
    let again = |key: &SigningKey| key.sign(&header, &claims).expect("a good key");
    assert!(keys().signing.iter().any(|key| again(key) == token), "a token that nobody signed: {token}");
}

fn signed(header: &[u8], claims: &[u8]) {
    for key in &keys().signing {
        let token = key.sign(header, claims).expect("a good key signs anything");
        for (verifier, rules) in keys().verifiers.iter().zip([false, true]) {
            match verifier.verify(&token, NOW_S) {
                Ok(grant) => {
                    check(&grant, key, header, claims, rules);
                    changed(verifier, &token, claims.len());
                }
                Err(error) => clean(&error.to_string()),
            }
        }
    }
}

/// Any other character at any place makes it another token, which is refused.
fn changed(verifier: &Verifier, token: &str, seed: usize) {
    for at in [seed % token.len(), (seed * 7 + 3) % token.len(), token.len() - 1] {
        let mut other = token.as_bytes().to_vec();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).expect("ASCII");
        assert!(verifier.verify(&other, NOW_S).is_err(), "character {at} has no meaning: {token}");
        assert!(verifier.verify(&token[..at], NOW_S).is_err(), "cut at {at}: {token}");
    }
}

/// What is granted, by the letter of docs/api.md.
fn check(grant: &Grant, key: &SigningKey, header: &[u8], claims: &[u8], rules: bool) {
    let (header, claims) = (read(header).expect("a header"), read(claims).expect("claims"));
    assert_eq!(member(&header, "alg"), Some(&Plain::Text(key.algorithm().to_owned())));
    assert_eq!(member(&header, "crit"), None);
    let name = if key.algorithm() == "HS256" { None } else { Some(Plain::Text("ed".to_owned())) };
    // The only key of its algorithm need not be named.
    assert!(
        member(&header, "kid").is_none() || member(&header, "kid") == name.as_ref(),
        "another key is named"
    );
    let Some(Plain::Number(exp)) = member(&claims, "exp") else { panic!("without an end: {claims:?}") };
    assert_eq!(grant.expires_s, exp + TOKEN_LEEWAY_S);
    assert!(grant.expires_s > NOW_S, "it has expired");
    let begun = |time: &Plain| matches!(time, Plain::Number(time) if *time <= NOW_S + TOKEN_LEEWAY_S);
    assert!(member(&claims, "nbf").is_none_or(begun), "it is not valid yet");
    let says = |claim: &str, wanted: &str| match member(&claims, claim) {
        Some(Plain::Text(text)) => text == wanted,
        Some(Plain::Array(items)) => items.contains(&Plain::Text(wanted.to_owned())),
        _ => false,
    };
    assert!(!rules || says("aud", "tw") && says("iss", "us"), "for others, or from others");
    let ours = member(&claims, "tailwire");
    let on = |object: Option<&Plain>, name: &str| {
        object.and_then(|object| member(object, name)) == Some(&Plain::Bool(true))
    };
    let subscribe = ours.and_then(|ours| member(ours, "subscribe"));
    assert_eq!(grant.publish, on(ours, "publish"));
    assert_eq!(grant.admin, on(ours, "admin"));
    assert_eq!(grant.own, ours.is_none());
    assert_eq!(grant.reach == Reach::All, on(subscribe, "all"));
    let Reach::Topics { streams, users } = &grant.reach else { return };
    assert!(streams.len() <= FILTER_TERMS_MAX && users.len() <= FILTER_TERMS_MAX);
    let named = |name: &str, text: &str| match subscribe.and_then(|subscribe| member(subscribe, name)) {
        Some(Plain::Array(items)) => items.iter().any(|item| match item {
            Plain::Text(item) => item == text,
            Plain::Number(item) => name == "streams" && item.to_string() == text,
            _ => false,
        }),
        _ => false,
    };
    let own =
        |user: &User| grant.own && member(&claims, "sub") == Some(&Plain::Text(user.as_str().to_owned()));
    assert!(streams.iter().all(|stream| named("streams", stream.as_str())), "{streams:?}");
    assert!(users.iter().all(|user| named("users", user.as_str()) || own(user)), "{users:?}");
    allowed(grant, streams, users);
}

/// The member of this name.
fn member<'p>(object: &'p Plain, name: &str) -> Option<&'p Plain> {
    let Plain::Object(members) = object else { return None };
    members.iter().find(|member| member.0 == name).map(|member| &member.1)
}

/// The rule of rights: what is granted and nothing beside it.
fn allowed(grant: &Grant, streams: &[StreamId], users: &[User]) {
    let may = |all, streams: &[StreamId], users: &[User]| {
        grant.allows(&Right::Read { all, streams, users }).is_ok()
    };
    let (other, stranger) =
        (StreamId::from_number(u64::MAX - 1), User::parse("Nobody").expect("a good name"));
    assert!(!may(true, &[], &[]) && !may(false, &[], &[]) && !may(true, streams, users));
    assert_eq!(may(false, streams, users), !(streams.is_empty() && users.is_empty()));
    if !streams.contains(&other) {
        assert!(!may(false, &[streams, &[other]].concat(), users));
    }
    if !users.contains(&stranger) {
        assert!(!may(false, streams, &[users, &[stranger]].concat()));
    }
    assert_eq!(grant.allows(&Right::Publish).is_ok(), grant.publish);
    assert_eq!(grant.allows(&Right::Admin).is_ok(), grant.admin);
}

/// A credential is never passed over, never made up, and stands wherever it is looked for.
fn find(lines: &[&str]) {
    let of = |mark: char| lines.iter().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>();
    let (fields, cookies, query) = (of('a'), of('c'), of('q'));
    let found = credentials(&fields, &cookies, &query);
    let there = |text: &str| fields.iter().chain(&cookies).chain(&query).any(|field| field.contains(text));
    match found {
        Ok(None) => assert!(fields.is_empty() && query.is_empty(), "a credential is passed over"),
        Ok(Some(Credential::Token(token))) => assert!(!token.is_empty() && there(token)),
        Ok(Some(Credential::Ticket { ticket, beside })) => {
            assert!(query.contains(&ticket) && beside.is_none_or(there));
        }
        Err(error) => clean(&error.to_string()),
    }
    let again = credentials(&twice(&fields), &twice(&cookies), &twice(&query));
    match (found, again) {
        (Ok(found), Ok(again)) => assert!(found == again, "twice is another"),
        (found, again) => assert!(found.is_err() && again.is_err(), "twice is another"),
    }
}

/// In the other order and then as they came.
fn twice<'a>(list: &[&'a str]) -> Vec<&'a str> {
    list.iter().rev().chain(list).copied().collect()
}

fn clean(text: &str) {
    assert!(!text.chars().any(|letter| letter.is_ascii_control()), "{text:?}");
}
