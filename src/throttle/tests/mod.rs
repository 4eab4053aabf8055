//! The buckets against a model that counts tokens, in threads, out of room, and over the wrap of their moments.

mod full_table;
mod model;
mod threads;
mod wrap;

use crate::throttle::{Buckets, RetryAfterMs};

/// Takes one token.
fn one(buckets: &Buckets, key: u64, now_ms: u64) -> Result<(), RetryAfterMs> {
    buckets.take(key, 1, now_ms)
}

/// A key of the given set of a table with so many sets, and of the given tag.
fn key_of(set: u64, sets: u64, tag: u64) -> u64 {
    let low = (1 << 44) - 1;
    let base = tag << 44;
    let shift = (set + sets - base % sets) % sets;
    assert!(shift <= low);
    base + shift
}
