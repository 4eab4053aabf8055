//! The readers' handle: the marks, and the segments as they stand.
//!
//! It writes nothing and blocks on nothing but page faults.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::View;
use crate::log::shared::Shared;
use crate::sync::Ordering;

/// A handle on the log for one thread; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

impl Reader {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The commit point: the last event that may be shown, or the position before the first. Acquire.
    pub fn visible(&self) -> EventId {
        self.shared.visible()
    }

    /// The last event that is written (not necessarily durable).
    pub fn written(&self) -> EventId {
        self.shared.written()
    }

    /// The last event that is durable.
    pub fn durable(&self) -> EventId {
        self.shared.durable()
    }

    /// The first kept event (or the first that will be, in an empty log).
    pub fn earliest(&self) -> EventId {
        self.shared.view.load().earliest()
    }

    /// The segments as they stand. Hold it for one turn at most: it pins files that retention removed.
    ///
    /// Load `visible` **before** this: then everything up to it is in the view, but for what retention has removed.
    /// Where much happened between the two, even the first kept event may be past that `visible`.
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// Which log this is: drawn at random when it was made.
    pub fn uuid(&self) -> [u8; 16] {
        self.shared.uuid
    }

    /// The 128-bit key for `topic::TopicHasher`.
    pub fn hash_key(&self) -> [u8; 16] {
        self.shared.hash_key
    }

    /// Why the log takes no more events, once it is so.
    pub fn poisoned(&self) -> Option<String> {
        self.shared.poisoned().map(str::to_owned)
    }

    /// Whether the log takes no events because its disk is too full, see `Floor`.
    pub fn is_under_floor(&self) -> bool {
        self.shared.under_floor.load(Ordering::Relaxed)
    }

    /// Why no segment could be prepared lately (full disk), while it is so.
    pub fn prepare_failure(&self) -> Option<String> {
        self.shared.bench().failure.clone()
    }
}
