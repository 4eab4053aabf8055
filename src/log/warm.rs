//! Which bytes of a segment are in memory, and how they get there: so that only threads that may wait for the disk do.
//!
//! It asks and brings; what is asked for, and by whom, is decided elsewhere.

use crate::event::EventId;
use crate::limits;
use crate::log::Segment;
use crate::log::header::BLOCK_BYTES;

impl Segment {
    /// Brings the entries and the frames of these events into memory; answers how many bytes of frames that were,
    /// in whole pages. Ids that are not of this segment are passed over. Waits for the disk: not for a thread that
    /// must not.
    pub fn populate(&self, ids: &[EventId]) -> std::io::Result<usize> {
        let (entry, slots_max) = (limits::ENTRY_BYTES, self.geometry().slots_max());
        let slots = ids.iter().map(|id| id.0.wrapping_sub(self.base().0)).filter(|&slot| slot < slots_max);
        let _made = self.sound();
        self.region().bring(slots.map(|slot| (self.geometry().entry_offset(slot), entry)))?;
        self.populate_frames(ids)
    }

    /// The same of events whose entries are in memory. Blocks that are worth it are looked at as a whole, so that
    /// `scattered_run` finds them known.
    pub fn populate_frames(&self, ids: &[EventId]) -> std::io::Result<usize> {
        let _made = self.sound();
        let frames =
            ids.iter().map(|id| (u64::from(self.entry(*id).frame_offset.get()), self.frame(*id).len()));
        let brought = self.region().bring(frames)?;
        self.judge_blocks(ids);
        Ok(brought)
    }

    /// The same for `first` and those after it, up to `last` and at most `bytes_max` bytes of frames; and looks at
    /// them, so that `frame_run` finds them known.
    pub fn populate_run(&self, first: EventId, last: EventId, bytes_max: usize) -> std::io::Result<usize> {
        let _made = self.sound();
        let (offset, bytes) = self.entries_range(first, last);
        self.region().bring(std::iter::once((offset, bytes)))?;
        let end = self.run_within(first, last, bytes_max);
        let brought = self.region().bring(std::iter::once(self.frames_range(first, end)))?;
        self.frame_run(first, end, bytes_max);
        Ok(brought)
    }

    /// Whether the entries of `first..=last` are in memory. Never waits; false where there are too many to ask for.
    pub fn has_entries_in_memory(&self, first: EventId, last: EventId) -> bool {
        let (offset, bytes) = self.entries_range(first, last);
        self.can_be_judged() && self.region().is_resident(offset, bytes)
    }

    /// The same for all frames from `first` to `last`, of both of which the entries are.
    pub fn has_frames_in_memory(&self, first: EventId, last: EventId) -> bool {
        let (offset, bytes) = self.frames_range(first, last);
        self.can_be_judged() && self.region().is_resident(offset, bytes)
    }

    /// Whether what is looked at before anything of the segment is shown is in memory itself.
    fn can_be_judged(&self) -> bool {
        !self.is_sealed() || self.known_soundness().is_some()
    }

    /// Where the frames from `first` to `last` lie; of a sealed segment in whole blocks, as they are looked at.
    fn frames_range(&self, first: EventId, last: EventId) -> (u64, usize) {
        let (start, bytes) = (u64::from(self.entry(first).frame_offset.get()), self.span(first, last).len());
        let Some(seal) = self.seal().filter(|_| bytes > 0) else { return (start, bytes) };
        let before = start.saturating_sub(limits::SEGMENT_HEADER_BYTES) % BLOCK_BYTES;
        let start = start - before;
        let end = (start + (before + bytes as u64).next_multiple_of(BLOCK_BYTES)).min(seal.data_end);
        (start, end.saturating_sub(start) as usize)
    }

    /// Where the entries of `first..=last` lie; nowhere if those are not of this segment.
    pub(in crate::log) fn entries_range(&self, first: EventId, last: EventId) -> (u64, usize) {
        let inside =
            self.base() <= first && first <= last && last.0 - self.base().0 < self.geometry().slots_max();
        let count = if inside { (last.0 - first.0 + 1) as usize } else { 0 };
        (self.geometry().entry_offset(last.0.wrapping_sub(self.base().0)), count * limits::ENTRY_BYTES)
    }

    /// Brings a range of the file into memory. Waits for the disk, and answers with its error.
    pub(in crate::log) fn populate_bytes(&self, offset: u64, bytes: u64) -> std::io::Result<()> {
        self.region().populate(offset, bytes as usize)
    }
}
