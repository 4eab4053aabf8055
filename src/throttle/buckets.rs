//! The table: sets of a cache line each, one 64-bit word a bucket, every change one compare-and-swap.
//!
//! A bucket is kept as in the generic cell rate algorithm: not by its tokens but by the moment at which it is full
//! again. A word is a 20-bit tag of the key and 44 bits of that moment in microseconds, which go round in 203 days: a
//! moment further ahead than the rate lets one be lies in the past, and the bucket is full. A full bucket is as good as
//! none, so nothing is ever removed. Where a set has no room the bucket nearest to full gives way: it forgets least,
//! and who is out of tokens stays so. A key meets another's tag in a full set once in 131,072: then two share a bucket.

use crate::limits;
use crate::sync::{AtomicU64, Ordering};
use crate::throttle::Rate;
use crate::throttle::rate::MOMENT_BITS;

/// Milliseconds, at least 1, after which a token will be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfterMs(pub u64);

const WAYS: usize = 8;
const MOMENT_MASK: u64 = (1 << MOMENT_BITS) - 1;

/// Buckets of one rate.
#[derive(Debug)]
pub struct Buckets {
    sets: Box<[Set]>,
    rate: Rate,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Set([AtomicU64; WAYS]);

const _: () = assert!(size_of::<Set>() == 64 || cfg!(not(target_has_atomic = "64")));
const _: () = assert!(limits::BUCKETS_MAX.is_multiple_of(WAYS));

/// Where a key's bucket is, or where it is to be made.
struct Found<'a> {
    word: &'a AtomicU64,
    seen: u64,
    /// How long the key's bucket takes to be full, in microseconds; 0 where it has none.
    filling_us: u64,
}

impl Buckets {
    /// A table for `limits::BUCKETS_MAX` keys, all full.
    pub fn new(rate: Rate) -> Self {
        Self::with_room(rate, limits::BUCKETS_MAX)
    }

    /// A table for so many keys, in whole sets.
    pub(in crate::throttle) fn with_room(rate: Rate, keys: usize) -> Self {
        Self { sets: (0..keys.div_ceil(WAYS).max(1)).map(|_| Set::default()).collect(), rate }
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes `cost` tokens where at least one is there: what is missing is owed, so that a batch above the burst gets
    /// through and is paid for in full before the next. `key`: a hash that outsiders cannot foresee. `now_ms`: any
    /// clock that does not go back.
    pub fn take(&self, key: u64, cost: u32, now_ms: u64) -> Result<(), RetryAfterMs> {
        let now_us = now_ms.wrapping_mul(1000);
        let cost_us = self.rate.time_us(cost.min(limits::BATCH_EVENTS_MAX as u32));
        loop {
            let found = self.find(key, now_us);
            self.judge(found.filling_us)?;
            let moment = now_us.wrapping_add(found.filling_us + cost_us) & MOMENT_MASK;
            let word = tag(key) << MOMENT_BITS | moment;
            // A word says all there is to say: nothing else is published with it.
            let swapped = found.word.compare_exchange(found.seen, word, Ordering::Relaxed, Ordering::Relaxed);
            if swapped.is_ok() {
                return Ok(());
            }
        }
    }

    /// Whether one token is there. Takes none.
    pub fn look(&self, key: u64, now_ms: u64) -> Result<(), RetryAfterMs> {
        self.judge(self.find(key, now_ms.wrapping_mul(1000)).filling_us)
    }

    fn judge(&self, filling_us: u64) -> Result<(), RetryAfterMs> {
        let room_us = self.rate.time_us(self.rate.burst()) - self.rate.time_us(1);
        match filling_us.saturating_sub(room_us) {
            0 => Ok(()),
            early_us => Err(RetryAfterMs(early_us.div_ceil(1000))),
        }
    }

    /// The bucket of a key, or else the one that would give way.
    fn find(&self, key: u64, now_us: u64) -> Found<'_> {
        let Set(words) = &self.sets[(key % self.sets.len() as u64) as usize];
        let look = |word| self.read(word, now_us);
        let mut fullest = look(&words[0]);
        for word in words {
            let found = look(word);
            if found.seen >> MOMENT_BITS == tag(key) {
                return found;
            }
            if found.filling_us < fullest.filling_us {
                fullest = found;
            }
        }
        Found { filling_us: 0, ..fullest }
    }

    fn read<'a>(&self, word: &'a AtomicU64, now_us: u64) -> Found<'a> {
        let seen = word.load(Ordering::Relaxed);
        let ahead_us = (seen & MOMENT_MASK).wrapping_sub(now_us) & MOMENT_MASK;
        Found { word, seen, filling_us: if ahead_us > self.rate.ahead_us_max() { 0 } else { ahead_us } }
    }
}

/// Not 0, which is no key's, and of other bits than the set.
fn tag(key: u64) -> u64 {
    (key >> MOMENT_BITS).max(1)
}
