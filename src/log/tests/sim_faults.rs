//! What a simulated disk is told to do wrong, and the generator that all randomness of the simulator comes from.

/// A small generator: the same seed, the same run.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// Faults to come. Counters are of calls from when they are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Every changing call fails once so many have been made.
    pub(crate) crash_after: Option<u64>,
    pub(crate) fail_sync: Option<u64>,
    pub(crate) fail_write: Option<u64>,
    /// The sync that does nothing and says that it did. No log survives that; a simulator must notice.
    pub(crate) lying_sync: Option<u64>,
    /// The page that cannot be read past the cache, in any file.
    pub(crate) bad_page: Option<u64>,
    pub(crate) fail_rename: bool,
    pub(crate) fail_unlink: bool,
    pub(crate) free_bytes: Option<u64>,
}

/// How a power cut picks among the states of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Torn {
    /// Each on its own, all states alike.
    Evenly,
    /// Nearly everything in its first state, or in its last.
    MostlyOld,
    MostlyNew,
}
