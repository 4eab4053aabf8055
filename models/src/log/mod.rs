//! The server's log, but for the real disk and the map of it, the scrubber, and what searches are fast by.
//!
//! The export list.

#[path = "../../../src/log/ages.rs"]
mod ages;
#[path = "../../../src/log/checkpoint.rs"]
mod checkpoint;
#[path = "../../../src/log/disk.rs"]
mod disk;
#[path = "../../../src/log/floor.rs"]
mod floor;
#[path = "../../../src/log/format.rs"]
mod format;
#[path = "../../../src/log/header.rs"]
mod header;
mod indexer;
mod map;
#[path = "../../../src/log/mark.rs"]
mod mark;
#[path = "../../../src/log/meta.rs"]
mod meta;
#[path = "../../../src/log/open.rs"]
mod open;
#[path = "../../../src/log/open_error.rs"]
mod open_error;
#[path = "../../../src/log/options.rs"]
mod options;
mod postings;
#[path = "../../../src/log/prepare.rs"]
mod prepare;
#[path = "../../../src/log/reader.rs"]
mod reader;
#[path = "../../../src/log/recover.rs"]
mod recover;
#[path = "../../../src/log/retain.rs"]
mod retain;
#[path = "../../../src/log/salvage.rs"]
mod salvage;
#[path = "../../../src/log/scan.rs"]
mod scan;
mod scrub;
#[path = "../../../src/log/seal.rs"]
mod seal;
#[path = "../../../src/log/segment.rs"]
mod segment;
#[path = "../../../src/log/shared.rs"]
mod shared;
#[path = "../../../src/log/side_file.rs"]
mod side_file;
mod sidecar;
#[path = "../../../src/log/sound.rs"]
mod sound;
#[path = "../../../src/log/sync.rs"]
mod sync;
mod turn;
#[path = "../../../src/log/view.rs"]
mod view;
#[path = "../../../src/log/warm.rs"]
mod warm;
#[path = "../../../src/log/writer.rs"]
mod writer;

pub(crate) use checkpoint::Checkpoint;
pub(crate) use disk::{Access, Disk, DiskFile, Lock};
pub(crate) use floor::{Floor, FloorError};
pub(crate) use format::{Entry, Flags};
pub(crate) use header::Damage;
pub(crate) use indexer::Indexer;
pub(crate) use map::Region;
pub(crate) use meta::Hole;
pub(crate) use open::{Opened, Recovered, open};
pub(crate) use open_error::OpenError;
pub(crate) use options::{Durability, LogOptions};
pub(crate) use prepare::Preparer;
pub(crate) use reader::Reader;
pub(crate) use retain::{Removed, Retainer, Retention};
pub(crate) use scrub::{Scrubber, distrust, is_distrusted};
pub(crate) use segment::Segment;
pub(crate) use side_file::{Section, Sections, SideFile, SideWriter};
pub(crate) use sound::Run;
pub(crate) use sync::{SyncError, Syncer};
pub(crate) use turn::turn;
pub(crate) use view::{Step, View};
pub(crate) use writer::{Appended, Record, WriteError, Writer};
