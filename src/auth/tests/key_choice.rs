//! Which keys a token is tried with: its algorithm's, of its name; without a name, those without one.

use crate::auth::tests::support::{NOW_S, SECRET, key, material, pem, secret, verifier};
use crate::auth::{Claims, KeyContent, KeyMaterial, SharedVerifier, TokenError};

const OTHER: &[u8] = b"another secret of the tests, also long enough";

fn hmac(kid: Option<&str>, secret: &[u8]) -> KeyMaterial {
    material(kid, KeyContent::Secret(secret.to_vec()))
}

fn token(kid: Option<&str>) -> String {
    let claims = Claims { all: true, expires_s: NOW_S + 60, ..Claims::default() };
    secret().token(kid, &claims).unwrap()
}

#[test]
fn the_rule_case_by_case() {
    type Case = (&'static str, Vec<KeyMaterial>, Option<&'static str>, Result<(), TokenError>);
    let cases: Vec<Case> = vec![
        ("the named key", vec![hmac(Some("a"), SECRET), hmac(Some("b"), OTHER)], Some("a"), Ok(())),
        (
            "another name, though its key would verify",
            vec![hmac(Some("a"), SECRET), hmac(Some("b"), OTHER)],
            Some("b"),
            Err(TokenError::Signature),
        ),
        ("no such name", vec![hmac(Some("a"), SECRET)], Some("z"), Err(TokenError::UnknownKey)),
        ("a name, and keys without", vec![hmac(None, SECRET)], Some("a"), Err(TokenError::UnknownKey)),
        (
            "names are told apart by case",
            vec![hmac(Some("a"), SECRET)],
            Some("A"),
            Err(TokenError::UnknownKey),
        ),
        ("no name, one key without", vec![hmac(None, SECRET), hmac(Some("b"), OTHER)], None, Ok(())),
        ("no name, several keys without", vec![hmac(None, OTHER), hmac(None, SECRET)], None, Ok(())),
        ("no name, the only key has one", vec![hmac(Some("a"), SECRET)], None, Ok(())),
        (
            "the only one of the algorithm",
            vec![hmac(Some("a"), SECRET), pem(Some("r"), key!("rsa.public"))],
            None,
            Ok(()),
        ),
        (
            "no name, several named keys",
            vec![hmac(Some("a"), SECRET), hmac(Some("b"), OTHER)],
            None,
            Err(TokenError::KeyNotNamed),
        ),
        (
            "no name: keys with names are not tried where there are keys without",
            vec![hmac(Some("a"), SECRET), hmac(None, OTHER)],
            None,
            Err(TokenError::Signature),
        ),
        (
            "the name of a key for another algorithm",
            vec![pem(Some("a"), key!("rsa.public")), hmac(Some("b"), SECRET)],
            Some("a"),
            Err(TokenError::UnknownKey),
        ),
        (
            "one name for two algorithms",
            vec![pem(Some("a"), key!("rsa.public")), hmac(Some("a"), SECRET)],
            Some("a"),
            Ok(()),
        ),
    ];
    for (name, keys, kid, expected) in cases {
        assert_eq!(verifier(keys).verify(&token(kid), NOW_S).map(|_| ()), expected, "{name}");
    }
}

#[test]
fn keys_can_be_exchanged_while_tokens_are_verified() {
    let shared = SharedVerifier::new(verifier(vec![hmac(None, SECRET)]));
    let token = token(None);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..300 {
                    let outcome = shared.verify(&token, NOW_S).map(|_| ());
                    assert!(matches!(outcome, Ok(()) | Err(TokenError::Signature)), "{outcome:?}");
                }
            });
        }
        for round in 0..100 {
            let secret = if round % 2 == 0 { OTHER } else { SECRET };
            shared.replace(verifier(vec![hmac(None, secret)]));
        }
    });
    assert!(shared.verify(&token, NOW_S).is_ok());
    shared.replace(verifier(vec![hmac(None, OTHER)]));
    assert_eq!(shared.verify(&token, NOW_S), Err(TokenError::Signature), "the old key is good no more");
}
