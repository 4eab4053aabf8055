//! Joins the parts of the way in and rebuilds what they know from the log.
//!
//! It starts no thread: `app` does.

use crate::doorbell::Doorbell;
use crate::ingest::answer::Desk;
use crate::ingest::intake::{Intake, ToSync};
use crate::ingest::memory::Memory;
use crate::ingest::sync::Committer;
use crate::ingest::{Answers, Publisher, SyncTask, WriterTask};
use crate::limits;
use crate::log::{Durability, Reader, Syncer, Writer};

/// The parts of the way in, to be run by `app` on their threads and given to the workers.
pub struct Ingest {
    pub publisher: Publisher,
    /// One for each worker, in their order.
    pub answers: Vec<Answers>,
    pub writer: WriterTask,
    pub sync: SyncTask,
}

/// Rebuilds parties and keys from the log and joins the parts. `bells`: one for each worker, rung when events
/// became visible or answers wait. `payment_streams_max`: how many payment streams' parties are remembered.
pub fn open(
    log: (Writer, Syncer, Reader),
    durability: Durability,
    bells: Vec<Doorbell>,
    payment_streams_max: usize,
) -> Ingest {
    let (writer, syncer, reader) = log;
    let memory = Memory::of_log(&reader, payment_streams_max);
    let (desk, answers) = Desk::new(bells);
    let (publisher, queue) = Publisher::new(desk.clone());
    let (lists, lists_end) = crossbeam::channel::bounded(limits::WRITES_UNSYNCED_MAX);
    let (emptied, emptied_end) = crossbeam::channel::bounded(limits::WRITES_UNSYNCED_MAX);
    let (alive, ended) = crossbeam::channel::bounded(0);
    let to_sync = ToSync { lists, emptied: emptied_end, _ended: alive };
    let intake = Intake::new(writer, reader.clone(), durability, memory, desk.clone(), to_sync);
    let committer = Committer::new(syncer, reader, desk);
    Ingest {
        publisher,
        answers,
        writer: WriterTask { queue, intake },
        sync: SyncTask { lists: lists_end, emptied, ended, durability, committer },
    }
}
