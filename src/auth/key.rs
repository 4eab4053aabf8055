//! One key that verifies tokens, with the one algorithm it is for. The algorithm is a property of the key: what a
//! token says of itself can select among keys and never changes how a key is used.
//!
//! Reads secrets and PEM; sets of keys in JSON are `jwk`'s.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::auth::key_error::KeyProblem;
use crate::limits;

/// RFC 7518, section 3.2: a key of the size of the hash output or larger.
pub(in crate::auth) const SECRET_BYTES_MIN: usize = 32;
const RSA_BITS_MIN: usize = 2048;
/// What the library takes, for verifying with longer ones costs too much.
const RSA_BITS_MAX: usize = 8192;
/// A point of P-256, uncompressed (SEC 1, section 2.3.3): a 4 and two numbers of 32 bytes.
const POINT_BYTES: usize = 65;

/// What a key is used for, and only for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::auth) enum KeyAlgorithm {
    Hs256,
    Rs256,
    Es256,
    EdDsa,
}

/// A key that verifies.
pub(in crate::auth) struct VerifyingKey {
    pub(in crate::auth) kid: Option<String>,
    pub(in crate::auth) algorithm: KeyAlgorithm,
    key: DecodingKey,
}

impl KeyAlgorithm {
    /// By the name in a token's header or a JWK (RFC 7518, section 3.1; RFC 8037; RFC 9864 for `Ed25519`).
    pub(in crate::auth) fn from_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    pub(in crate::auth) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(in crate::auth) const fn library(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl VerifyingKey {
    pub(in crate::auth) fn from_secret(kid: Option<String>, secret: &[u8]) -> Result<Self, KeyProblem> {
        // A public key that stands where a secret should be would let everybody who has it sign.
        if secret.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
            return Err(KeyProblem::PemAsSecret);
        }
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyProblem::ShortSecret);
        }
        Ok(Self { kid, algorithm: KeyAlgorithm::Hs256, key: DecodingKey::from_secret(secret) })
    }

    /// A public key in PEM: SPKI, or PKCS#1 for RSA.
    pub(in crate::auth) fn from_pem(kid: Option<String>, pem: &[u8]) -> Result<Self, KeyProblem> {
        match pem_label(pem)? {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => {}
            "CERTIFICATE" => return Err(KeyProblem::Certificate),
            label if label.ends_with("PRIVATE KEY") => return Err(KeyProblem::Private),
            _ => return Err(KeyProblem::UnknownKind),
        }
        if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            return Self::from_point(kid, key.try_get_as_bytes().map_err(|_| KeyProblem::Curve)?);
        }
        if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            return Self::from_ed25519(kid, key.try_get_as_bytes().map_err(|_| KeyProblem::Ed25519)?);
        }
        let key = DecodingKey::from_rsa_pem(pem).map_err(|_| KeyProblem::UnknownKind)?;
        let der = key.try_get_as_bytes().map_err(|_| KeyProblem::Rsa)?;
        let public = aws_lc_rs::rsa::PublicKey::from_der(der).map_err(|_| KeyProblem::Rsa)?;
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(&public);
        Self::from_rsa(kid, &n, &e)
    }

    /// Modulus and exponent, big-endian.
    pub(in crate::auth) fn from_rsa(kid: Option<String>, n: &[u8], e: &[u8]) -> Result<Self, KeyProblem> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = 8 * n.len() - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if bits < RSA_BITS_MIN {
            return Err(KeyProblem::RsaTooSmall);
        }
        let parsed = RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
        if bits > RSA_BITS_MAX || parsed.is_err() {
            return Err(KeyProblem::Rsa);
        }
        let key = DecodingKey::from_rsa_raw_components(n, e);
        Ok(Self { kid, algorithm: KeyAlgorithm::Rs256, key })
    }

    /// A point of P-256, uncompressed.
    pub(in crate::auth) fn from_point(kid: Option<String>, point: &[u8]) -> Result<Self, KeyProblem> {
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        if point.len() != POINT_BYTES || parsed.is_err() {
            return Err(KeyProblem::Curve);
        }
        Ok(Self { kid, algorithm: KeyAlgorithm::Es256, key: DecodingKey::from_ec_der(point) })
    }

    pub(in crate::auth) fn from_ed25519(kid: Option<String>, point: &[u8]) -> Result<Self, KeyProblem> {
        ParsedPublicKey::new(&ED25519, point).map_err(|_| KeyProblem::Ed25519)?;
        Ok(Self { kid, algorithm: KeyAlgorithm::EdDsa, key: DecodingKey::from_ed_der(point) })
    }

    /// Whether `signature` (base64url) is this key's under `message`, by the key's own algorithm.
    pub(in crate::auth) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.key, self.algorithm.library()) == Ok(true)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, kid {:?})", self.algorithm.name(), self.kid)
    }
}

const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// What the one PEM block of a file is.
pub(in crate::auth) fn pem_label(pem: &[u8]) -> Result<&str, KeyProblem> {
    let text = std::str::from_utf8(pem).map_err(|_| KeyProblem::NotPem)?;
    let mut blocks = text.split("-----BEGIN ").skip(1);
    let block = blocks.next().ok_or(KeyProblem::NotPem)?;
    if blocks.next().is_some() {
        return Err(KeyProblem::SeveralBlocks);
    }
    block.split_once("-----").map(|(label, _)| label).ok_or(KeyProblem::NotPem)
}

/// A `kid` that may be compared and shown: 1 to `limits::KEY_ID_MAX` visible ASCII characters.
pub(in crate::auth) fn is_key_id(kid: &str) -> bool {
    !kid.is_empty() && kid.len() <= limits::KEY_ID_MAX && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}
