//! Flushing to disk: makes written events durable, in the order of their segments, and moves the durable
//! mark.
//!
//! One error ends it for good: after a failed `fdatasync` the kernel may call lost pages clean, so a second
//! one proves nothing.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::{SEGMENTS, Shared, SyncState, locked, segment_name};

/// Events after which the durable mark is noted in a CHECKPOINT even without a new segment.
const CHECKPOINT_EVENTS: u64 = 262_144;

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("the log is poisoned: {reason}")]
    Poisoned { reason: String },
}

/// Makes written events durable. Lives on the sync thread.
pub struct Syncer {
    shared: Arc<Shared>,
}

impl Syncer {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        shared.bench().owners += 1;
        Self { shared }
    }

    /// True when something is written that is not durable.
    pub fn pending(&self) -> bool {
        self.shared.written() != self.shared.durable()
    }

    /// Flushes all that is written now, oldest segment first, and moves the durable mark to it. Returns the
    /// mark. Any error poisons the log and is never retried.
    pub fn sync(&mut self) -> Result<EventId, SyncError> {
        self.shared.sync()
    }

    /// Notes the durable mark in a CHECKPOINT if it has moved since the last one: evidence for recovery where
    /// entries give none. Beside the commits, now and then.
    pub fn checkpoint(&mut self) -> Result<(), SyncError> {
        let mut state = locked(&self.shared.sync_state);
        if let Some(reason) = self.shared.poisoned() {
            return Err(SyncError::Poisoned { reason: reason.to_owned() });
        }
        let durable = self.shared.durable();
        if state.checkpointed == durable { Ok(()) } else { self.shared.note(&mut state, durable) }
    }

    /// After the last sync of an orderly stop: writes a clean CHECKPOINT.
    pub fn close(&mut self) -> Result<(), SyncError> {
        let durable = self.shared.sync()?;
        let mut state = locked(&self.shared.sync_state);
        let relaxed = self.shared.is_relaxed();
        let written = state.checkpoints.write(durable, true, relaxed);
        written
            .map_err(|error| self.shared.sync_failed(format!("writing the last CHECKPOINT failed: {error}")))
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.shared.poison_if_unwinding("sync thread");
        self.shared.bench().owners -= 1;
        self.shared.bench_changed.notify_all();
    }
}

impl Shared {
    pub(in crate::log) fn sync(&self) -> Result<EventId, SyncError> {
        let mut state = locked(&self.sync_state);
        if let Some(reason) = self.poisoned() {
            return Err(SyncError::Poisoned { reason: reason.to_owned() });
        }
        // The mark first: what is begun after it is not needed for it, what was begun before it is in the
        // list.
        let written = self.written();
        state.dirty.extend(locked(&self.begun).drain(..));
        if written == self.durable() && state.dirty.len() <= 1 {
            return Ok(written);
        }
        let named = self.sync_dirty(&mut state)?;
        let far = written.0.saturating_sub(state.checkpointed.0) >= CHECKPOINT_EVENTS;
        if named || far {
            // Before the mark moves: whoever finds the new segment missing or headless knows that it was
            // there.
            self.note(&mut state, written)?;
        }
        self.set_durable(written);
        Ok(written)
    }

    fn note(&self, state: &mut SyncState, durable: EventId) -> Result<(), SyncError> {
        let noted = state.checkpoints.write(durable, false, self.is_relaxed());
        noted.map_err(|error| self.sync_failed(format!("writing a CHECKPOINT failed: {error}")))?;
        state.checkpointed = durable;
        Ok(())
    }

    /// Syncs the dirty segments, oldest first; a new one gets its name only when all before it is durable, so
    /// a name proves that. True when one got its name.
    fn sync_dirty(&self, state: &mut SyncState) -> Result<bool, SyncError> {
        let mut named = false;
        for live in &mut state.dirty {
            let base = live.segment.base();
            let synced = live.file.sync();
            synced.map_err(|error| {
                self.sync_failed(format!("flushing segment {base} to disk failed: {error}"))
            })?;
            if let Some(tmp_name) = live.tmp_name.take() {
                let renamed = self.disk.rename(&tmp_name, &segment_name(base));
                let done = renamed.and_then(|()| self.disk.sync_dir(SEGMENTS));
                done.map_err(|error| self.sync_failed(format!("naming segment {base} failed: {error}")))?;
                live.segment.set_named();
                named = true;
            }
        }
        while state.dirty.len() > 1 {
            self.bench().sealable.extend(state.dirty.pop_front());
            self.bench_changed.notify_all();
        }
        Ok(named)
    }

    fn sync_failed(&self, reason: String) -> SyncError {
        self.poison(reason.clone());
        SyncError::Poisoned { reason }
    }
}
