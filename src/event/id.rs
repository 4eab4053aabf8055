//! The event id: a position in the log and the SSE `id:` at once.
//!
//! High 24 bits: the epoch, 0 at first. Low 40 bits: the sequence, counted from 1 without holes. Position 0
//! is before the first event.

use std::fmt;

const SEQUENCE_BITS: u32 = 40;

/// An event id, or a position: "after this event".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId(pub u64);

impl EventId {
    /// The position before the first event.
    pub const ZERO: Self = Self(0);
    pub const EPOCH_MAX: u32 = (1 << (64 - SEQUENCE_BITS)) - 1;

    /// The id of the `sequence`th event of `epoch`; both are cut to their bits.
    pub const fn new(epoch: u32, sequence: u64) -> Self {
        Self(((epoch & Self::EPOCH_MAX) as u64) << SEQUENCE_BITS | sequence & ((1 << SEQUENCE_BITS) - 1))
    }

    pub const fn epoch(self) -> u32 {
        (self.0 >> SEQUENCE_BITS) as u32
    }

    pub const fn sequence(self) -> u64 {
        self.0 & ((1 << SEQUENCE_BITS) - 1)
    }

    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Reads an id of ours: a decimal `u64` in ASCII digits, no sign, no leading zero but `0` itself.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let canonical = text.len() == 1 || text.first() != Some(&b'0');
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(text).ok()?.parse().ok()?;
        (canonical && digits).then_some(Self(number))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
