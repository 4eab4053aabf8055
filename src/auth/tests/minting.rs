//! Tokens that are made say what was asked for, and are readable without a key.

use zeroize::Zeroizing;

use crate::auth::tests::support::{NOW_S, key, secret, secret_key, verifier};
use crate::auth::{Claims, KeyProblem, Reach, SigningKey, TokenError, Unverified};
use crate::topic::{StreamId, User};

#[test]
fn a_token_holds_what_it_was_made_with() {
    let claims = Claims {
        subject: Some(User::parse(r#"G"\A"#).unwrap()),
        audiences: vec!["a".to_owned(), "\"b\"".to_owned()],
        issuer: Some("i".to_owned()),
        issued_s: NOW_S - 5,
        not_before_s: Some(NOW_S - 4),
        expires_s: NOW_S + 60,
        streams: vec![StreamId::from_number(7)],
        users: vec![User::parse("GB").unwrap()],
        publish: true,
        ..Claims::default()
    };
    let token = secret().token(Some("k"), &claims).unwrap();
    let read = Unverified::read(&token).unwrap();
    assert_eq!(read.header, r#"{"alg":"HS256","typ":"JWT","kid":"k"}"#);
    assert_eq!(
        read.claims,
        format!(
            r#"{{"sub":"G\"\\A","aud":["a","\"b\""],"iss":"i","nbf":{},"iat":{},"exp":{},"#,
            NOW_S - 4,
            NOW_S - 5,
            NOW_S + 60
        ) + r#""tailwire":{"subscribe":{"streams":["7"],"users":["GB"]},"publish":true}}"#
    );
    assert_eq!((read.issued_s, read.not_before_s), (Some(NOW_S - 5), Some(NOW_S - 4)));
    let token = secret().token(None, &claims).unwrap();
    let grant = verifier(vec![secret_key()]).verify(&token, NOW_S).unwrap();
    assert_eq!((grant.subject, grant.publish, grant.admin), (claims.subject, true, false));
    assert_eq!(grant.reach, Reach::topics(claims.streams, claims.users));
}

#[test]
fn without_a_right_there_is_no_claim_of_ours() {
    let claims = Claims { subject: User::parse("GA").ok(), expires_s: NOW_S, ..Claims::default() };
    let token = secret().token(None, &claims).unwrap();
    assert_eq!(Unverified::read(&token).unwrap().claims, format!(r#"{{"sub":"GA","iat":0,"exp":{NOW_S}}}"#));
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    let pem = |pem: &[u8]| SigningKey::from_pem(Zeroizing::new(pem.to_vec())).unwrap_err();
    assert_eq!(pem(key!("rsa.public")), KeyProblem::NotPrivate);
    assert_eq!(pem(key!("ec.sec1.private")), KeyProblem::NotPrivate);
    assert_eq!(pem(key!("certificate")), KeyProblem::NotPrivate);
    assert_eq!(
        pem(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        KeyProblem::NotPrivate
    );
    assert_eq!(pem(b"no"), KeyProblem::NotPem);
    let short = SigningKey::from_secret(Zeroizing::new(b"short".to_vec())).unwrap_err();
    assert_eq!(short, KeyProblem::ShortSecret);
    assert_eq!(secret().token(Some("a b"), &Claims::default()).unwrap_err(), KeyProblem::KeyId);
}

#[test]
fn what_cannot_be_read_is_said_so() {
    for text in ["", "a.b", "a.b.c.d", "!.!.!", "e30.W10.x"] {
        assert!(matches!(Unverified::read(text), Err(TokenError::Malformed(_))), "{text}");
    }
    assert!(Unverified::read("eyJhbGciOiJub25lIn0.e30.").is_ok(), "looking at a bad token is no harm");
}
