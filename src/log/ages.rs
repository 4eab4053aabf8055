//! How old segments are, judged with a clock that may be set while nobody looks.
//!
//! The rule: a segment is too old when this process has seen it sealed for that long, whatever the clock says;
//! or when the clock says so and has gone evenly for an hour (of a shorter age: a quarter of it). So a clock
//! that jumps ahead and is put right within the hour removes nothing, and times that an error of the clock
//! left in the future keep nothing for longer than the age and the time to the last start. No clock is read
//! here, and nothing is removed.

use std::collections::VecDeque;

use crate::event::EventId;

/// Between two looks the clock may go this far ahead; more, or back, is a step.
const STEP_MS_MIN: u64 = 60_000;
/// How long the clock must have gone without a step before its word counts.
const STEADY_MS: u64 = 3_600_000;
/// The same for short ages, as a part of them.
const STEADY_PART: u64 = 4;

/// What is known of the clock and of the sealed segments since the start.
#[derive(Debug, Default)]
pub(in crate::log) struct Ages {
    looked_ms: Option<u64>,
    /// Time since the first look, by the clock's even parts alone: steps count for nothing.
    passed_ms: u64,
    /// `passed_ms` at the last step.
    stepped_at_ms: u64,
    /// The kept sealed segments, oldest first, and `passed_ms` when each was first seen.
    seen: VecDeque<(EventId, u64)>,
}

impl Ages {
    /// Takes a look at the clock and at the sealed segments (their first ids, oldest first; those that are
    /// there no more are forgotten). True when the clock has stepped since the last look.
    pub(in crate::log) fn look(&mut self, now_ms: u64, sealed: impl Iterator<Item = EventId>) -> bool {
        let moved_ms = self.looked_ms.map_or(Some(0), |looked_ms| now_ms.checked_sub(looked_ms));
        let stepped = moved_ms.is_none_or(|moved_ms| moved_ms > STEP_MS_MIN);
        self.looked_ms = Some(now_ms);
        if stepped {
            self.stepped_at_ms = self.passed_ms;
        } else {
            self.passed_ms += moved_ms.unwrap_or(0);
        }
        let mut sealed = sealed.peekable();
        let earliest = sealed.peek().copied();
        while self.seen.front().is_some_and(|&(base, _)| earliest.is_none_or(|earliest| base < earliest)) {
            self.seen.pop_front();
        }
        let newest = self.seen.back().map(|&(base, _)| base);
        let new = sealed.filter(|&base| newest.is_none_or(|newest| base > newest));
        self.seen.extend(new.map(|base| (base, self.passed_ms)));
        stepped
    }

    /// Whether a sealed segment is over an age. `last_ms`: unix milliseconds of its last event. As of the last
    /// look.
    pub(in crate::log) fn is_over(&self, base: EventId, last_ms: u64, age_ms_max: u64) -> bool {
        let over = |since_ms: u64, now_ms: u64| since_ms.saturating_add(age_ms_max) < now_ms;
        let steady_ms = self.passed_ms - self.stepped_at_ms;
        let believed = steady_ms >= STEADY_MS.min(age_ms_max / STEADY_PART);
        let by_clock = believed && self.looked_ms.is_some_and(|now_ms| over(last_ms, now_ms));
        let place = self.seen.binary_search_by_key(&base, |&(base, _)| base).ok();
        let seen_ms = place.and_then(|place| self.seen.get(place)).map(|&(_, since_ms)| since_ms);
        by_clock || seen_ms.is_some_and(|since_ms| over(since_ms, self.passed_ms))
    }
}
