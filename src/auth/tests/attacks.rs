//! Known attacks on JWT, each of which another implementation has fallen for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};

use crate::auth::tests::support::{NOW_S, SECRET, key, pem, private, secret, secret_key, verifier};
use crate::auth::{Malformation, TokenError};
use crate::limits;

const CLAIMS: &str =
    r#"{"exp":1700000060,"tailwire":{"subscribe":{"all":true},"publish":true,"admin":true}}"#;

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// What a server with a secret and an RSA key says to a token of this header that is well signed with the secret.
fn refusal(header: &str) -> TokenError {
    let token = secret().sign(header.as_bytes(), CLAIMS.as_bytes()).unwrap();
    verifier(vec![secret_key(), pem(None, key!("rsa.public"))]).verify(&token, NOW_S).unwrap_err()
}

#[test]
fn the_claims_of_these_tests_are_good_ones() {
    let token = secret().sign(br#"{"alg":"HS256"}"#, CLAIMS.as_bytes()).unwrap();
    assert!(verifier(vec![secret_key()]).verify(&token, NOW_S).is_ok());
}

#[test]
fn an_unsigned_token_is_none() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", "AA"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
            let token = format!("{}.{}.{signature}", encoded(&header), encoded(CLAIMS));
            let outcome = verifier(vec![secret_key()]).verify(&token, NOW_S);
            assert_eq!(outcome, Err(TokenError::Algorithm), "{alg} {signature}");
        }
    }
    // The signature cut off, or an empty one, under a header that is all right.
    let [header, claims] = [encoded(r#"{"alg":"HS256"}"#), encoded(CLAIMS)];
    let verifier = verifier(vec![secret_key()]);
    assert_eq!(verifier.verify(&format!("{header}.{claims}."), NOW_S), Err(TokenError::Signature));
    let parts = TokenError::Malformed(Malformation::Parts);
    assert_eq!(verifier.verify(&format!("{header}.{claims}"), NOW_S), Err(parts));
}

#[test]
fn algorithms_that_are_no_key_s_are_refused() {
    for alg in
        ["HS384", "HS512", "RS384", "RS512", "PS256", "ES384", "ES256K", "hs256", "HS256 ", "RSA-OAEP", "dir"]
    {
        assert_eq!(refusal(&format!(r#"{{"alg":"{alg}"}}"#)), TokenError::Algorithm, "{alg}");
    }
    for header in [r#"{}"#, r#"{"alg":null}"#, r#"{"alg":256}"#, r#"{"alg":["HS256"]}"#, r#"{"ALG":"HS256"}"#]
    {
        assert_eq!(refusal(header), TokenError::Algorithm, "{header}");
    }
}

/// The public key is known to everybody; as a secret it must open nothing.
#[test]
fn a_public_key_is_no_secret() {
    let public = key!("rsa.public");
    for bytes in [&public[..], public.trim_ascii_end()] {
        let signed = format!("{}.{}", encoded(r#"{"alg":"HS256"}"#), encoded(CLAIMS));
        let forged =
            crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(bytes), Algorithm::HS256).unwrap();
        let token = format!("{signed}.{forged}");
        let rsa_alone = verifier(vec![pem(None, public)]);
        assert_eq!(rsa_alone.verify(&token, NOW_S), Err(TokenError::NoKeyOfAlgorithm));
        let both = verifier(vec![pem(None, public), secret_key()]);
        assert_eq!(both.verify(&token, NOW_S), Err(TokenError::Signature));
        // The same signature under a header that claims RSA.
        let renamed = format!("{}.{}.{forged}", encoded(r#"{"alg":"RS256"}"#), encoded(CLAIMS));
        assert_eq!(both.verify(&renamed, NOW_S), Err(TokenError::Signature));
    }
}

#[test]
fn a_key_that_a_token_brings_along_is_not_believed() {
    let evil = private(key!("rsa2.private"));
    let verifier = verifier(vec![pem(None, key!("rsa.public"))]);
    for extra in [
        r#""jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        r#""jku":"https://evil.example/keys.json""#,
        r#""jku":"file:///etc/passwd""#,
        r#""x5u":"https://evil.example/key.pem""#,
        r#""x5c":["MIIB"]"#,
        r#""x5t":"AAAA""#,
    ] {
        let header = format!(r#"{{"alg":"RS256",{extra}}}"#);
        let token = evil.sign(header.as_bytes(), CLAIMS.as_bytes()).unwrap();
        assert_eq!(verifier.verify(&token, NOW_S), Err(TokenError::Signature), "{extra}");
        let own = private(key!("rsa.private")).sign(header.as_bytes(), CLAIMS.as_bytes()).unwrap();
        assert!(verifier.verify(&own, NOW_S).is_ok(), "{extra} is passed over, not obeyed");
    }
}

#[test]
fn extensions_that_a_token_calls_critical_void_it() {
    for crit in [r#"["exp"]"#, r#"["b64"],"b64":false"#, "[]", "null", r#""exp""#] {
        assert_eq!(refusal(&format!(r#"{{"alg":"HS256","crit":{crit}}}"#)), TokenError::Critical, "{crit}");
    }
}

#[test]
fn a_key_s_name_is_compared_and_never_used() {
    for kid in [
        "../../../../dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "file:///etc/passwd",
        "x'%20UNION%20SELECT%20'secret",
        "$(reboot)",
        "|cat",
    ] {
        assert_eq!(refusal(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)), TokenError::UnknownKey, "{kid}");
    }
    let long = "k".repeat(limits::KEY_ID_MAX + 1);
    for kid in ["", "a b", "a\\nb", "a\\u0000", "\\u001b[2J", "ключ", "\\u2028", &long] {
        assert_eq!(refusal(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)), TokenError::KeyId, "{kid}");
    }
    for kid in ["7", "null", "true", "[\"a\"]", "{}"] {
        assert_eq!(refusal(&format!(r#"{{"alg":"HS256","kid":{kid}}}"#)), TokenError::KeyId, "{kid}");
    }
}

#[test]
fn a_header_is_read_in_one_way_only() {
    let header = TokenError::Malformed(Malformation::Header);
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
    for text in [
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256"} "#.trim_end_matches(' ').strip_suffix('}').unwrap(),
        r#"{"alg":"HS256"}{}"#,
        r#"["HS256"]"#,
        r#""HS256""#,
        "",
        r#"{"alg":"HS256","x":1e999}"#,
        "\u{feff}{\"alg\":\"HS256\"}",
        &deep,
    ] {
        assert_eq!(refusal(text), header, "{text}");
    }
}

#[test]
fn what_is_no_jwt_is_said_to_be_none() {
    let verifier = verifier(vec![secret_key()]);
    let token = secret().sign(br#"{"alg":"HS256"}"#, CLAIMS.as_bytes()).unwrap();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let parts = TokenError::Malformed(Malformation::Parts);
    let base64 = TokenError::Malformed(Malformation::Base64);
    for (text, expected) in [
        (String::new(), parts),
        ("tkt_AAAA".to_owned(), parts),
        (format!("{token}.x"), parts),
        (format!("{token}.x.y"), parts),
        ("..".to_owned(), TokenError::Malformed(Malformation::Header)),
        (format!("{header}=.{claims}.{signature}"), base64),
        (format!("{header}.{claims}.{signature}="), base64),
        (format!("{header}.{claims}.{signature} "), base64),
        (format!("{header}.{claims}.+/{}", &signature[2..]), base64),
        (format!(" {token}"), base64),
        (format!("{header}.{claims}.é{signature}"), base64),
    ] {
        assert_eq!(verifier.verify(&text, NOW_S), Err(expected), "{text}");
    }
    let long = format!("{token}{}", "A".repeat(limits::TOKEN_BYTES_MAX));
    assert_eq!(verifier.verify(&long, NOW_S), Err(TokenError::TooLong));
    let dots = ".".repeat(limits::TOKEN_BYTES_MAX);
    assert_eq!(verifier.verify(&dots, NOW_S), Err(parts));
}

/// ECDSA signatures of zeros verified anything in one library; DER-encoded ones are another spelling.
#[test]
fn degenerate_signatures_are_none() {
    let verifier =
        verifier(vec![pem(None, key!("ec.public")), pem(None, key!("ed25519.public")), secret_key()]);
    for alg in ["ES256", "EdDSA", "HS256"] {
        let signed = format!("{}.{}", encoded(&format!(r#"{{"alg":"{alg}"}}"#)), encoded(CLAIMS));
        for bytes in
            [vec![], vec![0; 1], vec![0; 32], vec![0; 64], vec![0xff; 64], vec![1; 72], SECRET.to_vec()]
        {
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(verifier.verify(&token, NOW_S), Err(TokenError::Signature), "{alg} {}", bytes.len());
        }
    }
}
