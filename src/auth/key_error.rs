//! Why keys cannot be used. Each message names the place, the cause and the cure, and nothing of the key itself.

use crate::auth::key::SECRET_BYTES_MIN;
use crate::limits;

/// Why a set of keys is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("{place}: {problem}")]
    Material { place: String, problem: KeyProblem },
    #[error("{place}: the key \"{kid}\" of the set cannot be used: {problem}")]
    Member { place: String, kid: String, problem: KeyProblem },
    #[error("{place}: the set holds no key that can verify a token{}", because(skipped))]
    NoneUsable { place: String, skipped: Vec<String> },
    #[error(
        "two keys for {algorithm} are both named \"{kid}\" (the second in {place}): give each its own kid"
    )]
    SameName { place: String, kid: String, algorithm: &'static str },
    #[error(
        "more than {} keys for {algorithm} have no kid (the last in {place}): give keys names, like --jwt-public-key \
         2026-01=FILE, and tokens the same in their header",
        limits::UNNAMED_KEYS_MAX
    )]
    Unnamed { place: String, algorithm: &'static str },
    #[error(
        "more than {} keys: take those away that no token is signed with any more",
        limits::VERIFYING_KEYS_MAX
    )]
    TooMany,
    #[error("no key is given")]
    None,
}

/// What is wrong with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    #[error(
        "the secret is shorter than {} bytes and could be guessed; make one with: openssl rand -base64 48",
        SECRET_BYTES_MIN
    )]
    ShortSecret,
    #[error("this is a PEM file, not a secret: a public key goes to --jwt-public-key")]
    PemAsSecret,
    #[error("larger than {} KiB; that is no key", limits::KEY_FILE_BYTES_MAX / 1024)]
    TooLarge,
    #[error("no PEM block; a public key begins with -----BEGIN PUBLIC KEY-----")]
    NotPem,
    #[error("more than one PEM block; put each key into a file of its own")]
    SeveralBlocks,
    #[error(
        "this is a private key, which a server that only verifies should not have; give it the public one: openssl \
         pkey -in FILE -pubout"
    )]
    Private,
    #[error("this is a certificate; take the key out of it: openssl x509 -in FILE -pubkey -noout")]
    Certificate,
    #[error("not a public key that can be used: RSA, EC on P-256, or Ed25519")]
    UnknownKind,
    #[error("the elliptic curve is not P-256, or the point does not lie on it; ES256 needs P-256")]
    Curve,
    #[error("the RSA key has fewer than 2048 bits and could be broken; make a new one")]
    RsaTooSmall,
    #[error("the RSA key is damaged, has more than 8192 bits or an exponent that is not allowed")]
    Rsa,
    #[error("the Ed25519 key is damaged")]
    Ed25519,
    #[error("not a JWK set; that is JSON like {{\"keys\":[{{\"kty\":…}}]}} with no member twice")]
    NotJwks,
    #[error("a member is missing, of the wrong kind or not base64url without padding")]
    Member,
    #[error("the kid is longer than {} characters or has others than visible ASCII ones", limits::KEY_ID_MAX)]
    KeyId,
    #[error("not a private key that can sign: RSA (2048 bits or more), EC on P-256 in PKCS#8, or Ed25519")]
    NotPrivate,
}

fn because(skipped: &[String]) -> String {
    if skipped.is_empty() { String::new() } else { format!(": {}", skipped.join("; ")) }
}
