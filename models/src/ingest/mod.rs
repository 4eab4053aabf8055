//! The server's way in.
//!
//! The export list.

#[path = "../../../src/ingest/answer.rs"]
mod answer;
#[path = "../../../src/ingest/dedupe.rs"]
mod dedupe;
#[path = "../../../src/ingest/intake.rs"]
mod intake;
#[path = "../../../src/ingest/memory.rs"]
mod memory;
#[path = "../../../src/ingest/open.rs"]
mod open;
#[path = "../../../src/ingest/parties.rs"]
mod parties;
#[path = "../../../src/ingest/places.rs"]
mod places;
#[path = "../../../src/ingest/plan.rs"]
mod plan;
#[path = "../../../src/ingest/publisher.rs"]
mod publisher;
#[path = "../../../src/ingest/snapshot.rs"]
mod snapshot;
#[path = "../../../src/ingest/snapshotter.rs"]
mod snapshotter;
#[path = "../../../src/ingest/sync.rs"]
mod sync;
#[path = "../../../src/ingest/writer.rs"]
mod writer;

pub(crate) use answer::{Answer, Answers, PublishError, Published, Ticket};
pub(crate) use open::{Ingest, Remembered, Snapshot, open};
pub(crate) use publisher::{Publisher, Submission, SubmitError};
pub(crate) use snapshotter::{SnapshotTaken, Snapshotter};
pub(crate) use sync::SyncTask;
pub(crate) use writer::WriterTask;
