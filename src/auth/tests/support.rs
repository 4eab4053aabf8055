//! Keys, tokens and verifiers for the tests. The keys are in `keys/`, for tests alone.

use zeroize::Zeroizing;

use crate::auth::{Grant, KeyContent, KeyMaterial, KeySet, SigningKey, TokenError, TokenRules, Verifier};

pub(super) const SECRET: &[u8] = b"Quijibo-zymurgy-8351-vexing-flapjack-mud";
/// The time at which tests verify.
pub(super) const NOW_S: u64 = 1_700_000_000;

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("keys/", $name, ".pem"))
    };
}
pub(super) use key;

pub(super) fn secret() -> SigningKey {
    SigningKey::from_secret(Zeroizing::new(SECRET.to_vec())).unwrap()
}

pub(super) fn private(pem: &[u8]) -> SigningKey {
    SigningKey::from_pem(Zeroizing::new(pem.to_vec())).unwrap()
}

pub(super) fn material(kid: Option<&str>, content: KeyContent) -> KeyMaterial {
    KeyMaterial { kid: kid.map(str::to_owned), place: "the test".to_owned(), content }
}

pub(super) fn secret_key() -> KeyMaterial {
    material(None, KeyContent::Secret(SECRET.to_vec()))
}

pub(super) fn pem(kid: Option<&str>, pem: &[u8]) -> KeyMaterial {
    material(kid, KeyContent::PublicPem(pem.to_vec()))
}

pub(super) fn verifier(materials: Vec<KeyMaterial>) -> Verifier {
    Verifier::new(KeySet::parse(materials).unwrap(), TokenRules::default())
}

/// Verifies a token with these claims that is well signed with the secret.
pub(super) fn granted(claims: &str) -> Result<Grant, TokenError> {
    judged(claims, TokenRules::default())
}

pub(super) fn judged(claims: &str, rules: TokenRules) -> Result<Grant, TokenError> {
    let token = secret().sign(br#"{"alg":"HS256"}"#, claims.as_bytes()).unwrap();
    Verifier::new(KeySet::parse(vec![secret_key()]).unwrap(), rules).verify(&token, NOW_S)
}
