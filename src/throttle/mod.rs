//! Token buckets of many keys in fixed memory, shared by threads without a lock.
//!
//! The export list. It decides whether a key may take tokens at a time it is told, and when to come back. It reads no
//! clock, makes no keys, and knows nothing of addresses or users.

mod buckets;
mod rate;

pub use buckets::{Buckets, RetryAfterMs};
pub use rate::{Rate, RateError};

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
