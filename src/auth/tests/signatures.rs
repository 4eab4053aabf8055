//! A token of each algorithm is verified with its key, and with no other.

use crate::auth::tests::support::{NOW_S, key, material, pem, private, secret, secret_key, verifier};
use crate::auth::{Claims, KeyContent, KeyMaterial, SigningKey, TokenError};

fn token(key: &SigningKey, kid: Option<&str>) -> String {
    let claims = Claims { all: true, expires_s: NOW_S + 60, ..Claims::default() };
    key.token(kid, &claims).unwrap()
}

/// An algorithm, a key that signs by it and the one that verifies.
type Pair = (&'static str, SigningKey, fn() -> KeyMaterial);

fn pairs() -> Vec<Pair> {
    vec![
        ("HS256", secret(), secret_key),
        ("RS256", private(key!("rsa.private")), || pem(None, key!("rsa.public"))),
        ("ES256", private(key!("ec.private")), || pem(None, key!("ec.public"))),
        ("EdDSA", private(key!("ed25519.private")), || pem(None, key!("ed25519.public"))),
    ]
}

#[test]
fn each_algorithm_verifies_with_its_own_key_alone() {
    for (signed, signing, _) in pairs() {
        assert_eq!(signing.algorithm(), signed);
        let token = token(&signing, None);
        for (verifies, _, verifying) in pairs() {
            let outcome = verifier(vec![verifying()]).verify(&token, NOW_S);
            match signed == verifies {
                true => assert!(outcome.is_ok(), "{signed}: {outcome:?}"),
                false => assert_eq!(outcome, Err(TokenError::NoKeyOfAlgorithm), "{signed} by {verifies}"),
            }
        }
        let all = pairs().into_iter().map(|(_, _, verifying)| verifying()).collect();
        assert!(verifier(all).verify(&token, NOW_S).is_ok(), "{signed} among all");
    }
}

#[test]
fn another_key_of_the_same_algorithm_verifies_nothing() {
    let other = material(None, KeyContent::Secret(vec![7; 32]));
    assert_eq!(verifier(vec![other]).verify(&token(&secret(), None), NOW_S), Err(TokenError::Signature));
    let signed = token(&private(key!("rsa2.private")), None);
    assert_eq!(
        verifier(vec![pem(None, key!("rsa.public"))]).verify(&signed, NOW_S),
        Err(TokenError::Signature)
    );
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    for (name, signing, verifying) in pairs() {
        let verifier = verifier(vec![verifying()]);
        let token = token(&signing, None);
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verifier.verify(&changed, NOW_S).is_err(), "{name}: byte {place} of {token}");
            assert!(verifier.verify(&token[..place], NOW_S).is_err(), "{name}: cut at {place}");
        }
        for behind in ["=", ".", " ", "\n", "A", "\0"] {
            assert!(
                verifier.verify(&format!("{token}{behind}"), NOW_S).is_err(),
                "{name}: {behind:?} behind"
            );
        }
    }
}

/// RFC 7515, appendix A.1: a token, its key and its claims, by another hand. Its `exp` was in 2011.
#[test]
fn the_token_of_the_rfc_verifies() {
    let jwks = concat!(
        r#"{"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i"#,
        r#"PS4hcgUuTwjAzZr1Z9CAow"}]}"#
    );
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                 eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                 dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let verifier = verifier(vec![material(None, KeyContent::Jwks(jwks.as_bytes().to_vec()))]);
    assert!(verifier.verify(token, 1_300_819_379).is_ok());
    assert_eq!(verifier.verify(token, 1_300_819_380 + 30), Err(TokenError::Expired { ago_s: 30 }));
}
