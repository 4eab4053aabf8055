//! The floor of the disk: free space under which the log takes nothing more.
//!
//! Somebody looks now and then; whoever refuses reads one flag. The preparer minds the same number, so the log
//! itself never goes under it: it is others who fill the disk. Nothing is removed here to make room.

use std::io;
use std::sync::Arc;

use crate::log::shared::Shared;
use crate::sync::Ordering;

/// Watches the disk; see `Retainer::floor`.
pub struct Floor {
    shared: Arc<Shared>,
    free_bytes_min: u64,
}

/// Why the log takes nothing; its text stays the same for as long as that is so.
#[derive(Debug, thiserror::Error)]
pub enum FloorError {
    #[error(
        "less than {min} bytes are free on the log's disk: no events are taken until {enough} are; free some \
         space, or allow less with --min-free-bytes"
    )]
    UnderFloor { min: u64, enough: u64 },
    #[error("the log's disk does not say how much of it is free: {0}")]
    Io(#[from] io::Error),
}

impl Floor {
    pub(in crate::log) fn new(shared: Arc<Shared>, free_bytes_min: u64) -> Self {
        shared.free_bytes_min.store(free_bytes_min, Ordering::Relaxed);
        Self { shared, free_bytes_min }
    }

    /// Looks at the disk: under the floor the log takes no events from now on, and again once there is room
    /// for a segment above it. The distance keeps the two from alternating, and a log that goes on does not
    /// stop at the end of its segment. An error of the look changes nothing.
    pub fn check(&mut self) -> Result<(), FloorError> {
        let (min, enough) =
            (self.free_bytes_min, self.free_bytes_min.saturating_add(self.shared.segment_bytes));
        let free = self.shared.disk.free_bytes()?;
        let was_under = self.shared.under_floor.load(Ordering::Relaxed);
        let under = free < if was_under { enough } else { min };
        self.shared.under_floor.store(under, Ordering::Relaxed);
        if under { Err(FloorError::UnderFloor { min, enough }) } else { Ok(()) }
    }
}
