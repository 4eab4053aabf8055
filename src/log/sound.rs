//! What of a sealed segment may be shown: its frames and entries are looked at against their checksums the first
//! time they are wanted, and what is not as it was written is never taken for whole.
//!
//! A segment that still takes events was written by this process and costs nothing here. What has been found whole
//! is believed until the process ends or the scrubber finds otherwise on the disk; what has been found damaged is
//! looked at event by event each time, so that no event is lost for its neighbour's sake.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U32;

use crate::event::EventId;
use crate::limits;
use crate::log::Segment;
use crate::log::header::{BLOCK_BYTES, BLOCKS_OFFSET, Seal};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Entries that are looked at together: one page of them.
pub(in crate::log) const GROUP_ENTRIES: u64 = 64;
/// Entries of a sealed segment that one call vouches for at the most.
const INDEX_RUN_MAX: u64 = 16_384;
/// Single frames of a block after which it is brought and looked at as a whole: then each further one costs nothing,
/// where it would be summed up every time it is sent.
const WANTED_OFTEN: u32 = 8;

const _: () = assert!(GROUP_ENTRIES * limits::ENTRY_BYTES as u64 == 4096);

/// What can be said of the events from a given one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// They are as they were written, through this one.
    Whole(EventId),
    /// They are not, through this one: to be announced as gone.
    Damaged(EventId),
    /// The disk does not say what the first one is. It may say so later, so nothing is announced.
    Unreadable,
}

/// What can be said of one entry or frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Damaged,
    Unreadable,
}

impl State {
    fn run(self, through: EventId) -> Run {
        match self {
            Self::Whole => Run::Whole(through),
            Self::Damaged => Run::Damaged(through),
            Self::Unreadable => Run::Unreadable,
        }
    }
}

impl Segment {
    /// What can be said of the **entries** `first..=last` from `first` on. `last` is of this segment and not past
    /// the commit point. A run may end early; ask again behind it.
    pub fn index_run(&self, first: EventId, last: EventId) -> Run {
        let last = if self.is_sealed() { last.min(EventId(first.0 + INDEX_RUN_MAX - 1)) } else { last };
        self.entries_run(first, last, u64::MAX)
    }

    /// What can be said of the **frames** from `first` on, their entries included: of so many as are not past `last`
    /// and not over `bytes_max` bytes long, but at least of `first` itself.
    pub fn frame_run(&self, first: EventId, last: EventId, bytes_max: usize) -> Run {
        let Some((seal, sound)) = self.sound() else {
            return Run::Whole(self.run_within(first, last, bytes_max));
        };
        let last = match self.entries_run(first, last, bytes_max as u64) {
            Run::Whole(last) => last,
            other => return other,
        };
        let last = self.run_within(first, last, bytes_max);
        if self.is_span_sound(first, last, seal, sound) {
            return Run::Whole(last);
        }
        let state = self.frame_state(first, seal, sound);
        let mut end = first;
        while end < last && self.frame_state(end.next(), seal, sound) == state {
            end = end.next();
        }
        state.run(end)
    }

    /// The same without looking at anything but these frames and the pages of their entries: for events that lie
    /// scattered, and whose neighbours nobody has brought into memory.
    pub fn scattered_run(&self, first: EventId, last: EventId) -> Run {
        let Some((seal, sound)) = self.sound() else { return Run::Whole(last) };
        let last = match self.entries_run(first, last, u64::MAX) {
            Run::Whole(last) => last,
            other => return other,
        };
        let state = self.lone_frame_state(first, seal, sound);
        let mut end = first;
        while end < last && self.lone_frame_state(end.next(), seal, sound) == state {
            end = end.next();
        }
        state.run(end)
    }

    /// Looks at the blocks of frames that lie scattered and have been brought into memory: those that are there as a
    /// whole, or were wanted often enough to be brought. May wait for the disk.
    pub(in crate::log) fn judge_blocks(&self, ids: &[EventId]) {
        let Some((seal, sound)) = self.sound() else { return };
        for id in ids {
            // A damaged entry names another block, or none.
            let block = block_of(u64::from(self.entry(*id).frame_offset.get()));
            let Some(wanted) = sound.wanted.get(block as usize).filter(|_| sound.blocks.get(block) == 0)
            else {
                continue;
            };
            let (offset, bytes) = block_range(block, seal.data_end);
            if wanted.fetch_add(1, Ordering::Relaxed) >= WANTED_OFTEN
                || self.region().is_resident(offset, bytes as usize)
            {
                self.is_block_sound(block, seal, sound);
            }
        }
    }

    /// Looks at these frames and the blocks they lie in, all of which are in memory.
    pub fn judge_frames(&self, ids: &[EventId]) {
        let Some((seal, sound)) = self.sound() else { return };
        for id in ids.iter().filter(|id| self.index_run(**id, **id) == Run::Whole(**id)) {
            self.is_span_sound(*id, *id, seal, sound);
        }
    }

    /// Whether everything that the seal sums up is as it says. Reads all of it.
    pub(in crate::log) fn is_as_sealed(&self) -> bool {
        self.sound().is_none_or(|(seal, sound)| {
            !sound.block_crcs.is_empty()
                && (0..block_count(seal.data_end)).all(|block| self.is_block_sound(block, seal, sound))
                && self.is_index_whole()
        })
    }

    /// Pieces (of frames or of the index) that are known to be damaged.
    pub fn damaged_pieces(&self) -> u32 {
        self.known_soundness().map_or(0, |sound| sound.damaged.load(Ordering::Relaxed))
    }

    /// The same of entries alone; stops in the group where the frames are `bytes_max` bytes long.
    fn entries_run(&self, first: EventId, last: EventId, bytes_max: u64) -> Run {
        let Some((seal, sound)) = self.sound() else { return Run::Whole(last) };
        let base = self.base().0;
        let last = last.0.saturating_sub(base).min(u64::from(seal.count).saturating_sub(1));
        let slot = first.0.saturating_sub(base);
        let state = self.slot_state(slot, seal, sound);
        if state == State::Unreadable {
            return Run::Unreadable;
        }
        let entry = |slot| self.entry(EventId(base + slot));
        let limit = u64::from(entry(slot).frame_offset.get()).saturating_add(bytes_max);
        let mut end = self.group_run(slot, last, state, seal, sound);
        while end % GROUP_ENTRIES == GROUP_ENTRIES - 1
            && end < last
            && (state == State::Damaged || entry(end).frame_end() <= limit)
            && self.slot_state(end + 1, seal, sound) == state
        {
            end = self.group_run(end + 1, last, state, seal, sound);
        }
        state.run(EventId(base + end.max(slot)))
    }

    /// The last slot of a run within one group that begins with `slot`, which is in this `state`.
    fn group_run(&self, slot: u64, last: u64, state: State, seal: &Seal, sound: &Soundness) -> u64 {
        let last = (slot | (GROUP_ENTRIES - 1)).min(last);
        if state == State::Whole && self.is_group_sound(slot / GROUP_ENTRIES, seal, sound) {
            return last;
        }
        let mut end = slot;
        while end < last && self.slot_state(end + 1, seal, sound) == state {
            end += 1;
        }
        end
    }

    fn slot_state(&self, slot: u64, seal: &Seal, sound: &Soundness) -> State {
        if slot >= u64::from(seal.count) {
            return State::Damaged;
        }
        if self.is_group_sound(slot / GROUP_ENTRIES, seal, sound) {
            return State::Whole;
        }
        if !self.can_read(self.geometry().entry_offset(slot), limits::ENTRY_BYTES as u64) {
            return State::Unreadable;
        }
        let whole = self.checked_entry(EventId(self.base().0 + slot)).is_some();
        if whole { State::Whole } else { State::Damaged }
    }

    fn is_group_sound(&self, group: u64, seal: &Seal, sound: &Soundness) -> bool {
        sound.judge(&sound.groups, group, || {
            let first = group * GROUP_ENTRIES;
            let last = (first + GROUP_ENTRIES).min(u64::from(seal.count)).saturating_sub(1);
            let offset = self.geometry().entry_offset(last);
            self.can_read(offset, (last - first + 1) * limits::ENTRY_BYTES as u64)
                && (first..=last).all(|slot| self.checked_entry(EventId(self.base().0 + slot)).is_some())
        })
    }

    /// Whether the frames of two whole entries and all between them lie in blocks that are as they were sealed.
    fn is_span_sound(&self, first: EventId, last: EventId, seal: &Seal, sound: &Soundness) -> bool {
        let start = u64::from(self.entry(first).frame_offset.get());
        let end = self.entry(last).frame_end();
        let inside = limits::SEGMENT_HEADER_BYTES <= start && start < end && end <= seal.data_end;
        inside && (block_of(start)..=block_of(end - 1)).all(|block| self.is_block_sound(block, seal, sound))
    }

    fn is_block_sound(&self, block: u64, seal: &Seal, sound: &Soundness) -> bool {
        sound.judge(&sound.blocks, block, || {
            let (offset, bytes) = block_range(block, seal.data_end);
            let crc = sound.block_crcs.get(block as usize);
            bytes > 0
                && self.can_read(offset, bytes)
                && crc.is_some_and(|crc| crc.get() == crc32c::crc32c(self.closed_bytes(offset, bytes)))
        })
    }

    /// What can be said of the frame of a whole entry.
    fn frame_state(&self, id: EventId, seal: &Seal, sound: &Soundness) -> State {
        if self.is_span_sound(id, id, seal, sound) { State::Whole } else { self.own_state(id) }
    }

    /// The same; the blocks around it are looked at only where it is not whole, so that they become known as damaged.
    fn lone_frame_state(&self, id: EventId, seal: &Seal, sound: &Soundness) -> State {
        let entry = self.entry(id);
        let (start, end) = (u64::from(entry.frame_offset.get()), entry.frame_end());
        let known = start < end
            && end <= seal.data_end
            && (block_of(start)..=block_of(end - 1)).all(|block| sound.blocks.get(block) == WHOLE);
        match if known { State::Whole } else { self.own_state(id) } {
            State::Damaged => self.frame_state(id, seal, sound),
            state => state,
        }
    }

    /// What the frame's own checksum says.
    fn own_state(&self, id: EventId) -> State {
        let entry = self.entry(id);
        if !self.can_read(u64::from(entry.frame_offset.get()), entry.frame_len() as u64) {
            return State::Unreadable;
        }
        let whole = crc32c::crc32c_append(self.salt().seed(id), self.frame(id)) == entry.frame_crc.get();
        if whole { State::Whole } else { State::Damaged }
    }

    /// Fetches bytes without the signal that a touch of them would be where the disk cannot read them.
    fn can_read(&self, offset: u64, bytes: u64) -> bool {
        self.populate_bytes(offset, bytes).is_ok()
    }

    /// Reads the CRCs of the blocks; none where they are not those that were sealed.
    pub(in crate::log) fn read_block_crcs(&self, seal: &Seal) -> Vec<U32> {
        let blocks = block_count(seal.data_end);
        let (offset, bytes) = (self.geometry().seal_offset() + BLOCKS_OFFSET, blocks * 4);
        if u64::from(seal.block_count) != blocks || !self.can_read(offset, bytes) {
            return Vec::new();
        }
        let crcs = self.closed_bytes(offset, bytes);
        let crcs = Some(crcs).filter(|crcs| crc32c::crc32c(crcs) == seal.blocks_crc);
        crcs.and_then(|crcs| <[U32]>::ref_from_bytes(crcs).ok()).map(<[U32]>::to_vec).unwrap_or_default()
    }
}

/// What is known of the pieces of one sealed segment. Made when the first of them is wanted.
pub(in crate::log) struct Soundness {
    pub(in crate::log) block_crcs: Vec<U32>,
    blocks: Marks,
    groups: Marks,
    /// How often single frames of each block were wanted while nothing was known of it.
    wanted: Box<[AtomicU32]>,
    damaged: AtomicU32,
}

impl Soundness {
    pub(in crate::log) fn new(segment: &Segment, seal: &Seal) -> Self {
        Self {
            block_crcs: segment.read_block_crcs(seal),
            blocks: Marks::new(block_count(seal.data_end)),
            groups: Marks::new(u64::from(seal.count).div_ceil(GROUP_ENTRIES)),
            wanted: (0..block_count(seal.data_end)).map(|_| AtomicU32::new(0)).collect(),
            damaged: AtomicU32::new(0),
        }
    }

    /// The disk does not hold this block as it was sealed, whatever memory holds: its frames are looked at one by
    /// one from now on.
    pub(in crate::log) fn distrust_block(&self, block: u64) {
        self.distrust(&self.blocks, block);
    }

    /// The same of a group of entries.
    pub(in crate::log) fn distrust_group(&self, group: u64) {
        self.distrust(&self.groups, group);
    }

    pub(in crate::log) fn is_block_distrusted(&self, block: u64) -> bool {
        self.blocks.get(block) & DISTRUSTED != 0
    }

    pub(in crate::log) fn is_group_distrusted(&self, group: u64) -> bool {
        self.groups.get(group) & DISTRUSTED != 0
    }

    /// What is known of a piece; where nothing is, `look` finds out.
    fn judge(&self, marks: &Marks, piece: u64, look: impl FnOnce() -> bool) -> bool {
        match marks.get(piece) {
            WHOLE => true,
            0 if look() => marks.set(piece, WHOLE) & DISTRUSTED == 0,
            0 => {
                self.distrust(marks, piece);
                false
            }
            _ => false,
        }
    }

    fn distrust(&self, marks: &Marks, piece: u64) {
        if marks.set(piece, DISTRUSTED) & DISTRUSTED == 0 {
            self.damaged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Looked at and found as it was written.
const WHOLE: u64 = 1;
/// Found damaged, in memory or on the disk. Stands, whatever else is set.
const DISTRUSTED: u64 = 2;
const MARK_BITS: u64 = 2;
const MARKS_PER_WORD: u64 = u64::BITS as u64 / MARK_BITS;

/// Two bits for each piece. They only say what anybody can find out again, so no order between threads is needed.
struct Marks(Box<[AtomicU64]>);

impl Marks {
    fn new(pieces: u64) -> Self {
        Self((0..pieces.div_ceil(MARKS_PER_WORD)).map(|_| AtomicU64::new(0)).collect())
    }

    fn get(&self, piece: u64) -> u64 {
        let word = self.0.get((piece / MARKS_PER_WORD) as usize);
        let shift = piece % MARKS_PER_WORD * MARK_BITS;
        word.map_or(DISTRUSTED, |word| word.load(Ordering::Relaxed) >> shift & (WHOLE | DISTRUSTED))
    }

    /// What it was before.
    fn set(&self, piece: u64, mark: u64) -> u64 {
        let word = self.0.get((piece / MARKS_PER_WORD) as usize);
        let shift = piece % MARKS_PER_WORD * MARK_BITS;
        word.map_or(DISTRUSTED, |word| word.fetch_or(mark << shift, Ordering::Relaxed) >> shift)
            & (WHOLE | DISTRUSTED)
    }
}

/// How many blocks the frames up to `data_end` make.
pub(in crate::log) fn block_count(data_end: u64) -> u64 {
    data_end.saturating_sub(limits::SEGMENT_HEADER_BYTES).div_ceil(BLOCK_BYTES)
}

/// Where a block begins, and how many bytes it has; none behind the last.
pub(in crate::log) fn block_range(block: u64, data_end: u64) -> (u64, u64) {
    let offset = limits::SEGMENT_HEADER_BYTES + block * BLOCK_BYTES;
    (offset, BLOCK_BYTES.min(data_end.saturating_sub(offset)))
}

fn block_of(offset: u64) -> u64 {
    offset.saturating_sub(limits::SEGMENT_HEADER_BYTES) / BLOCK_BYTES
}
