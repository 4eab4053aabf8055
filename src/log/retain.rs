//! Retention: whole sealed segments go, oldest first, by bytes and by age.
//!
//! A removed file is unlinked, never truncated: readers that still hold its segment keep its bytes. Ages are
//! measured by the log's own times, which no client sets, as `ages` says.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::log::Floor;
use crate::log::ages::Ages;
use crate::log::shared::{SEGMENTS, Shared, locked, segment_name};
use crate::log::sidecar;

/// What is to be kept. `None`: no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Bytes of all segment files.
    pub bytes_max: Option<u64>,
    /// Age of a segment's last event in milliseconds.
    pub age_ms_max: Option<u64>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    pub segments: usize,
    pub bytes: u64,
    /// The clock has been set meanwhile: for an hour nothing goes by what it says.
    pub clock_stepped: bool,
}

/// Removes old segments; to be called now and then from a background thread.
pub struct Retainer {
    pub(in crate::log) shared: Arc<Shared>,
    ages: Ages,
    /// No longer shown, and not unlinked yet; with their bytes.
    leaving: Vec<(EventId, u64)>,
    /// Since the last call that succeeded.
    removed: Removed,
}

impl Retainer {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, ages: Ages::default(), leaving: Vec::new(), removed: Removed::default() }
    }

    /// The floor of the log's disk, from now on at `free_bytes_min` free bytes. To be asked for before any
    /// thread of the log runs.
    pub fn floor(&self, free_bytes_min: u64) -> Floor {
        Floor::new(Arc::clone(&self.shared), free_bytes_min)
    }

    /// Removes the oldest sealed segments until `retention` holds; the one that takes events stays, however
    /// old. `now_ms`: unix milliseconds, by a clock that may err: see `ages`. An error leaves the log whole:
    /// what could not be unlinked is tried again by the next call, whose answer counts what this one removed,
    /// or goes at the next start. A poisoned log is left as it is.
    pub fn retain(&mut self, retention: Retention, now_ms: u64) -> io::Result<Removed> {
        if self.shared.poisoned().is_some() {
            // Whoever looks into what went wrong finds the files as they were.
            return Ok(Removed::default());
        }
        let view = self.shared.view.load_full();
        let sealed = view.segments().iter().take_while(|segment| segment.is_sealed());
        let stepped = self.ages.look(now_ms, sealed.map(|segment| segment.base()));
        self.removed.clock_stepped |= stepped;
        let mut bytes = view.bytes();
        let mut gone = Vec::new();
        let mut first_kept = view.earliest();
        for (segment, next) in view.segments().iter().zip(view.segments().iter().skip(1)) {
            let aged = |age_ms_max: u64| {
                // Of its own last event: where nobody waits for the disk the durable mark may lie before it.
                let last_ms = segment.last_time_ms(next.base().previous()).unwrap_or(u64::MAX);
                self.ages.is_over(segment.base(), last_ms, age_ms_max)
            };
            let too_many = retention.bytes_max.is_some_and(|bytes_max| bytes > bytes_max);
            // A start that finds no segment at all takes the log for lost.
            let shown = next.is_named() && next.base() <= self.shared.visible().next();
            if !segment.is_sealed() || !shown || !(too_many || retention.age_ms_max.is_some_and(aged)) {
                break;
            }
            bytes -= segment.disk_bytes();
            gone.push((segment.base(), segment.disk_bytes()));
            first_kept = next.base();
        }
        if !gone.is_empty() {
            self.forget(gone.len(), first_kept)?;
            self.leaving.append(&mut gone);
        }
        self.unlink()?;
        Ok(std::mem::take(&mut self.removed))
    }

    /// META first, then the view, then the files: a crash between leaves files that the next start removes.
    fn forget(&self, count: usize, first_kept: EventId) -> io::Result<()> {
        let mut meta = locked(&self.shared.meta);
        let mut shorter = meta.clone();
        shorter.keep_from(first_kept);
        shorter.write(&*self.shared.disk)?;
        *meta = shorter;
        let holes = meta.holes.clone().into();
        self.shared.view.rcu(|view| view.without_oldest(count, Arc::clone(&holes)));
        Ok(())
    }

    fn unlink(&mut self) -> io::Result<()> {
        while let Some(&(base, bytes)) = self.leaving.last() {
            match self.shared.disk.unlink(&segment_name(base)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.leaving.pop(),
            };
            let _left_for_the_next_start = self.shared.disk.unlink(&sidecar::name(base));
            self.removed.segments += 1;
            self.removed.bytes += bytes;
        }
        if self.removed.segments == 0 { Ok(()) } else { self.shared.disk.sync_dir(SEGMENTS) }
    }
}
