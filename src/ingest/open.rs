//! Joins the parts of the way in and brings back what they know: from the snapshot, and from the log's entries
//! since.
//!
//! It starts no thread that outlives a call: `app` does.

use std::sync::Arc;

use crate::doorbell::Doorbell;
use crate::event::EventId;
use crate::ingest::answer::Desk;
use crate::ingest::intake::{Intake, ToSync};
use crate::ingest::memory::{Bounds, Memory};
use crate::ingest::snapshot::{SnapshotFile, Taken, Unusable};
use crate::ingest::sync::Committer;
use crate::ingest::{Answers, Publisher, Snapshotter, SyncTask, WriterTask};
use crate::limits;
use crate::log::{Disk, Durability, Reader, Syncer, Writer};

/// The parts of the way in, to be run by `app` on their threads and given to the workers.
pub struct Ingest {
    pub publisher: Publisher,
    /// One for each worker, in their order.
    pub answers: Vec<Answers>,
    pub writer: WriterTask,
    pub sync: SyncTask,
    pub snapshotter: Snapshotter,
    pub remembered: Remembered,
}

/// The snapshot as the disk has it. Whether the log supports it is seen when both are there, so it may be read while
/// that is still being opened.
pub struct Snapshot {
    file: SnapshotFile,
    bounds: Bounds,
    read: Result<Option<Taken>, Unusable>,
}

/// What the start has brought back, for the diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// The last event the snapshot knew; 0 without one.
    pub snapshot: EventId,
    /// Events that were read from the log's entries.
    pub events: u64,
    pub payment_streams: usize,
    pub keys: usize,
    pub sources: usize,
}

impl Snapshot {
    /// Reads the snapshot of the log on `disk`. `payment_streams_max`: how many payment streams' parties are to be
    /// remembered.
    pub fn read(disk: Arc<dyn Disk>, payment_streams_max: usize) -> Self {
        let (file, bounds) = (SnapshotFile::new(disk), Bounds::of(payment_streams_max));
        let read = file.read(bounds);
        Self { file, bounds, read }
    }

    /// The memory of all events up to the commit point.
    fn bring_up_to_date(self, reader: &Reader) -> (Memory, Remembered, Snapshotter) {
        let Self { file, bounds, read } = self;
        let visible = reader.visible();
        let view = reader.view();
        let found = read.and_then(|taken| match taken {
            Some(taken) => taken.origin.supported_by(reader.uuid(), &view).map(|()| Some(taken)),
            None => Ok(None),
        });
        let taken = found.unwrap_or_else(|unusable| {
            tracing::warn!(
                %unusable,
                "the snapshot of idempotency keys and parties does not count: they are read from all kept events, and \
                 those that only older ones knew are forgotten"
            );
            if matches!(unusable, Unusable::History | Unusable::Foreign)
                && let Err(error) = file.remove()
            {
                tracing::warn!(%error, "it could not be removed");
            }
            None
        });
        let last = taken.as_ref().map(|taken| (taken.origin.through, taken.bytes));
        let snapshot = last.map_or(EventId::ZERO, |(through, _)| through);
        let mut memory = taken.map_or_else(|| Memory::new(bounds), |taken| taken.memory);
        let events = memory.fold(&view, snapshot, visible);
        memory.keys.forget_before(view.earliest());
        let remembered = Remembered {
            snapshot,
            events,
            payment_streams: memory.parties.len(),
            keys: memory.keys.len(),
            sources: memory.sources.len(),
        };
        (memory, remembered, Snapshotter::new(file, reader.clone(), bounds, last))
    }
}

/// Brings back what the snapshot and the log know, and joins the parts. `bells`: one for each worker, rung when events
/// became visible or answers wait.
pub fn open(
    log: (Writer, Syncer, Reader),
    durability: Durability,
    bells: Vec<Doorbell>,
    snapshot: Snapshot,
) -> Ingest {
    let (writer, syncer, reader) = log;
    let (memory, remembered, snapshotter) = snapshot.bring_up_to_date(&reader);
    let (desk, answers) = Desk::new(bells);
    let (publisher, queue) = Publisher::new(desk.clone());
    let (lists, lists_end) = crossbeam::channel::bounded(limits::WRITES_UNSYNCED_MAX);
    let (emptied, emptied_end) = crossbeam::channel::bounded(limits::WRITES_UNSYNCED_MAX);
    let (alive, ended) = crossbeam::channel::bounded(0);
    let to_sync = ToSync { lists, emptied: emptied_end, _ended: alive };
    let intake = Intake::new(writer, reader.clone(), durability, memory, desk.clone(), to_sync);
    let committer = Committer::new(syncer, reader, desk);
    Ingest {
        publisher,
        answers,
        writer: WriterTask { queue, intake },
        sync: SyncTask { lists: lists_end, emptied, ended, durability, committer },
        snapshotter,
        remembered,
    }
}
