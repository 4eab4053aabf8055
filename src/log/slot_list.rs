//! The slots of one topic as bytes: gaps as variable-length numbers, with places to begin every so often.
//!
//! Encoding, and a cursor over encoded bytes. What the bytes say may be wrong only as far as their checksum lets
//! it: a cursor never leaves the slots of its postings, and never goes back.

use std::cmp::Ordering;
use std::ops::Range;

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::log::postings::{Broken, Postings, Row};

/// Slots from one place to begin to the next.
pub(in crate::log) const SLOTS_PER_SKIP: u32 = 128;
/// Longest encoding of a gap.
const GAP_BYTES_MAX: u64 = 5;

/// A place to begin: what comes after so many slots of the list.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Skip {
    /// All slots so far are below.
    floor: U32,
    /// Bytes of the gaps so far.
    bytes: U32,
}

/// Appends the list of `slots`, which grow and are at least two.
pub(in crate::log) fn encode(slots: impl ExactSizeIterator<Item = u32>, bytes: &mut Vec<u8>) {
    let skips_at = bytes.len();
    let skips = skips(slots.len() as u32);
    let gaps_at = skips_at + skips as usize * size_of::<Skip>();
    bytes.resize(gaps_at, 0);
    let mut floor = 0;
    for (index, slot) in slots.enumerate() {
        if index > 0 && index.is_multiple_of(SLOTS_PER_SKIP as usize) {
            let skip = Skip { floor: floor.into(), bytes: ((bytes.len() - gaps_at) as u32).into() };
            let at = skips_at + (index / SLOTS_PER_SKIP as usize - 1) * size_of::<Skip>();
            if let Some(place) = bytes.get_mut(at..at + size_of::<Skip>()) {
                place.copy_from_slice(skip.as_bytes());
            }
        }
        let mut gap = slot - floor;
        while gap >= 0x80 {
            bytes.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        bytes.push(gap as u8);
        floor = slot + 1;
    }
}

/// Appends the `count` slots of the list that `bytes` begin with; at least two.
pub(in crate::log) fn decode(bytes: &[u8], count: u32, slots: &mut Vec<u32>) -> Result<(), Broken> {
    let mut rest = bytes.get(skips(count) as usize * size_of::<Skip>()..).ok_or(Broken)?;
    let mut floor = 0_u32;
    for _ in 0..count {
        let (gap, used) = decode_gap(rest)?;
        let slot = floor.checked_add(gap).ok_or(Broken)?;
        slots.push(slot);
        floor = slot.saturating_add(1);
        rest = rest.get(used as usize..).ok_or(Broken)?;
    }
    Ok(())
}

/// Places to begin in a list of `count` slots: none at its start.
fn skips(count: u32) -> u32 {
    count.saturating_sub(1) / SLOTS_PER_SKIP
}

/// Stands on one slot of a list.
pub(in crate::log) struct Cursor<'a> {
    postings: &'a Postings,
    /// The blocks that this cursor has checked.
    checked: Range<u64>,
    /// One more than the slot it stands on.
    floor: u32,
    /// Slots behind this one.
    left: u32,
    /// Where the next gap lies.
    at: u64,
}

impl<'a> Cursor<'a> {
    /// The first slot of `row` that is not below `from`; `None`: there is none.
    pub(in crate::log) fn open(postings: &'a Postings, row: Row, from: u32) -> Result<Option<Self>, Broken> {
        let count = row.count();
        let mut cursor = Self { postings, checked: 0..0, floor: 0, left: count, at: 0 };
        if let Some(slot) = row.only_slot() {
            cursor.left = 0;
            cursor.stand_on(slot)?;
            return Ok((slot >= from).then_some(cursor));
        }
        cursor.skip_to(postings.lists_at() + row.list_at(), skips(count), from)?;
        while cursor.advance()? {
            if cursor.slot() >= from {
                return Ok(Some(cursor));
            }
        }
        Ok(None)
    }

    #[inline]
    pub(in crate::log) fn slot(&self) -> u32 {
        self.floor.wrapping_sub(1)
    }

    /// Moves to the next slot; false when there is none.
    #[inline]
    pub(in crate::log) fn advance(&mut self) -> Result<bool, Broken> {
        if self.left == 0 {
            return Ok(false);
        }
        let available = GAP_BYTES_MAX.min(self.postings.body_bytes().saturating_sub(self.at));
        let bytes = self.postings.bytes(&mut self.checked, self.at, available)?;
        let (gap, used) = decode_gap(bytes)?;
        self.left -= 1;
        self.at += used;
        self.stand_on(self.floor.checked_add(gap).ok_or(Broken)?)?;
        Ok(true)
    }

    fn stand_on(&mut self, slot: u32) -> Result<(), Broken> {
        if !self.postings.slots().contains(&slot) {
            return Err(Broken);
        }
        self.floor = slot + 1;
        Ok(())
    }

    /// Before the first gap that can lead to `from`. `list_at`: where the list's places to begin lie.
    fn skip_to(&mut self, list_at: u64, skips: u32, from: u32) -> Result<(), Broken> {
        let skip_bytes = size_of::<Skip>() as u64;
        let gaps_at = list_at + u64::from(skips) * skip_bytes;
        self.at = gaps_at;
        let (mut low, mut high) = (0, skips);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = list_at + u64::from(middle) * skip_bytes;
            let bytes = self.postings.bytes(&mut self.checked, at, skip_bytes)?;
            let skip = Skip::read_from_bytes(bytes).map_err(|_| Broken)?;
            if skip.floor.get() <= from {
                low = middle + 1;
                self.floor = skip.floor.get();
                self.at = gaps_at + u64::from(skip.bytes.get());
            } else {
                high = middle;
            }
        }
        self.left = self.left.saturating_sub(low * SLOTS_PER_SKIP);
        Ok(())
    }
}

/// By the slots they stand on.
impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.slot().cmp(&other.slot())
    }
}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.slot() == other.slot()
    }
}

impl Eq for Cursor<'_> {}

/// A number in groups of seven bits, the lowest first, and how many bytes it takes.
#[inline]
fn decode_gap(bytes: &[u8]) -> Result<(u32, u64), Broken> {
    let mut gap = 0_u64;
    for (index, &byte) in bytes.iter().take(GAP_BYTES_MAX as usize).enumerate() {
        gap |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return u32::try_from(gap).map(|gap| (gap, index as u64 + 1)).map_err(|_| Broken);
        }
    }
    Err(Broken)
}
