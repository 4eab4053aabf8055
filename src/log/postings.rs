//! Postings: at which slots of a stretch of a segment each topic stands. One piece of bytes, the same in memory and
//! in a sidecar file: a table of topics in the order of their hashes, then the lists of slots.
//!
//! They name slots and look at no entry, so whoever asks checks the entry itself.

use std::ops::Range;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::log::sidecar::Body;
use crate::log::slot_list::{decode, encode};
use crate::log::{Entry, Segment};
use crate::sync::{AtomicBool, Ordering};

const ROW_BYTES: u64 = size_of::<Row>() as u64;

/// The bytes are not those that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Broken;

/// One topic of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(in crate::log) struct Row {
    hash: U64,
    /// How many slots; never 0.
    count: U32,
    /// Of one slot: the slot. Of more: where among the lists theirs begins.
    at: U32,
}

const _: () = assert!(size_of::<Row>() == 16);

impl Row {
    pub(in crate::log) fn count(self) -> u32 {
        self.count.get()
    }

    pub(in crate::log) fn only_slot(self) -> Option<u32> {
        (self.count.get() == 1).then_some(self.at.get())
    }

    pub(in crate::log) fn list_at(self) -> u64 {
        u64::from(self.at.get())
    }
}

/// The postings of the slots of one stretch of a segment.
pub(in crate::log) struct Postings {
    slots: Range<u32>,
    topics: u32,
    bytes: Bytes,
    /// A search has found the bytes changed.
    broken: AtomicBool,
}

/// Where the bytes are.
enum Bytes {
    Memory(Box<[u8]>),
    File(Body),
}

impl Postings {
    /// Reads the entries of `slots`, all of them not past the commit point.
    pub(in crate::log) fn build(segment: &Segment, slots: Range<u32>) -> Self {
        let id = |slot: u32| EventId(segment.base().0 + u64::from(slot));
        let entries = segment.entries(id(slots.start), id(slots.end).previous());
        let mut pairs = Vec::with_capacity(3 * slots.len());
        for (slot, entry) in slots.clone().zip(entries) {
            pairs.extend(topics(entry).into_iter().filter(|&hash| hash != 0).map(|hash| (hash, slot)));
        }
        pairs.sort_unstable();
        let mut table = Table::default();
        for list in pairs.chunk_by(|(one, _), (other, _)| one == other) {
            if let Some(&(hash, _)) = list.first() {
                table.push(hash, list.iter().map(|&(_, slot)| slot));
            }
        }
        table.finish(slots)
    }

    /// The postings of stretches that follow each other, all of them in memory, as one.
    pub(in crate::log) fn merge(parts: &[&Self]) -> Result<Self, Broken> {
        let start = parts.first().map_or(0, |part| part.slots.start);
        let end = parts.last().map_or(start, |part| part.slots.end);
        let mut heads = parts.iter().map(|part| Head::open(part)).collect::<Result<Vec<_>, _>>()?;
        let mut table = Table::default();
        let mut slots = Vec::new();
        while let Some(hash) = heads.iter().filter_map(|head| head.row).map(|row| row.hash.get()).min() {
            slots.clear();
            for head in &mut heads {
                head.take(hash, &mut slots)?;
            }
            table.push(hash, slots.iter().copied());
        }
        Ok(table.finish(start..end))
    }

    /// `body`: a sidecar's, with a table of `topics` rows.
    pub(in crate::log) fn of_file(count: u32, topics: u32, body: Body) -> Self {
        Self { slots: 0..count, topics, bytes: Bytes::File(body), broken: AtomicBool::new(false) }
    }

    /// The slots of the segment that they speak for.
    pub(in crate::log) fn slots(&self) -> &Range<u32> {
        &self.slots
    }

    pub(in crate::log) fn topics(&self) -> u32 {
        self.topics
    }

    pub(in crate::log) fn is_file(&self) -> bool {
        matches!(self.bytes, Bytes::File(_))
    }

    /// All bytes, where they are in memory.
    pub(in crate::log) fn memory(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Memory(bytes) => bytes,
            Bytes::File(_) => &[],
        }
    }

    pub(in crate::log) fn body_bytes(&self) -> u64 {
        match &self.bytes {
            Bytes::Memory(bytes) => bytes.len() as u64,
            Bytes::File(body) => body.bytes(),
        }
    }

    pub(in crate::log) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Says that the bytes have changed, for whoever writes them anew.
    pub(in crate::log) fn set_broken(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(in crate::log) fn lists_at(&self) -> u64 {
        u64::from(self.topics) * ROW_BYTES
    }

    /// `bytes` bytes at `offset`. `checked`: the blocks of a file that the caller has checked a moment ago.
    #[inline]
    pub(in crate::log) fn bytes(
        &self,
        checked: &mut Range<u64>,
        offset: u64,
        bytes: u64,
    ) -> Result<&[u8], Broken> {
        match &self.bytes {
            Bytes::Memory(held) => {
                let end = offset.checked_add(bytes).ok_or(Broken)?;
                held.get(offset as usize..end as usize).ok_or(Broken)
            }
            Bytes::File(body) => body.slice(checked, offset, bytes),
        }
    }

    /// The row of a topic, if it stands anywhere here.
    pub(in crate::log) fn find(&self, hash: u64, checked: &mut Range<u64>) -> Result<Option<Row>, Broken> {
        let (mut low, mut high) = self.bracket(hash, checked)?;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row(middle, checked)?.hash.get() < hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == self.topics {
            return Ok(None);
        }
        Ok(Some(self.row(low, checked)?).filter(|row| row.hash.get() == hash))
    }

    /// Rows between which the first one lies that is not below `hash`. Hashes are spread evenly, so it looks where
    /// that row should be, and from there outwards in growing steps: as a rule all in one block of a file.
    fn bracket(&self, hash: u64, checked: &mut Range<u64>) -> Result<(u32, u32), Broken> {
        let (mut low, mut high) = (0, self.topics);
        let guess = ((u128::from(hash) * u128::from(self.topics)) >> u64::BITS) as u32;
        let mut step = self.topics.isqrt() + 1;
        if guess < high && self.row(guess, checked)?.hash.get() < hash {
            low = guess + 1;
            while high - low > step {
                if self.row(low + step, checked)?.hash.get() >= hash {
                    high = low + step;
                    break;
                }
                low += step + 1;
                step = step.saturating_mul(2);
            }
        } else {
            high = guess;
            while high - low > step {
                if self.row(high - step, checked)?.hash.get() < hash {
                    low = high - step + 1;
                    break;
                }
                high -= step;
                step = step.saturating_mul(2);
            }
        }
        Ok((low, high))
    }

    fn row(&self, index: u32, checked: &mut Range<u64>) -> Result<Row, Broken> {
        let bytes = self.bytes(checked, u64::from(index) * ROW_BYTES, ROW_BYTES)?;
        let row = Row::read_from_bytes(bytes).map_err(|_| Broken)?;
        if row.count.get() == 0 { Err(Broken) } else { Ok(row) }
    }
}

/// What an entry is found by, each once; 0 in place of what is none or a repeat.
fn topics(entry: &Entry) -> [u64; 3] {
    let (stream, mut sender, mut recipient) = (entry.stream(), entry.sender(), entry.recipient());
    if recipient == stream || recipient == sender {
        recipient = 0;
    }
    if sender == stream {
        sender = 0;
    }
    [stream, sender, recipient]
}

/// Postings while they are put together.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    lists: Vec<u8>,
}

impl Table {
    /// Hashes come in their order, slots in theirs.
    fn push(&mut self, hash: u64, mut slots: impl ExactSizeIterator<Item = u32>) {
        let count = slots.len() as u32;
        let at = match count {
            1 => slots.next().unwrap_or_default(),
            _ => {
                let at = self.lists.len() as u32;
                encode(slots, &mut self.lists);
                at
            }
        };
        self.rows.push(Row { hash: hash.into(), count: count.into(), at: at.into() });
    }

    fn finish(self, slots: Range<u32>) -> Postings {
        let topics = self.rows.len() as u32;
        let bytes = Bytes::Memory([self.rows.as_bytes(), &self.lists].concat().into());
        Postings { slots, topics, bytes, broken: AtomicBool::new(false) }
    }
}

/// The first row of a part that is not merged yet.
struct Head<'a> {
    part: &'a Postings,
    row: Option<Row>,
    next: u32,
    checked: Range<u64>,
}

impl<'a> Head<'a> {
    fn open(part: &'a Postings) -> Result<Self, Broken> {
        let mut head = Self { part, row: None, next: 0, checked: 0..0 };
        head.advance()?;
        Ok(head)
    }

    fn advance(&mut self) -> Result<(), Broken> {
        self.row = None;
        if self.next < self.part.topics {
            self.row = Some(self.part.row(self.next, &mut self.checked)?);
            self.next += 1;
        }
        Ok(())
    }

    /// Appends the slots of `hash`, if they are next.
    fn take(&mut self, hash: u64, slots: &mut Vec<u32>) -> Result<(), Broken> {
        let Some(row) = self.row.filter(|row| row.hash.get() == hash) else { return Ok(()) };
        match row.only_slot() {
            Some(slot) => slots.push(slot),
            None => {
                let list_at = self.part.lists_at() + row.list_at();
                let list = self.part.memory().get(list_at as usize..).ok_or(Broken)?;
                decode(list, row.count(), slots)?;
            }
        }
        self.advance()
    }
}
