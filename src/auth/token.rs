//! A token's text taken apart: header, claims and signature, as they stand, judged by form alone.
//!
//! Of the header `alg`, `kid` and `crit` are read. Keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are
//! passed over unread, like every other member.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::json::{Json, member};
use crate::auth::key::{KeyAlgorithm, is_key_id};
use crate::auth::token_error::{Malformation, TokenError};
use crate::limits;

/// A token, unverified: nothing in it may be believed.
pub(in crate::auth) struct Parts<'a> {
    pub(in crate::auth) algorithm: KeyAlgorithm,
    pub(in crate::auth) kid: Option<String>,
    /// What is signed: header and claims as they stand in the token.
    pub(in crate::auth) signed: &'a [u8],
    /// In base64url.
    pub(in crate::auth) signature: &'a str,
    /// In base64url.
    claims: &'a str,
}

/// The three parts of a token in base64url (RFC 7515, section 7.1).
pub(in crate::auth) fn split(token: &str) -> Result<[&str; 3], TokenError> {
    if token.len() > limits::TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong);
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(signature), None) => Ok([header, claims, signature]),
        _ => Err(TokenError::Malformed(Malformation::Parts)),
    }
}

pub(in crate::auth) fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed(Malformation::Base64))
}

impl<'a> Parts<'a> {
    pub(in crate::auth) fn of(token: &'a str) -> Result<Self, TokenError> {
        let [header, claims, signature] = split(token)?;
        let members =
            Json::object(&decoded(header)?).map_err(|_| TokenError::Malformed(Malformation::Header))?;
        let algorithm = match member(&members, "alg") {
            Some(Json::Text(name)) => KeyAlgorithm::from_name(name).ok_or(TokenError::Algorithm)?,
            _ => return Err(TokenError::Algorithm),
        };
        // RFC 7515, section 4.1.11: what a token calls critical and the reader does not know voids it.
        if member(&members, "crit").is_some() {
            return Err(TokenError::Critical);
        }
        let kid = match member(&members, "kid") {
            None => None,
            Some(Json::Text(kid)) if is_key_id(kid) => Some(kid.clone()),
            Some(_) => return Err(TokenError::KeyId),
        };
        let signed = &token.as_bytes()[..header.len() + 1 + claims.len()];
        Ok(Self { algorithm, kid, signed, signature, claims })
    }

    pub(in crate::auth) fn claims(&self) -> Result<Vec<(String, Json)>, TokenError> {
        Json::object(&decoded(self.claims)?).map_err(|_| TokenError::Malformed(Malformation::Claims))
    }
}
