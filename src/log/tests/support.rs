//! What the log's tests share: frames that are a function of an id, and a log with its parts on one thread.

use std::sync::Arc;
use std::time::Duration;

use crate::event::EventId;
use crate::log::{
    Disk, Durability, Indexer, LogOptions, OpenError, Opened, Reader, RealDisk, Record, Retainer, Syncer,
    WriteError, Writer, open,
};

/// Small enough to be made a thousand times.
pub(in crate::log) const SMALL_SEGMENT: u64 = 128 * 1024;
pub(in crate::log) const NOW_MS: u64 = 1_700_000_000_000;

pub(in crate::log) fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SMALL_SEGMENT,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap: false,
    }
}

pub(in crate::log) fn real_disk(dir: &tempfile::TempDir) -> Arc<dyn Disk> {
    Arc::new(RealDisk::open(dir.path()).unwrap())
}

/// The frame an event of this id and salt has in tests: different for each, 40 to about 1,000 bytes long.
pub(in crate::log) fn frame(id: EventId, salt: u64) -> Vec<u8> {
    let mixed = (id.0 ^ salt.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut bytes = format!("event {id} of {salt} {mixed:016x} ").into_bytes();
    let filler = b'a' + (mixed >> 16) as u8 % 26;
    bytes.resize(bytes.len().max(40) + (mixed >> 40) as usize % 960, filler);
    bytes
}

pub(in crate::log) fn record(frame: &[u8], flags: u16) -> Record<'_> {
    Record { stream: 1, sender: 2, recipient: 3, key: 4, aux: 5, flags, kind: 6, payload_offset: 7, frame }
}

/// An open log whose preparer runs when the test says so.
pub(in crate::log) struct Log {
    pub(in crate::log) writer: Writer,
    pub(in crate::log) syncer: Syncer,
    pub(in crate::log) reader: Reader,
    pub(in crate::log) retainer: Retainer,
    pub(in crate::log) scrubber: crate::log::Scrubber,
    pub(in crate::log) indexer: Indexer,
    pub(in crate::log) recovered: crate::log::Recovered,
    pub(in crate::log) preparer: crate::log::Preparer,
    pub(in crate::log) salt: u64,
}

impl Log {
    pub(in crate::log) fn open(disk: Arc<dyn Disk>) -> Self {
        Self::open_with(disk, options()).unwrap()
    }

    pub(in crate::log) fn open_with(disk: Arc<dyn Disk>, options: LogOptions) -> Result<Self, OpenError> {
        let Opened { mut writer, syncer, mut preparer, retainer, scrubber, indexer, reader, recovered } =
            open(disk, options, NOW_MS)?;
        preparer.turn();
        writer.set_spare_wait(Duration::ZERO);
        Ok(Self { writer, syncer, reader, retainer, scrubber, indexer, recovered, preparer, salt: 0 })
    }

    /// Appends one batch of `events` and flushes it; the ids it got.
    pub(in crate::log) fn append(&mut self, events: u64, now_ms: u64) -> Result<Vec<EventId>, WriteError> {
        let first = self.writer.next_id();
        let frames: Vec<Vec<u8>> = (0..events).map(|n| frame(EventId(first.0 + n), self.salt)).collect();
        let bytes = frames.iter().map(Vec::len).sum();
        self.writer.begin(frames.len(), bytes, now_ms)?;
        for (n, frame) in frames.iter().enumerate() {
            let more = if n + 1 < frames.len() { crate::log::Flags::BATCH_MORE } else { 0 };
            self.writer.push(EventId(first.0 + n as u64), record(frame, more));
        }
        self.writer.flush()?;
        self.preparer.turn();
        Ok((0..events).map(|n| EventId(first.0 + n)).collect())
    }

    /// Appends one batch of `events` that are nine bytes long.
    pub(in crate::log) fn append_short(&mut self, events: u64, now_ms: u64) -> Result<(), WriteError> {
        self.writer.begin(events as usize, 9 * events as usize, now_ms)?;
        for n in 1..=events {
            let more = if n < events { crate::log::Flags::BATCH_MORE } else { 0 };
            self.writer.push(self.writer.next_id(), record(b"a short 1", more));
        }
        self.writer.flush().map(drop)
    }

    /// Appends one event and leaves the preparer alone.
    pub(in crate::log) fn append_without_preparing(&mut self, now_ms: u64) -> Result<(), WriteError> {
        let id = self.writer.next_id();
        let frame = frame(id, self.salt);
        self.writer.begin(1, frame.len(), now_ms)?;
        self.writer.push(id, record(&frame, 0));
        self.writer.flush().map(drop)
    }

    /// Appends and syncs single events until `last` is durable.
    pub(in crate::log) fn fill_to(&mut self, last: EventId) {
        while self.writer.next_id() <= last {
            self.append(1, NOW_MS).unwrap();
            self.syncer.sync().unwrap();
            self.preparer.turn();
        }
    }

    pub(in crate::log) fn close(mut self) {
        self.syncer.close().unwrap();
    }
}

/// Every event from `first` to the commit point is there with the bytes it was given.
pub(in crate::log) fn check_frames(reader: &Reader, first: EventId, salt: u64) {
    let visible = reader.visible();
    let view = reader.view();
    let mut id = first;
    while id <= visible {
        let segment = view.segment(id).unwrap_or_else(|| panic!("no segment holds {id}"));
        assert_eq!(segment.frame(id), frame(id, salt), "the frame of {id}");
        assert_eq!(segment.entry(id).frame_len(), segment.frame(id).len());
        id = id.next();
    }
}
