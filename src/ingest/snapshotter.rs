//! Snapshots of the memory, taken beside the writer thread: from the one before and the segments sealed since.
//!
//! It never touches the writer's tables. It starts no thread and waits for the disk, so it is for a thread that may.

use crate::event::EventId;
use crate::ingest::memory::{Bounds, Memory};
use crate::ingest::snapshot::{Origin, SnapshotFile, Taken, Unusable};
use crate::log::{Reader, Segment, View};

/// One is due when the log has grown by this many times its bytes, so that snapshots are at most half of what is
/// written.
const LOG_BYTES_PER_BYTE: u64 = 2;
/// How long it rests after a failure.
const RETRY_MS: u64 = 60_000;

/// Takes snapshots when they are due.
pub struct Snapshotter {
    file: SnapshotFile,
    reader: Reader,
    bounds: Bounds,
    /// What the file holds: the last event it knows, and its bytes.
    last: Option<(EventId, u64)>,
    /// Unix milliseconds before which nothing is tried.
    rests_until_ms: u64,
}

/// One snapshot, for the diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotTaken {
    /// The last event that it knows.
    pub through: EventId,
    /// Events that were read for it.
    pub events: u64,
    pub bytes: u64,
}

impl Snapshotter {
    /// `last`: what the file is known to hold.
    pub(crate) fn new(
        file: SnapshotFile,
        reader: Reader,
        bounds: Bounds,
        last: Option<(EventId, u64)>,
    ) -> Self {
        Self { file, reader, bounds, last, rests_until_ms: 0 }
    }

    /// Takes a snapshot if one is due; to be called every few seconds, before retention has its turn. `now_ms`: unix
    /// milliseconds. A failure leaves the one before and is tried again after a minute.
    pub fn turn(&mut self, now_ms: u64) -> std::io::Result<Option<SnapshotTaken>> {
        let durable = self.reader.durable();
        let view = self.reader.view();
        let Some(through) = self.due(&view, durable).filter(|_| now_ms >= self.rests_until_ms) else {
            return Ok(None);
        };
        match self.take(&view, through) {
            Ok(taken) => {
                self.last = Some((through, taken.bytes));
                Ok(Some(taken))
            }
            Err(error) => {
                self.rests_until_ms = now_ms.saturating_add(RETRY_MS);
                Err(error)
            }
        }
    }

    /// The event up to which a snapshot is due.
    fn due(&self, view: &View, durable: EventId) -> Option<EventId> {
        let known = self.last.map_or(EventId::ZERO, |(through, _)| through);
        let complete = |segment: &&Segment| segment.is_sealed() && segment.last(durable.next()) <= durable;
        let sealed = view.segments().iter().map(AsRef::as_ref).take_while(complete);
        let new: Vec<&Segment> = sealed.filter(|segment| segment.base() > known).collect();
        let grown: u64 = new.iter().map(|segment| segment.disk_bytes()).sum();
        let cost = self.last.map_or(0, |(_, bytes)| bytes.saturating_mul(LOG_BYTES_PER_BYTE));
        // Retention takes from the other end: it should never meet what no snapshot knows.
        let near = 2 * new.len() >= view.segments().len();
        let last = new.last().map(|segment| segment.last(durable));
        last.filter(|_| grown >= cost || near)
    }

    fn take(&self, view: &View, through: EventId) -> std::io::Result<SnapshotTaken> {
        let Taken { origin, mut memory, .. } = match usable(&self.file, self.bounds, &self.reader, view) {
            Ok(Some(taken)) => taken,
            Ok(None) => self.nothing(),
            Err(Unusable::Io(error)) if error.kind() != std::io::ErrorKind::InvalidData => return Err(error),
            Err(_) => self.nothing(),
        };
        let events = memory.fold(view, origin.through, through);
        memory.keys.forget_before(view.earliest());
        let origin = Origin::of(self.reader.uuid(), view, through);
        let bytes = self.file.write(&origin, &memory)?;
        Ok(SnapshotTaken { through, events, bytes })
    }

    fn nothing(&self) -> Taken {
        let (segments, holes) = (Vec::new(), Vec::new());
        let origin = Origin { uuid: self.reader.uuid(), through: EventId::ZERO, segments, holes };
        Taken { origin, memory: Memory::new(self.bounds), bytes: 0 }
    }
}

/// The snapshot of the file, if the log supports it.
fn usable(
    file: &SnapshotFile,
    bounds: Bounds,
    reader: &Reader,
    view: &View,
) -> Result<Option<Taken>, Unusable> {
    let Some(taken) = file.read(bounds)? else { return Ok(None) };
    taken.origin.supported_by(reader.uuid(), view)?;
    Ok(Some(taken))
}
