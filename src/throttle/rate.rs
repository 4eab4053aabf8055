//! How fast a bucket fills and how much it holds, in whole microseconds.

use crate::limits;

/// `tokens` in each period, and room for `burst` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    tokens: u32,
    period_us: u64,
    burst: u32,
}

/// Why there is no such rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    #[error("a rate is 1 to {TOKENS_MAX} in a second or a minute")]
    Tokens,
    #[error("a burst is 1 to {} here: it has to fill up within three days", .most)]
    Burst { most: u32 },
}

const TOKENS_MAX: u32 = 1_000_000;
const PERIOD_US_MAX: u64 = 60_000_000;
/// The longest time in which a bucket may fill.
const FILL_US_MAX: u64 = 3 * 86_400 * 1_000_000;

/// How far the clocks of two threads may be apart: each reads it before it reads a bucket.
const CLOCKS_APART_US: u64 = 1_000_000;

/// Bits of a bucket's moment: microseconds that go round in 203 days.
pub(in crate::throttle) const MOMENT_BITS: u32 = 44;
const AHEAD_US_MAX: u64 = FILL_US_MAX + limits::BATCH_EVENTS_MAX as u64 * PERIOD_US_MAX + CLOCKS_APART_US;
const _: () = assert!(AHEAD_US_MAX < 1 << (MOMENT_BITS - 4), "a moment ahead is told from one long past");

impl Rate {
    pub const fn per_second(tokens: u32, burst: u32) -> Result<Self, RateError> {
        Self::new(tokens, 1_000_000, burst)
    }

    pub const fn per_minute(tokens: u32, burst: u32) -> Result<Self, RateError> {
        Self::new(tokens, PERIOD_US_MAX, burst)
    }

    const fn new(tokens: u32, period_us: u64, burst: u32) -> Result<Self, RateError> {
        if tokens < 1 || tokens > TOKENS_MAX {
            return Err(RateError::Tokens);
        }
        let most = FILL_US_MAX / period_us * tokens as u64;
        let most = if most > u32::MAX as u64 { u32::MAX } else { most as u32 };
        if burst < 1 || burst > most {
            return Err(RateError::Burst { most });
        }
        Ok(Self { tokens, period_us, burst })
    }

    /// Tokens in a second; less than one of a slow rate.
    pub fn tokens_per_second(&self) -> f64 {
        f64::from(self.tokens) * 1_000_000.0 / self.period_us as f64
    }

    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// The time in which so many tokens come, rounded up: nobody gets more than the rate.
    pub(in crate::throttle) fn time_us(&self, tokens: u32) -> u64 {
        (u64::from(tokens) * self.period_us).div_ceil(u64::from(self.tokens))
    }

    /// The longest time that a bucket can take to be full: all of its tokens gone and one batch owed, as a thread sees
    /// it whose clock is a little behind.
    pub(in crate::throttle) fn ahead_us_max(&self) -> u64 {
        self.time_us(self.burst) + self.time_us(limits::BATCH_EVENTS_MAX as u32) + CLOCKS_APART_US
    }
}
