//! The way in over a real log in a directory, stepped by hand: the tests say when the writer and when the
//! sync thread has its turn.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::doorbell::Doorbell;
use crate::event::{EventId, NewEvent};
use crate::ingest::memory::Stored;
use crate::ingest::parties::Pair;
use crate::ingest::tests::faulty::{Faults, FaultyDisk};
use crate::ingest::tests::support::marks;
use crate::ingest::{Answer, Ingest, PublishError, Submission, Ticket};
use crate::limits;
use crate::log::{Disk, Durability, LogOptions, OpenError, Reader, Recovered, Retainer};
use crate::topic::{TopicHasher, User};

/// 2026-01-01 in unix milliseconds; the tests' clock stands still.
pub(crate) const NOW_MS: u64 = 1_767_225_600_000;

pub(crate) struct Rig {
    pub(crate) ingest: Ingest,
    pub(crate) reader: Reader,
    pub(crate) retainer: Retainer,
    pub(crate) recovered: Recovered,
    pub(crate) faults: Arc<Faults>,
    pub(crate) bells: Vec<Doorbell>,
    pub(crate) preparer: JoinHandle<()>,
}

pub(crate) fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

impl Rig {
    /// Opens the way in for two workers.
    pub(crate) fn open(dir: &Path, durability: Durability) -> Self {
        let (disk, faults) = FaultyDisk::open(dir);
        let segment_bytes = limits::SEGMENT_BYTES_MIN;
        let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
        Self::over(disk, options, 1000).map(|rig| Self { faults, ..rig }).unwrap()
    }

    /// Opens it over any disk. `payment_streams_max`: how many payment streams' parties are remembered.
    pub(crate) fn over(
        disk: Arc<dyn Disk>,
        options: LogOptions,
        payment_streams_max: usize,
    ) -> Result<Self, OpenError> {
        let durability = options.durability;
        let snapshot = crate::ingest::Snapshot::read(Arc::clone(&disk), payment_streams_max);
        let log = crate::log::open(disk, options, NOW_MS)?;
        let mut preparer = log.preparer;
        let preparer = std::thread::spawn(move || preparer.run());
        let bells: Vec<Doorbell> = (0..2).map(|_| Doorbell::open().unwrap()).collect();
        let (reader, retainer) = (log.reader.clone(), log.retainer);
        let parts = (log.writer, log.syncer, log.reader);
        let ingest = crate::ingest::open(parts, durability, bells.clone(), snapshot);
        let (recovered, faults) = (log.recovered, Arc::default());
        Ok(Self { ingest, reader, retainer, recovered, faults, bells, preparer })
    }

    /// Stops without closing the log, as far as one process can.
    pub(crate) fn stop(self) {
        drop(self.ingest);
        drop((self.reader, self.retainer));
        self.preparer.join().unwrap();
    }

    pub(crate) fn submit(&self, worker: usize, token: u64, events: &[NewEvent]) {
        let submission = Submission { ticket: Ticket { worker, token }, events: events.to_vec() };
        self.ingest.publisher.submit(submission).unwrap();
    }

    /// The writer thread's turns until the queue is empty.
    pub(crate) fn write(&mut self) {
        while self.ingest.writer.step(NOW_MS) {}
    }

    /// One turn of the sync thread.
    pub(crate) fn sync(&mut self) {
        self.ingest.sync.step();
    }

    /// The answers that wait for a worker.
    pub(crate) fn answers(&self, worker: usize) -> Vec<Answer> {
        std::iter::from_fn(|| self.ingest.answers[worker].try_next()).collect()
    }

    /// Submits for worker 0, gives both threads a turn and returns the one answer.
    pub(crate) fn publish(&mut self, events: &[NewEvent]) -> Result<Vec<(u64, bool)>, PublishError> {
        self.submit(0, 0, events);
        self.write();
        self.sync();
        let [answer] = self.answers(0).try_into().unwrap();
        answer.outcome.map(|published| marks(&published))
    }

    /// Which workers were rung since this was asked last.
    pub(crate) fn rung(&self) -> Vec<bool> {
        self.bells.iter().map(rings).collect()
    }

    /// The hashes of two users in this log.
    pub(crate) fn pair(&self, sender: &str, recipient: &str) -> Pair {
        let hasher = TopicHasher::new(self.reader.hash_key());
        let hash = |user| hasher.user(&User::parse(user).unwrap()).0;
        Pair { sender: hash(sender), recipient: hash(recipient) }
    }

    pub(crate) fn stored(&self, id: u64) -> Stored {
        let id = EventId(id);
        Stored::from_entry(id, self.reader.view().segment(id).unwrap().entry(id))
    }
}

fn rings(bell: &Doorbell) -> bool {
    let fd = bell.eventfd();
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    let rings = rustix::event::poll(&mut fds, Some(&Timespec::default())).unwrap() > 0;
    bell.answer();
    rings
}
