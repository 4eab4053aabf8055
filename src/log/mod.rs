//! The append-only event log: written with `pwrite` by one thread, synced by another, read through read-only
//! maps by everyone, up to the commit point.
//!
//! The export list. This module knows nothing of HTTP, SSE or JSON: a record is bytes with hashes beside it.
//! It makes no ids of its own, reads no clock, starts no thread and counts nothing; it returns outcomes.

mod checkpoint;
mod disk;
mod find;
mod format;
mod header;
mod inspect;
mod map;
mod meta;
mod open;
mod open_error;
mod options;
mod prepare;
mod reader;
mod real;
mod recover;
mod retain;
mod salvage;
mod scan;
mod seal;
mod segment;
mod shared;
mod side_file;
mod sync;
mod view;
mod writer;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
pub(crate) mod tests;

pub use checkpoint::Checkpoint;
pub use disk::{Access, Disk, DiskFile, Lock};
pub use find::Found;
pub use format::{Entry, Flags};
pub use header::Damage;
pub use inspect::{Inspection, SegmentSummary, inspect};
pub use map::Region;
pub use meta::Hole;
pub use open::{Opened, Recovered, open};
pub use open_error::OpenError;
pub use options::{Durability, LogOptions};
pub use prepare::Preparer;
pub use reader::Reader;
pub use real::RealDisk;
pub use retain::{Removed, Retainer, Retention};
pub use segment::Segment;
pub use side_file::{Section, Sections, SideFile, SideWriter};
pub use sync::{SyncError, Syncer};
pub use view::{Step, View};
pub use writer::{Appended, Record, WriteError, Writer};
