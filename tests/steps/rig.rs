//! A log and a hub without sockets: the way out stepped on one thread, into sockets that take everything. Used by the
//! benches as well, so it counts and asserts nothing of itself.

#![allow(dead_code, unreachable_pub, reason = "each user has its own part")]

use std::sync::Arc;

use tailwire::event::{EventId, EventType};
use tailwire::hub::{Bytes, Filter, Hub, Job, Memory, Sent, Subscriber, SubscriberId, Supply, TypeSet};
use tailwire::limits;
use tailwire::log::{Durability, LogOptions, Reader, RealDisk, Record, Syncer, WriteError, Writer};
use tailwire::sse;
use tailwire::topic::TopicHash;

/// Data of about the length of a withdrawal's; the frame has 330 bytes or so.
const DATA: &[u8] = concat!(
    r#"{"streamId":7,"amount":"1500000000","recipient":"GDQP2KPQGKIHYJGXNUIYOMHARUARCA7DJT5FO2FFO"#,
    r#"OKY3B2WSQHG4W37","transactionHash":"3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39"#,
    r#"aa607c8889","ledger":51234567,"timestamp":1708560000}"#,
)
.as_bytes();
const NOW_MS: u64 = 1_700_000_000_000;

/// A log in a directory of its own. Events are visible when written: the disk is not what is looked at.
pub struct Rig {
    writer: Writer,
    pub reader: Reader,
    _syncer: Syncer,
    _directory: tempfile::TempDir,
}

/// What the sends of a hub came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sends {
    pub sends: u64,
    /// Bytes sent from the log's map, and from anywhere else.
    pub mapped_bytes: u64,
    pub copied_bytes: u64,
}

/// A hub with the buffers that a worker has beside it.
pub struct WayOut {
    pub hub: Hub<()>,
    pub sent: Sends,
    scratch: Vec<u8>,
}

/// Everything is in memory: the pager has no part in this.
const WARM: Memory = Memory { entries: |_, _, _| true, frames: |_, _, _| true };

impl Rig {
    pub fn open() -> Self {
        // Beside the build: the directory for temporary files may be in memory.
        let parent = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
        std::fs::create_dir_all(&parent).unwrap();
        let directory = tempfile::tempdir_in(parent).unwrap();
        let disk = Arc::new(RealDisk::open(directory.path()).unwrap());
        let segment_bytes = 64 * 1024 * 1024;
        let options =
            LogOptions { segment_bytes, durability: Durability::None, new_epoch: false, accept_gap: false };
        let opened = tailwire::log::open(disk, options, NOW_MS).unwrap();
        let mut preparer = opened.preparer;
        // Ends with the writer.
        std::thread::spawn(move || preparer.run());
        Self { writer: opened.writer, reader: opened.reader, _syncer: opened.syncer, _directory: directory }
    }

    /// Writes one event for each of these payment streams; they become visible together.
    pub fn publish(&mut self, streams: impl IntoIterator<Item = u64>) {
        let mut frame = Vec::new();
        for stream in streams {
            let id = self.writer.next_id();
            frame.clear();
            let layout = sse::event(&mut frame, id, EventType::Withdrawn, DATA).unwrap();
            loop {
                match self.writer.begin(1, frame.len(), NOW_MS) {
                    Ok(()) => break,
                    Err(WriteError::NoSegment { .. }) => std::thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
            }
            let record = Record {
                stream,
                sender: stream << 20,
                recipient: stream << 40,
                key: id.0,
                aux: id.0,
                flags: 0,
                kind: EventType::Withdrawn.code(),
                payload_offset: layout.payload_offset,
                frame: &frame,
            };
            self.writer.push(id, record);
        }
        self.writer.flush().unwrap();
    }

    /// A hub that has seen everything up to `seen`.
    pub fn way_out(&self, seen: EventId) -> WayOut {
        let hub = Hub::new(seen, WARM);
        WayOut { hub, sent: Sends::default(), scratch: Vec::new() }
    }
}

impl WayOut {
    /// This many subscribers of everything after `position`.
    pub fn join_many(&mut self, subscribers: u64, position: EventId) {
        for _ in 0..subscribers {
            self.join(position);
        }
    }

    /// This many subscribers of one payment stream each; the streams are 1 to `streams`, in turn.
    pub fn join_each(&mut self, subscribers: u64, streams: u64, position: EventId) {
        for number in 0..subscribers {
            let one = vec![TopicHash(1 + number % streams)];
            self.enter(Filter::union(one, Vec::new(), TypeSet::EVERY), position);
        }
    }

    pub fn join(&mut self, position: EventId) -> SubscriberId {
        self.enter(Filter::all(TypeSet::EVERY), position)
    }

    fn enter(&mut self, filter: Filter, position: EventId) -> SubscriberId {
        self.hub.add(Subscriber { connection: (), filter, position, unchunked: false }, 1)
    }

    pub fn run(&mut self, rig: &Rig) {
        self.run_to(rig, rig.reader.visible());
    }

    /// Chunk after chunk until nobody lacks an event up to `visible`; what the pager is asked for is found at once.
    pub fn run_to(&mut self, rig: &Rig, visible: EventId) {
        loop {
            let view = rig.reader.view();
            let mut jobs = [Job::default(); limits::SENDS_PER_CHUNK_MIN];
            let filled = self.hub.fill(&view, visible, &mut jobs, &mut self.scratch);
            for job in &jobs[..filled.jobs] {
                self.sent.sends += 1;
                match job.bytes {
                    Bytes::Log(bytes) => self.sent.mapped_bytes += bytes.len() as u64,
                    other => self.sent.copied_bytes += other.len() as u64,
                }
                self.hub.complete(job, Sent::Took(job.bytes.len()), &view, &self.scratch, 1);
            }
            let mut asked = false;
            while let Some(need) = self.hub.next_need(visible) {
                asked = true;
                let found = need.filter.as_ref().map(|filter| {
                    let topics: Vec<u64> = filter.topics().iter().map(|topic| topic.0).collect();
                    let wanted = |entry: &tailwire::log::Entry| filter.matches(entry);
                    view.find(
                        &topics,
                        &wanted,
                        need.first,
                        need.last,
                        limits::FOUND_EVENTS_MAX,
                        limits::FIND_ENTRIES_MAX,
                    )
                });
                self.hub.supply(Supply { subscriber: need.subscriber, found });
            }
            if filled.jobs == 0 && !filled.unfinished && !asked {
                return;
            }
        }
    }
}
