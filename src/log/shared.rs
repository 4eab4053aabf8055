//! What the parts of an open log share: the marks, the directory of segments, the poison, the bench between
//! the writer, the sync thread and the preparer. No part waits on another here but for the bench's short
//! critical sections.

use std::collections::VecDeque;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::event::EventId;
use crate::log::checkpoint::Checkpoints;
use crate::log::disk::Lock;
use crate::log::mark::Mark;
use crate::log::meta::Meta;
use crate::log::{Disk, DiskFile, Durability, Region, Segment, View};
use crate::sync::{AtomicBool, AtomicU64, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Free bytes that are left where the operator names no number.
pub(in crate::log) const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// A segment that takes events, or did and is not sealed yet.
pub(in crate::log) struct Live {
    pub(in crate::log) segment: Arc<Segment>,
    pub(in crate::log) file: Arc<dyn DiskFile>,
    /// The name it was prepared under, while it still has that one.
    pub(in crate::log) tmp_name: Option<String>,
}

/// A prepared file: allocated, zeroed, synced, mapped; without a header yet.
pub(in crate::log) struct Spare {
    pub(in crate::log) file: Arc<dyn DiskFile>,
    pub(in crate::log) region: Region,
    pub(in crate::log) name: String,
}

/// What the writer, the sync thread and the preparer hand to each other.
#[derive(Default)]
pub(in crate::log) struct Bench {
    pub(in crate::log) spare: Option<Spare>,
    /// The rest after a failure is over.
    pub(in crate::log) rested: bool,
    /// Why preparing failed lately.
    pub(in crate::log) failure: Option<String>,
    /// Closed and durable segments that wait for their seal.
    pub(in crate::log) sealable: VecDeque<Live>,
    /// The writer rolled and nobody else syncs: the preparer does.
    pub(in crate::log) sync_wanted: bool,
    /// The writer and the syncer, while they live.
    pub(in crate::log) owners: usize,
}

/// What is behind the sync lock: held for a whole sync, by whoever syncs.
pub(in crate::log) struct SyncState {
    /// Segments with writes that may not be durable, oldest first; the last takes events.
    pub(in crate::log) dirty: VecDeque<Live>,
    pub(in crate::log) checkpoints: Checkpoints,
    /// The durable mark of the last checkpoint.
    pub(in crate::log) checkpointed: EventId,
}

pub(in crate::log) struct Shared {
    pub(in crate::log) disk: Arc<dyn Disk>,
    pub(in crate::log) uuid: [u8; 16],
    pub(in crate::log) hash_key: [u8; 16],
    pub(in crate::log) durability: Durability,
    pub(in crate::log) segment_bytes: u64,
    pub(in crate::log) view: ArcSwap<View>,
    pub(in crate::log) meta: Mutex<Meta>,
    pub(in crate::log) sync_state: Mutex<SyncState>,
    /// Segments the writer has begun since the last sync; not behind the sync lock, so that a roll never
    /// waits for one.
    pub(in crate::log) begun: Mutex<Vec<Live>>,
    /// Bytes that a new segment leaves free on the disk.
    pub(in crate::log) free_bytes_min: AtomicU64,
    /// Less than that is free: the log takes no events.
    pub(in crate::log) under_floor: AtomicBool,
    bench: Mutex<Bench>,
    /// The preparer waits here for work, the writer for a spare.
    pub(in crate::log) bench_changed: Condvar,
    written: Mark,
    durable: Mark,
    poison: OnceLock<String>,
    _lock: Box<dyn Lock>,
}

impl Shared {
    #[expect(clippy::too_many_arguments, reason = "made once, by `open`, from as many parts")]
    pub(in crate::log) fn new(
        disk: Arc<dyn Disk>,
        lock: Box<dyn Lock>,
        durability: Durability,
        segment_bytes: u64,
        meta: Meta,
        view: View,
        sync_state: SyncState,
        last: EventId,
    ) -> Self {
        Self {
            disk,
            uuid: meta.uuid,
            hash_key: meta.hash_key,
            durability,
            segment_bytes,
            view: ArcSwap::from_pointee(view),
            meta: Mutex::new(meta),
            sync_state: Mutex::new(sync_state),
            begun: Mutex::new(Vec::new()),
            free_bytes_min: AtomicU64::new(FREE_BYTES_MIN),
            under_floor: AtomicBool::new(false),
            bench: Mutex::new(Bench::default()),
            bench_changed: Condvar::new(),
            written: Mark::new(last),
            durable: Mark::new(last),
            poison: OnceLock::new(),
            _lock: lock,
        }
    }

    pub(in crate::log) fn written(&self) -> EventId {
        self.written.load()
    }

    pub(in crate::log) fn set_written(&self, id: EventId) {
        self.written.store(id);
    }

    pub(in crate::log) fn durable(&self) -> EventId {
        self.durable.load()
    }

    pub(in crate::log) fn set_durable(&self, id: EventId) {
        self.durable.store(id);
    }

    pub(in crate::log) fn visible(&self) -> EventId {
        match self.durability {
            Durability::Commit | Durability::Interval { .. } => self.durable(),
            Durability::None => self.written(),
        }
    }

    pub(in crate::log) fn is_relaxed(&self) -> bool {
        self.durability != Durability::Commit
    }

    pub(in crate::log) fn poisoned(&self) -> Option<&str> {
        self.poison.get().map(String::as_str)
    }

    /// Ends all writing for good. The first reason stands.
    pub(in crate::log) fn poison(&self, reason: String) {
        let _first_stands = self.poison.set(reason);
        // Whoever waits has looked for the poison under this lock: without it the notice could come between the look
        // and the sleep.
        drop(self.bench());
        self.bench_changed.notify_all();
    }

    /// For whoever goes: a thread that unwinds has left its part of the work undone for good.
    pub(in crate::log) fn poison_if_unwinding(&self, part: &str) {
        if std::thread::panicking() {
            self.poison(format!("the {part} ended by a fault of the program"));
        }
    }

    pub(in crate::log) fn bench(&self) -> MutexGuard<'_, Bench> {
        locked(&self.bench)
    }
}

/// A thread that panicked leaves nothing half done under these locks that the poison would not catch.
pub(in crate::log) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of the segment whose first id is `base`.
pub(in crate::log) fn segment_name(base: EventId) -> String {
    format!("{SEGMENTS}/{:020}.seg", base.0)
}

/// The directory of the segments.
pub(in crate::log) const SEGMENTS: &str = "seg";
/// What ends the name of a file that is being prepared.
pub(in crate::log) const TMP_SUFFIX: &str = ".seg.tmp";
