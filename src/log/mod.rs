//! The append-only event log: written with `pwrite` by one thread, synced by another, read through read-only
//! maps by everyone, up to the commit point.
//!
//! The export list. This module knows nothing of HTTP, SSE or JSON: a record is bytes with hashes beside it.
//! It makes no ids of its own, reads no clock, starts no thread and counts nothing; it returns outcomes.

mod ages;
mod checkpoint;
mod disk;
mod examine;
mod fault;
mod find;
mod floor;
mod format;
mod header;
mod indexer;
mod inspect;
mod map;
mod mark;
mod meta;
mod open;
mod open_error;
mod options;
mod postings;
mod prepare;
mod reader;
mod real;
mod recover;
mod rehearsal;
mod repair;
mod retain;
mod salvage;
mod scan;
mod scrub;
mod seal;
mod seal_check;
mod segment;
mod shared;
mod side_file;
mod sidecar;
mod slot_list;
mod sound;
mod survey;
mod sync;
mod view;
mod walk;
mod warm;
mod writer;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
pub(crate) mod tests;

pub use checkpoint::Checkpoint;
pub use disk::{Access, Disk, DiskFile, Lock};
pub use examine::{Examined, Extent, FoundEvent, Visitor};
pub use fault::{Fault, FaultKind};
pub use find::Found;
pub use floor::{Floor, FloorError};
pub use format::{Entry, Flags};
pub use header::Damage;
pub use indexer::{Indexed, Indexer};
pub use inspect::{Inspection, inspect};
pub use map::Region;
pub use meta::Hole;
pub use open::{Opened, Recovered, open};
pub use open_error::OpenError;
pub use options::{Durability, LogOptions};
pub use prepare::Preparer;
pub use reader::Reader;
pub use real::RealDisk;
pub use repair::{Repaired, rehearse_repair, repair};
pub use retain::{Removed, Retainer, Retention};
pub use scrub::{Scrubbed, Scrubber};
pub use segment::Segment;
pub use side_file::{Section, Sections, SideFile, SideWriter};
pub use sound::Run;
pub use survey::Survey;
pub use sync::{SyncError, Syncer};
pub use view::{Step, View};
pub use writer::{Appended, Record, WriteError, Writer};
