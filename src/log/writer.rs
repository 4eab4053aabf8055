//! The one writer of a log: stages a batch, writes it with two `pwrite`s, moves the written mark.
//!
//! It never syncs, never waits for a sync, and in steady state allocates nothing per event. Ids come from
//! outside.

use std::sync::Arc;
use std::time::Duration;

use zerocopy::IntoBytes as _;

use crate::event::EventId;
use crate::limits;
use crate::log::format::{Entry, Flags, Geometry, SEGMENT_AGE_MAX_MS, UNSYNCED_MAX};
use crate::log::header::Header;
use crate::log::shared::{Bench, Live, Shared, Spare, locked};
use crate::log::{DiskFile, Durability, Segment};
use crate::sync::{Ordering, PoisonError};

/// How long a roll waits for a segment that is being prepared.
const SPARE_WAIT: Duration = Duration::from_secs(2);

/// One event as the log takes it: the frame exactly as it goes on the wire, and what the index holds of it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub stream: u64,
    pub sender: u64,
    pub recipient: u64,
    pub key: u64,
    pub aux: u64,
    /// `Flags::BATCH_MORE` and `Flags::POSITIONED`; `PRESENT` is the log's own.
    pub flags: u16,
    pub kind: u8,
    pub payload_offset: u8,
    pub frame: &'a [u8],
}

/// What was written since the last successful flush, the part that a roll flushed included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub last: EventId,
    pub events: u64,
    pub frame_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The next segment is not prepared yet or cannot be (full disk): nothing was written, retry later.
    #[error("no segment is ready to take the batch: {reason}")]
    NoSegment { reason: String },
    /// Too little of the disk is free: nothing was written, retry later.
    #[error("the log's disk is under its floor")]
    DiskFull,
    /// A write or sync failed; the log takes nothing more until a restart.
    #[error("the log is poisoned: {reason}")]
    Poisoned { reason: String },
}

/// Appends to the log. Not `Clone`; lives on one thread.
pub struct Writer {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    /// `None`: the disk was full when the log was opened, and the segment is there in name only.
    file: Option<Arc<dyn DiskFile>>,
    next: EventId,
    /// Entries and end of the frames of the active segment, staged ones included.
    slots: u64,
    data_end: u64,
    time_ms: u64,
    /// Of the active segment's first event; of no meaning while it has none.
    first_ms: u64,
    /// How long a segment takes events while another is ready.
    roll_after_ms: u64,
    frames: Vec<u8>,
    entries: Vec<Entry>,
    /// Written since the last flush.
    appended: (u64, u64),
    /// Room that `begin` made and `push` has not used: events and bytes.
    room: (usize, usize),
    spare_wait: Duration,
    /// The last roll waited in vain: do not make every batch wait as long.
    waited: bool,
}

impl Writer {
    /// `live`: the segment that takes the next events, and its file if it has one. `time_ms`: of the last kept event.
    pub(in crate::log) fn new(
        shared: Arc<Shared>,
        live: (Arc<Segment>, Option<Arc<dyn DiskFile>>),
        time_ms: u64,
    ) -> Self {
        shared.bench().owners += 1;
        let (segment, file) = live;
        Self {
            shared,
            next: segment.base(),
            segment,
            file,
            slots: 0,
            data_end: limits::SEGMENT_HEADER_BYTES,
            time_ms,
            first_ms: time_ms,
            roll_after_ms: SEGMENT_AGE_MAX_MS,
            frames: Vec::with_capacity(limits::WRITE_BYTES_MAX),
            entries: Vec::with_capacity(limits::BATCH_EVENTS_MAX),
            appended: (0, 0),
            room: (0, 0),
            spare_wait: SPARE_WAIT,
            waited: false,
        }
    }

    /// The id the next pushed record must carry.
    pub fn next_id(&self) -> EventId {
        self.next
    }

    /// Unix milliseconds of the last event, which no later one is earlier than.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// Lets no segment take events for longer than this after its first one, where the next segment is ready:
    /// retention by age removes whole segments.
    pub fn roll_after(&mut self, age_ms: u64) {
        self.roll_after_ms = age_ms;
    }

    /// Makes room for a batch of `events` records with `frame_bytes` bytes of frames in **one** segment,
    /// rolling to the prepared next one (after flushing what is staged) when it does not fit. `now_ms`: unix
    /// milliseconds; times are forced monotone.
    pub fn begin(&mut self, events: usize, frame_bytes: usize, now_ms: u64) -> Result<(), WriteError> {
        self.check_poison()?;
        if self.shared.under_floor.load(Ordering::Relaxed) {
            return Err(WriteError::DiskFull);
        }
        self.time_ms = self.time_ms.max(now_ms);
        let geometry = self.segment.geometry();
        if !geometry.fits(0, limits::SEGMENT_HEADER_BYTES, events as u64, frame_bytes as u64) {
            return Err(WriteError::NoSegment { reason: "the batch is larger than a segment".to_owned() });
        }
        if self.must_roll(events, frame_bytes) || self.may_roll() {
            self.roll()?;
        } else if self.is_aged() {
            self.renew()?;
        }
        self.room = (events, frame_bytes);
        Ok(())
    }

    /// True when `begin` would wait for a segment that is still being prepared: whoever has something staged
    /// should see to it first.
    pub fn must_wait(&self, events: usize, frame_bytes: usize) -> bool {
        self.must_roll(events, frame_bytes) && !self.waited && {
            let bench = self.shared.bench();
            bench.spare.is_none() && bench.failure.is_none()
        }
    }

    /// Stages one record under `id`, which must be `next_id()`. Room was made by `begin`. A call that breaks
    /// either rule poisons the log: what follows could not be recovered.
    pub fn push(&mut self, id: EventId, record: Record<'_>) {
        let frame_bytes = record.frame.len();
        let in_room = self.room.0 > 0 && frame_bytes <= self.room.1;
        let sound = (1..=limits::FRAME_BYTES_MAX).contains(&frame_bytes)
            && usize::from(record.payload_offset) < frame_bytes;
        if id != self.next || !in_room || !sound {
            self.shared
                .poison(format!("event {id} was handed to the log out of turn (next is {})", self.next));
            debug_assert!(false, "{frame_bytes} bytes for {id}; next is {}, room {:?}", self.next, self.room);
            return;
        }
        let seed = self.segment.salt().seed(id);
        let unsynced = id.0.saturating_sub(self.shared.durable().0).min(u64::from(UNSYNCED_MAX)) as u16;
        let time = self.time_ms.saturating_sub(self.segment.created_ms()).min(u64::from(u32::MAX)) as u32;
        let mut entry = Entry {
            stream: record.stream.into(),
            sender: record.sender.into(),
            recipient: record.recipient.into(),
            key: record.key.into(),
            aux: record.aux.into(),
            time: time.into(),
            frame_offset: (self.data_end as u32).into(),
            frame_crc: crc32c::crc32c_append(seed, record.frame).into(),
            frame_bytes: (frame_bytes as u16).into(),
            payload_offset: record.payload_offset,
            kind: record.kind,
            flags: (record.flags | Flags::PRESENT).into(),
            unsynced: unsynced.into(),
            crc: 0.into(),
        };
        entry.crc = entry.checksum(seed).into();
        self.entries.push(entry);
        self.frames.extend_from_slice(record.frame);
        if self.slots == 0 {
            self.first_ms = self.time_ms;
        }
        self.slots += 1;
        self.data_end += frame_bytes as u64;
        self.next = id.next();
        self.room = (self.room.0 - 1, self.room.1 - frame_bytes);
    }

    /// Writes what is staged (data, then entries) and publishes it as written. An error other than
    /// `NoSegment` poisons.
    pub fn flush(&mut self) -> Result<Appended, WriteError> {
        self.write_staged()?;
        let (events, frame_bytes) = std::mem::take(&mut self.appended);
        Ok(Appended { last: self.next.previous(), events, frame_bytes })
    }

    /// The simulator prepares segments on the writer's own thread, where waiting is of no use.
    #[cfg(test)]
    pub(crate) fn set_spare_wait(&mut self, wait: Duration) {
        self.spare_wait = wait;
    }

    #[cfg(test)]
    pub(in crate::log) fn has_room(&self, events: usize, frame_bytes: usize) -> bool {
        !self.must_roll(events, frame_bytes)
    }

    fn is_aged(&self) -> bool {
        self.time_ms.saturating_sub(self.segment.created_ms()) > SEGMENT_AGE_MAX_MS
    }

    fn must_roll(&self, events: usize, frame_bytes: usize) -> bool {
        let fits = self.segment.geometry().fits(self.slots, self.data_end, events as u64, frame_bytes as u64);
        self.file.is_none() || self.slots > 0 && (self.is_aged() || !fits)
    }

    /// The segment has been in use for long enough and the next one is ready. Never a reason to wait or to
    /// refuse.
    fn may_roll(&self) -> bool {
        self.slots > 0
            && self.time_ms.saturating_sub(self.first_ms) > self.roll_after_ms
            && self.shared.bench().spare.is_some()
    }

    fn check_poison(&self) -> Result<(), WriteError> {
        match self.shared.poisoned() {
            Some(reason) => Err(WriteError::Poisoned { reason: reason.to_owned() }),
            None => Ok(()),
        }
    }

    fn write_staged(&mut self) -> Result<(), WriteError> {
        self.check_poison()?;
        let Some(file) = self.file.as_ref().filter(|_| !self.entries.is_empty()) else { return Ok(()) };
        // The entry of the higher slot lies at the lower offset.
        self.entries.reverse();
        let entries_at = self.segment.geometry().entry_offset(self.slots - 1);
        let written = file
            .write_at(self.data_end - self.frames.len() as u64, &self.frames)
            .and_then(|()| file.write_at(entries_at, self.entries.as_bytes()));
        if let Err(error) = written {
            return Err(self.poison(format!("writing events before {} failed: {error}", self.next)));
        }
        self.appended.0 += self.entries.len() as u64;
        self.appended.1 += self.frames.len() as u64;
        self.entries.clear();
        self.frames.clear();
        self.shared.set_written(self.next.previous());
        Ok(())
    }

    /// Goes on in the prepared segment. Where none is ready, what was staged is written all the same.
    fn roll(&mut self) -> Result<(), WriteError> {
        self.write_staged()?;
        let spare = self.take_spare()?;
        let Spare { file, region, name } = spare;
        let header = self.new_header()?;
        if let Err(error) = file.write_at(0, &header.encode()) {
            return Err(self.poison(format!("writing the head of segment {} failed: {error}", self.next)));
        }
        let segment = Arc::new(Segment::new(region, &header));
        // Before `written` can move into the new segment: a reader with the old view must find its end.
        self.segment.close(self.slots as u32);
        let placed = self.file.is_some();
        self.shared.view.rcu(|view| {
            if placed { view.with(Arc::clone(&segment)) } else { view.with_last(Arc::clone(&segment)) }
        });
        let live = Live { segment: Arc::clone(&segment), file: Arc::clone(&file), tmp_name: Some(name) };
        locked(&self.shared.begun).push(live);
        self.shared.bench().sync_wanted = self.shared.durability == Durability::None;
        self.shared.bench_changed.notify_all();
        (self.segment, self.file) = (segment, Some(file));
        (self.slots, self.data_end) = (0, limits::SEGMENT_HEADER_BYTES);
        Ok(())
    }

    /// An empty segment that is too old for the 32 bits of its times gets a new origin of them.
    fn renew(&mut self) -> Result<(), WriteError> {
        self.segment.set_created_ms(self.time_ms);
        let header = self.segment.header(self.shared.uuid);
        let written = self.file.as_ref().map_or(Ok(()), |file| file.write_at(0, &header.encode()));
        written.map_err(|error| {
            self.poison(format!("writing the head of segment {} failed: {error}", self.next))
        })
    }

    fn new_header(&self) -> Result<Header, WriteError> {
        let mut seg_id = [0; 8];
        if let Err(error) = self.shared.disk.fill_random(&mut seg_id) {
            return Err(self.poison(format!("the kernel gave no random bytes: {error}")));
        }
        Ok(Header {
            uuid: self.shared.uuid,
            seg_id: u64::from_le_bytes(seg_id),
            base: self.next,
            created_ms: self.time_ms,
            // `open` has refused a size that no segment has.
            geometry: Geometry::new(self.shared.segment_bytes).unwrap_or(self.segment.geometry()),
        })
    }

    fn take_spare(&mut self) -> Result<Spare, WriteError> {
        let mut bench = self.shared.bench();
        if bench.spare.is_none() && bench.failure.is_none() && !self.waited {
            let waiting = |bench: &mut Bench| {
                bench.spare.is_none() && bench.failure.is_none() && self.shared.poisoned().is_none()
            };
            let waited = self.shared.bench_changed.wait_timeout_while(bench, self.spare_wait, waiting);
            bench = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.waited = bench.spare.is_none();
        match bench.spare.take() {
            Some(spare) => {
                // The preparer goes on with the one after it.
                self.shared.bench_changed.notify_all();
                Ok(spare)
            }
            None => {
                self.check_poison()?;
                let reason = bench.failure.clone();
                let reason = reason.unwrap_or_else(|| "it is still being prepared".to_owned());
                Err(WriteError::NoSegment { reason })
            }
        }
    }

    fn poison(&self, reason: String) -> WriteError {
        self.shared.poison(reason.clone());
        WriteError::Poisoned { reason }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.poison_if_unwinding("writer");
        self.shared.bench().owners -= 1;
        self.shared.bench_changed.notify_all();
    }
}
