//! How long a client waits before it connects again.
//!
//! The server's `retry:` is the base and is spread by the server already; each failure in a row doubles it up to half
//! a minute, and a random part of it is taken off so that clients cut off together do not return together.

use std::time::Duration;

const BASE_MS: u64 = 2000;
const LONGEST_MS: u64 = 30_000;
/// More than the server ever asks for; a longer wish is cut to it.
const WISH_MS_MAX: u64 = 60_000;

#[derive(Debug, Clone)]
pub(in crate::cli) struct Backoff {
    base_ms: u64,
    failures: u32,
}

impl Backoff {
    pub(in crate::cli) const fn new() -> Self {
        Self { base_ms: BASE_MS, failures: 0 }
    }

    /// The server named a reconnection time.
    pub(in crate::cli) fn wish(&mut self, retry_ms: u64) {
        self.base_ms = retry_ms.clamp(1, WISH_MS_MAX);
    }

    /// Bytes came: whatever ends this connection is the first failure again.
    pub(in crate::cli) fn succeed(&mut self) {
        self.failures = 0;
    }

    /// The next wait: between three quarters of its length and all of it, by `random`.
    pub(in crate::cli) fn next(&mut self, random: u64) -> Duration {
        let doubled = self.base_ms.saturating_mul(1 << self.failures.min(10));
        let longest = doubled.min(LONGEST_MS.max(self.base_ms));
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(longest - random % (longest / 4 + 1))
    }
}

/// A random number; the spread of waits needs no better one than the seed of a hash map.
pub(in crate::cli) fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
