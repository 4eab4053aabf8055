//! Nothing that is printed about keys and tokens holds any of them.

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::auth::tests::support::{NOW_S, SECRET, key, material, pem, secret, secret_key, verifier};
use crate::auth::{Claims, KeyContent, KeySet, SharedVerifier, Tickets, credentials};

/// Whether any 8 bytes of `hidden` stand in `text`, as they are, as numbers, in hexadecimal or in base64.
fn shows(text: &str, hidden: &[u8]) -> bool {
    hidden.windows(8).any(|part| {
        let numbers = format!("{part:?}");
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = String::from_utf8_lossy(part).into_owned();
        let spelt = [plain, numbers[1..numbers.len() - 1].to_owned(), hex];
        spelt.iter().any(|spelling| text.contains(spelling.as_str()))
    }) || [STANDARD.encode(hidden), URL_SAFE_NO_PAD.encode(hidden)]
        .iter()
        .any(|all| text.contains(all.as_str()))
}

fn check(value: &dyn Debug, hidden: &[u8]) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shows(&text, hidden), "{text}");
    }
}

#[test]
fn debug_shows_no_key() {
    assert!(shows(&format!("{SECRET:?}"), SECRET) && shows(&String::from_utf8_lossy(SECRET), SECRET));
    check(&secret_key(), SECRET);
    check(&KeyContent::Secret(SECRET.to_vec()), SECRET);
    check(&KeySet::parse(vec![secret_key()]).unwrap(), SECRET);
    check(&verifier(vec![secret_key()]), SECRET);
    check(&SharedVerifier::new(verifier(vec![secret_key()])), SECRET);
    check(&secret(), SECRET);
    let jwks = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, URL_SAFE_NO_PAD.encode(SECRET));
    let jwks = || material(None, KeyContent::Jwks(jwks.as_bytes().to_vec()));
    check(&jwks(), SECRET);
    check(&KeySet::parse(vec![jwks()]).unwrap(), SECRET);
    check(&pem(None, key!("ec.private")), key!("ec.private"));
}

#[test]
fn errors_show_no_key() {
    let short = b"only-thirty-one-bytes-of-secret".to_vec();
    let error = KeySet::parse(vec![material(None, KeyContent::Secret(short.clone()))]).unwrap_err();
    assert!(!shows(&error.to_string(), &short) && !shows(&format!("{error:?}"), &short));
    let error = KeySet::parse(vec![pem(None, key!("ec.private"))]).unwrap_err();
    assert!(!shows(&format!("{error} {error:?}"), key!("ec.private")));
    let jwks = format!(r#"{{"keys":[{{"kty":"oct","k":"{}" x}}]}}"#, URL_SAFE_NO_PAD.encode(SECRET));
    let error = KeySet::parse(vec![material(None, KeyContent::Jwks(jwks.into_bytes()))]).unwrap_err();
    assert!(!shows(&format!("{error} {error:?}"), SECRET));
}

#[test]
fn grants_tickets_and_credentials_show_no_token() {
    let claims = Claims { all: true, expires_s: NOW_S, ..Claims::default() };
    let token = secret().token(None, &claims).unwrap();
    let grant = verifier(vec![secret_key()]).verify(&token, NOW_S).unwrap();
    check(&grant, token.as_bytes());
    let tickets = Tickets::new();
    let ticket = tickets.issue(grant.into(), [9; 32], 0).unwrap();
    check(&tickets, ticket.as_bytes());
    let bearer = format!("Bearer {token}");
    check(&credentials(&[&bearer], &[], &[&ticket]).unwrap(), token.as_bytes());
    check(&credentials(&[&bearer], &[], &[&ticket]).unwrap(), ticket.as_bytes());
    check(&tickets.take(&ticket, 0).unwrap(), ticket.as_bytes());
}
