//! The keys of a server: from files and the environment, read elsewhere, to one set that knows which keys a token may
//! be tried with.
//!
//! The rule. A token's `alg` must be the key's. A token with a `kid` is tried with the key of that name and no other.
//! A token without one is tried with the keys that have no name either; where there are none, with the only key of its
//! algorithm if there is just one. Nothing else of a token's header has a say.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use crate::auth::jwk;
use crate::auth::key::{KeyAlgorithm, VerifyingKey, is_key_id};
use crate::auth::key_error::{KeyError, KeyProblem};
use crate::limits;

/// A key or a set of keys as it was given.
pub struct KeyMaterial {
    /// The name that tokens know the key by; not for a JWK set, whose keys have their own.
    pub kid: Option<String>,
    /// For errors: the flag, the variable or the file.
    pub place: String,
    pub content: KeyContent,
}

/// The bytes of a key. They are wiped when dropped.
pub enum KeyContent {
    /// A secret for HS256, of 32 bytes or more.
    Secret(Vec<u8>),
    /// A public key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).
    PublicPem(Vec<u8>),
    /// A JWK set (RFC 7517).
    Jwks(Vec<u8>),
}

/// The keys that tokens are verified with; at least one.
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<String>,
}

impl KeySet {
    /// Reads all keys, or says which cannot be used and why. At start and on a reload alike, no part of a set is taken.
    pub fn parse(materials: Vec<KeyMaterial>) -> Result<Self, KeyError> {
        let mut set = Self { keys: Vec::new(), skipped: Vec::new() };
        for material in materials {
            let place = material.place.clone();
            for key in set.read(material)? {
                set.add(key, &place)?;
            }
        }
        if set.keys.is_empty() { Err(KeyError::None) } else { Ok(set) }
    }

    /// Keys of JWK sets that were left out, each with its place and the reason.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Each key as an operator may see it: algorithm and name.
    pub fn names(&self) -> Vec<String> {
        let name = |key: &VerifyingKey| match &key.kid {
            Some(kid) => format!("{} \"{kid}\"", key.algorithm.name()),
            None => key.algorithm.name().to_owned(),
        };
        self.keys.iter().map(name).collect()
    }

    /// Whether one of the keys is a secret.
    pub fn holds_secret(&self) -> bool {
        self.has(KeyAlgorithm::Hs256)
    }

    /// The keys that a token of this algorithm and name may be tried with, by the rule above.
    pub(in crate::auth) fn candidates(
        &self,
        algorithm: KeyAlgorithm,
        kid: Option<&str>,
    ) -> Vec<&VerifyingKey> {
        let of_algorithm = || self.keys.iter().filter(move |key| key.algorithm == algorithm);
        let same_name: Vec<_> = of_algorithm().filter(|key| key.kid.as_deref() == kid).collect();
        if same_name.is_empty() && kid.is_none() && of_algorithm().count() == 1 {
            return of_algorithm().collect();
        }
        same_name
    }

    /// Whether any key is for this algorithm.
    pub(in crate::auth) fn has(&self, algorithm: KeyAlgorithm) -> bool {
        self.keys.iter().any(|key| key.algorithm == algorithm)
    }

    fn read(&mut self, material: KeyMaterial) -> Result<Vec<VerifyingKey>, KeyError> {
        let KeyMaterial { kid, place, content } = material;
        let at_fault = |problem| KeyError::Material { place: place.clone(), problem };
        if content.bytes().len() > limits::KEY_FILE_BYTES_MAX {
            return Err(at_fault(KeyProblem::TooLarge));
        }
        if kid.as_deref().is_some_and(|kid| !is_key_id(kid)) {
            return Err(at_fault(KeyProblem::KeyId));
        }
        let one = match &content {
            KeyContent::Secret(secret) => VerifyingKey::from_secret(kid, secret),
            KeyContent::PublicPem(pem) => VerifyingKey::from_pem(kid, pem),
            KeyContent::Jwks(set) => {
                let (keys, skipped) = jwk::parse(&place, set)?;
                self.skipped.extend(skipped.into_iter().map(|why| format!("{place}: {why}")));
                return Ok(keys);
            }
        };
        one.map(|key| vec![key]).map_err(at_fault)
    }

    fn add(&mut self, key: VerifyingKey, place: &str) -> Result<(), KeyError> {
        let algorithm = key.algorithm.name();
        let alike = |known: &&VerifyingKey| known.algorithm == key.algorithm && known.kid == key.kid;
        let count = self.keys.iter().filter(alike).count();
        match &key.kid {
            Some(kid) if count > 0 => {
                return Err(KeyError::SameName { place: place.to_owned(), kid: kid.clone(), algorithm });
            }
            None if count >= limits::UNNAMED_KEYS_MAX => {
                return Err(KeyError::Unnamed { place: place.to_owned(), algorithm });
            }
            _ => {}
        }
        if self.keys.len() >= limits::VERIFYING_KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        self.keys.push(key);
        Ok(())
    }
}

impl KeyContent {
    /// A secret as it stands in a file: without the one line end that editors and `echo` put behind it.
    pub fn secret_of_file(content: Vec<u8>) -> Self {
        Self::Secret(std::mem::take(&mut *Self::without_line_end(content)))
    }

    /// The bytes of such a file that count.
    pub fn without_line_end(content: Vec<u8>) -> Zeroizing<Vec<u8>> {
        let mut content = Zeroizing::new(content);
        if content.last() == Some(&b'\n') {
            content.pop();
            if content.last() == Some(&b'\r') {
                content.pop();
            }
        }
        content
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Secret(bytes) | Self::PublicPem(bytes) | Self::Jwks(bytes) => bytes,
        }
    }
}

impl Drop for KeyContent {
    fn drop(&mut self) {
        match self {
            Self::Secret(bytes) | Self::PublicPem(bytes) | Self::Jwks(bytes) => bytes.zeroize(),
        }
    }
}

impl fmt::Debug for KeyContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::PublicPem(_) => "PublicPem(..)",
            Self::Jwks(_) => "Jwks(..)",
        })
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({}, kid {:?}, {:?})", self.place, self.kid, self.content)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}
