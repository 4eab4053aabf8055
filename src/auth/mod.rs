//! Who may ask for what: tokens and the keys that verify them, what they grant, tickets, and the rule for origins
//! (CORS, DNS rebinding).
//!
//! The export list. Values in, values out: no file, no clock, no request, no status; it judges what others read.

mod claims;
mod credentials;
mod grant;
mod json;
mod jwk;
mod key;
mod key_error;
mod key_set;
mod mint;
mod origin;
mod tickets;
mod token;
mod token_error;
mod unverified;
mod verifier;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use credentials::{Credential, CredentialError, credentials};
pub use grant::{Forbidden, Grant, Reach, Right, TokenDigest};
pub use key_error::{KeyError, KeyProblem};
pub use key_set::{KeyContent, KeyMaterial, KeySet};
pub use mint::{Claims, SigningKey};
pub use origin::{OriginPolicy, OriginVerdict};
pub use tickets::{Full, Tickets};
pub use token_error::{ClaimProblem, Malformation, TokenError};
pub use unverified::Unverified;
pub use verifier::{SharedVerifier, TokenRules, Verifier};
