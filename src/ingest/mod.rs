//! The way in: from validated events to acknowledged ids.
//!
//! The export list. One writer thread gives ids, fixes who an event is for, drops repeats and fills the log;
//! one sync thread flushes and acknowledges. This module does not know HTTP, sockets or subscribers.

mod answer;
mod dedupe;
mod intake;
mod memory;
mod open;
mod parties;
mod places;
mod plan;
mod publisher;
mod snapshot;
mod snapshotter;
mod sync;
mod writer;

pub use answer::{Answer, Answers, PublishError, Published, Ticket};
pub use open::{Ingest, Remembered, Snapshot, open};
pub use publisher::{Publisher, Submission, SubmitError};
pub use snapshotter::{SnapshotTaken, Snapshotter};
pub use sync::SyncTask;
pub use writer::WriterTask;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
