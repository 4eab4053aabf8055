//! Retention: whole sealed segments go, oldest first, by bytes and by age.
//!
//! A removed file is unlinked, never truncated: readers that still hold its segment keep its bytes. Ages are
//! measured against the log's own times, which no client sets.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
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
}

/// Removes old segments; to be called now and then from a background thread.
pub struct Retainer {
    shared: Arc<Shared>,
    /// No longer shown, and not unlinked yet; with their bytes.
    leaving: Vec<(EventId, u64)>,
    /// Since the last call that succeeded.
    removed: Removed,
}

impl Retainer {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, leaving: Vec::new(), removed: Removed::default() }
    }

    /// Removes the oldest sealed segments until `retention` holds; the one that takes events stays. `now_ms`:
    /// unix milliseconds. An error leaves the log whole: what could not be unlinked is tried again by the next
    /// call, whose answer counts what this one removed, or goes at the next start.
    pub fn retain(&mut self, retention: Retention, now_ms: u64) -> io::Result<Removed> {
        let view = self.shared.view.load_full();
        let durable = self.shared.durable();
        let mut bytes = view.bytes();
        let mut gone = Vec::new();
        let mut first_kept = view.earliest();
        for (segment, next) in view.segments().iter().zip(view.segments().iter().skip(1)) {
            let aged = |age_ms_max: u64| {
                let last_ms = segment.last_time_ms(durable).unwrap_or(u64::MAX);
                last_ms.saturating_add(age_ms_max) < now_ms
            };
            let too_many = retention.bytes_max.is_some_and(|bytes_max| bytes > bytes_max);
            let shown = next.base() <= self.shared.visible().next();
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
