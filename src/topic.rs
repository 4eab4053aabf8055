//! What a subscription filter names: payment streams and users, as text and as the keyed hash that the log's
//! index entries hold.
//!
//! Hashes are SipHash-2-4 under the log's own 128-bit key with a domain byte in front, so nobody outside can
//! aim a collision. They are stored on disk: the function may not change within a format version.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::limits;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

/// A payment stream's id in its one canonical spelling: a `u64` in decimal without leading zeros, or a name
/// of 1–64 characters `[A-Za-z0-9_.:-]` that does not consist of digits only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamId(Box<str>);

/// A user: 1–128 visible ASCII characters without comma, as a rule a Stellar address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User(Box<str>);

/// Why a text names no payment stream or user. `Display` is a sentence for the sender of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a payment stream id must not be empty")]
    EmptyStream,
    #[error(
        "a payment stream id in digits must be a whole number from 0 to 18446744073709551615, \
         without leading zeros"
    )]
    StreamNumber,
    #[error("a payment stream name is 1 to 64 characters out of A-Z a-z 0-9 _ . : -")]
    StreamName,
    #[error("a user is 1 to 128 visible ASCII characters without comma")]
    User,
}

impl StreamId {
    /// Reads a payment stream id as clients write it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::EmptyStream);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let leading_zero = text.len() > 1 && text.starts_with('0');
            return match text.parse::<u64>() {
                Ok(_) if !leading_zero => Ok(Self(text.into())),
                _ => Err(NameError::StreamNumber),
            };
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        if text.len() > limits::STREAM_NAME_MAX || !text.bytes().all(allowed) {
            return Err(NameError::StreamName);
        }
        Ok(Self(text.into()))
    }

    pub fn from_number(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// The id as a number where it is one.
    pub fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl User {
    /// Reads a user as clients write it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        // Without a way out in between, the loop is done many bytes at a time.
        let good = |text: &str| text.bytes().fold(true, |good, byte| good & allowed(byte));
        if text.is_empty() || text.len() > limits::USER_MAX || !good(text) {
            return Err(NameError::User);
        }
        Ok(Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keyed hash of a payment stream or a user. Zero means "none" and is never a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicHash(pub u64);

impl TopicHash {
    pub const NONE: Self = Self(0);
}

/// Hashes names under one log's key.
#[derive(Debug, Clone, Copy)]
pub struct TopicHasher {
    key: [u8; 16],
}

impl TopicHasher {
    /// `key` is the log's hash key, from its META file.
    pub fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    pub fn stream(&self, stream: &StreamId) -> TopicHash {
        TopicHash(self.hash(b's', stream.as_str().as_bytes()))
    }

    pub fn user(&self, user: &User) -> TopicHash {
        TopicHash(self.hash(b'u', user.as_str().as_bytes()))
    }

    /// The hash of an idempotency key; never 0.
    pub fn key(&self, key: &str) -> u64 {
        self.hash(b'k', key.as_bytes())
    }

    /// The hash of a source's name (an indexer); never 0.
    pub fn source(&self, source: &str) -> u64 {
        self.hash(b'o', source.as_bytes())
    }

    /// The digest of an event's type and canonical data, by which "the same key with other data" is told;
    /// never 0.
    pub fn digest(&self, kind: u8, data: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(&[b'd', kind]);
        hasher.write(data);
        hasher.finish().max(1)
    }

    fn hash(&self, domain: u8, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(&[domain]);
        hasher.write(bytes);
        hasher.finish().max(1)
    }
}
