//! From a token to a grant, or why not; and the one that all workers share, which keys can be exchanged in.
//!
//! The signature comes first: of a token that is not from our issuer nothing else is judged or told.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::auth::claims;
use crate::auth::grant::{Grant, TokenDigest};
use crate::auth::key_set::KeySet;
use crate::auth::token::{Parts, decoded};
use crate::auth::token_error::TokenError;

/// Whose tokens for whom are taken; an empty list asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenRules {
    pub audiences: Vec<String>,
    pub issuers: Vec<String>,
}

/// Verifies tokens with one set of keys.
#[derive(Debug)]
pub struct Verifier {
    keys: KeySet,
    rules: TokenRules,
}

/// A verifier that threads share and that is replaced as a whole: what is judged before sees the old keys, what comes
/// after the new ones.
#[derive(Debug)]
pub struct SharedVerifier {
    current: ArcSwap<Verifier>,
}

impl Verifier {
    pub fn new(keys: KeySet, rules: TokenRules) -> Self {
        Self { keys, rules }
    }

    /// What the token grants. `now_s`: unix seconds.
    pub fn verify(&self, token: &str, now_s: u64) -> Result<Grant, TokenError> {
        let parts = Parts::of(token)?;
        // Two spellings of a signature would be two tokens with one meaning.
        decoded(parts.signature)?;
        let keys = self.keys.candidates(parts.algorithm, parts.kid.as_deref());
        if keys.is_empty() {
            return Err(match &parts.kid {
                _ if !self.keys.has(parts.algorithm) => TokenError::NoKeyOfAlgorithm,
                Some(_) => TokenError::UnknownKey,
                None => TokenError::KeyNotNamed,
            });
        }
        if !keys.iter().any(|key| key.verifies(parts.signed, parts.signature)) {
            return Err(TokenError::Signature);
        }
        claims::grant(&parts.claims()?, TokenDigest::of(token), &self.rules, now_s)
    }
}

impl SharedVerifier {
    pub fn new(verifier: Verifier) -> Self {
        Self { current: ArcSwap::from_pointee(verifier) }
    }

    /// See `Verifier::verify`.
    pub fn verify(&self, token: &str, now_s: u64) -> Result<Grant, TokenError> {
        self.current.load().verify(token, now_s)
    }

    /// From now on tokens are verified by `verifier`. Grants that were made before stay.
    pub fn replace(&self, verifier: Verifier) {
        self.current.store(Arc::new(verifier));
    }
}
