//! Keys and tokens of the tests, made apart from the server's own code: what the server takes for a good token is what
//! another library signs.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};

use super::client::{Answer, post_with};

pub const SECRET: &str = "a secret of the tests that is long enough";
/// Seconds for which the server takes a token that has expired.
pub const LEEWAY_S: u64 = 30;

/// The rights of a token that may everything.
pub const MASTER: &str = r#"{"subscribe":{"all":true},"publish":true,"admin":true}"#;

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Writes a file of the test's own, and gives its path.
pub fn file(directory: &Path, name: &str, content: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, content).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// The flags of a server with `SECRET`.
pub fn with_secret(directory: &Path) -> [String; 2] {
    ["--jwt-secret-file".to_owned(), file(directory, "secret", SECRET)]
}

/// Claims of a token good for ten minutes. `rights`: the claim `tailwire`; empty: none.
pub fn claims(subject: &str, rights: &str) -> String {
    claims_until(now_s() + 600, subject, rights)
}

pub fn claims_until(expires_s: u64, subject: &str, rights: &str) -> String {
    let rights = if rights.is_empty() { String::new() } else { format!(",\"tailwire\":{rights}") };
    format!("{{\"sub\":\"{subject}\",\"exp\":{expires_s}{rights}}}")
}

/// A token with any header and claims, signed by `secret` as HS256 whatever the header says.
pub fn hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    signed(header, claims, &EncodingKey::from_secret(secret), Algorithm::HS256)
}

/// The same by an RSA key.
pub fn rs256(header: &str, claims: &str, private_pem: &str) -> String {
    let key = EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap();
    signed(header, claims, &key, Algorithm::RS256)
}

fn signed(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = unsigned(header, claims);
    let signature = sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// Header and claims without a signature.
pub fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A token that a server with `SECRET` takes.
pub fn token(subject: &str, rights: &str) -> String {
    hs256(r#"{"alg":"HS256"}"#, &claims(subject, rights), SECRET.as_bytes())
}

/// A token that is good for so many seconds from now on, the leeway included.
pub fn token_for(seconds: u64, subject: &str, rights: &str) -> String {
    let claims = claims_until(now_s() + seconds - LEEWAY_S, subject, rights);
    hs256(r#"{"alg":"HS256"}"#, &claims, SECRET.as_bytes())
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Publishes one event by a token that may.
pub fn publish_by(token: &str, address: SocketAddr, event: &str) -> Answer {
    let fields = [("Content-Type", "application/json"), ("Authorization", &bearer(token))];
    let answer = post_with(address, "/events", &fields, event);
    assert_eq!(answer.status, 201, "{event} was answered {answer:?}");
    answer
}
