//! The threads beside the workers and the two that store events: none of them is waited for by anybody who publishes
//! or subscribes.

use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use crate::app::{StartError, indexing, scrub, snapshots, threads, upkeep};
use crate::config::Config;
use crate::ingest::Snapshotter;
use crate::log::{Indexer, Preparer, Retainer, Retention, Scrubber};

/// The threads, while they run.
pub(in crate::app) struct Background {
    threads: Vec<JoinHandle<()>>,
    stop: upkeep::Stop,
    indexing_goes_on: Sender<()>,
}

/// What they work with.
pub(in crate::app) struct Parts {
    pub(in crate::app) preparer: Preparer,
    pub(in crate::app) retainer: Retainer,
    pub(in crate::app) scrubber: Scrubber,
    pub(in crate::app) indexer: Indexer,
    pub(in crate::app) snapshotter: Snapshotter,
}

impl Background {
    pub(in crate::app) fn start(config: &Config, parts: Parts) -> Result<Self, StartError> {
        let Parts { mut preparer, retainer, scrubber, indexer, snapshotter } = parts;
        // First: the preparer minds it from its first segment on.
        let floor = retainer.floor(config.min_free_bytes);
        let preparing = threads::spawn("tw-prepare", move || preparer.run())?;
        let (indexing_goes_on, stop_indexing) = mpsc::channel();
        let indexing = threads::spawn("tw-index", move || indexing::run(indexer, &stop_indexing))?;
        let kept = Retention { bytes_max: config.retain_bytes, age_ms_max: config.retain_age_ms };
        let duties = vec![
            upkeep::floor(floor),
            // Before retention: what it removes is remembered by a snapshot alone.
            snapshots::taking(snapshotter),
            upkeep::retention(retainer, kept),
            scrub::scrubbing(scrubber, config.scrub_bytes_per_second),
        ];
        let (stop, keeping_up) = upkeep::start(duties)?;
        Ok(Self { threads: vec![preparing, indexing, keeping_up], stop, indexing_goes_on })
    }

    /// Whether one has ended, which none does on its own.
    pub(in crate::app) fn is_ended(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Ends them, once nothing is written any more.
    pub(in crate::app) fn end(self) -> Result<(), StartError> {
        drop((self.stop, self.indexing_goes_on));
        let joined = self.threads.into_iter().map(|thread| thread.join().map_err(|_| StartError::Thread));
        joined.fold(Ok(()), Result::and)
    }
}
