//! In the place of the server's names and hashes, which threads do not share: the simplest that tell names apart.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamId(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

#[derive(Debug, Clone, Copy)]
pub(crate) struct TopicHash(pub(crate) u64);

pub(crate) struct TopicHasher;

impl StreamId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl User {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TopicHasher {
    pub(crate) fn new(_key: [u8; 16]) -> Self {
        Self
    }

    pub(crate) fn stream(&self, stream: &StreamId) -> TopicHash {
        TopicHash(hash(b's', stream.0.as_bytes()))
    }

    pub(crate) fn user(&self, user: &User) -> TopicHash {
        TopicHash(hash(b'u', user.0.as_bytes()))
    }

    pub(crate) fn key(&self, key: &str) -> u64 {
        hash(b'k', key.as_bytes())
    }

    pub(crate) fn source(&self, source: &str) -> u64 {
        hash(b'o', source.as_bytes())
    }

    pub(crate) fn digest(&self, kind: u8, data: &[u8]) -> u64 {
        hash(kind, data)
    }
}

fn hash(domain: u8, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (domain, bytes).hash(&mut hasher);
    hasher.finish().max(1)
}
