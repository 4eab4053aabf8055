//! What a token says of itself, for people who look at one. Nothing in it is verified, and no right follows from it.

use crate::auth::json::{Json, member};
use crate::auth::token::{decoded, split};
use crate::auth::token_error::{Malformation, TokenError};

/// A token, readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// The JSON of the header, as it stands there.
    pub header: String,
    /// The JSON of the claims, as it stands there.
    pub claims: String,
    /// Unix seconds, where the claim is a whole number.
    pub issued_s: Option<u64>,
    pub not_before_s: Option<u64>,
    pub expires_s: Option<u64>,
}

impl Unverified {
    pub fn read(token: &str) -> Result<Self, TokenError> {
        let [header, claims, _] = split(token)?;
        let (header, _) = object(header, Malformation::Header)?;
        let (claims, members) = object(claims, Malformation::Claims)?;
        let time = |name| match member(&members, name) {
            Some(Json::Unsigned(time)) => Some(*time),
            _ => None,
        };
        let (issued_s, not_before_s, expires_s) = (time("iat"), time("nbf"), time("exp"));
        Ok(Self { header, claims, issued_s, not_before_s, expires_s })
    }
}

fn object(part: &str, otherwise: Malformation) -> Result<(String, Vec<(String, Json)>), TokenError> {
    let bytes = decoded(part)?;
    let members = Json::object(&bytes).map_err(|_| TokenError::Malformed(otherwise))?;
    let text = String::from_utf8(bytes).map_err(|_| TokenError::Malformed(otherwise))?;
    Ok((text, members))
}
