//! A small log with an easy way to publish, a socket that takes as much as it is told, and a random number generator.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{EventId, EventType};
use crate::hub::{Filter, Hub, Job, Memory, Need, Outcome, Sent, Subscriber, SubscriberId, Supply, TypeSet};
use crate::limits;
use crate::log::{Durability, LogOptions, Reader, RealDisk, Record, Retainer, Retention, Syncer, Writer};
use crate::sse;
use crate::topic::TopicHash;

/// An event as a test publishes it; hashes are small numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) kind: EventType,
    pub(super) stream: u64,
    pub(super) sender: u64,
    pub(super) recipient: u64,
    pub(super) pad: usize,
}

pub(super) struct TestLog {
    writer: Writer,
    syncer: Syncer,
    retainer: Retainer,
    pub(super) reader: Reader,
    /// What every event looks like on the wire, by id.
    pub(super) published: Vec<(EventId, Event, Vec<u8>)>,
    _preparing: std::thread::JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl TestLog {
    pub(super) fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = LogOptions {
            segment_bytes: limits::SEGMENT_BYTES_MIN,
            durability: Durability::Commit,
            new_epoch: false,
            accept_gap: false,
        };
        let disk = Arc::new(RealDisk::open(directory.path()).unwrap());
        let opened = crate::log::open(disk, options, 1_700_000_000_000).unwrap();
        let mut preparer = opened.preparer;
        Self {
            writer: opened.writer,
            syncer: opened.syncer,
            retainer: opened.retainer,
            reader: opened.reader,
            published: Vec::new(),
            _preparing: std::thread::spawn(move || preparer.run()),
            _directory: directory,
        }
    }

    /// Writes and syncs events.
    pub(super) fn publish(&mut self, events: &[Event]) {
        for event in events {
            let id = self.writer.next_id();
            let data = format!("{{\"pad\":\"{}\"}}", "x".repeat(event.pad));
            let mut frame = Vec::new();
            let layout = sse::event(&mut frame, id, event.kind, data.as_bytes()).unwrap();
            self.writer.begin(1, frame.len(), 1_700_000_000_000).unwrap();
            self.writer.push(
                id,
                Record {
                    stream: event.stream,
                    sender: event.sender,
                    recipient: event.recipient,
                    key: 0,
                    aux: 0,
                    flags: 0,
                    kind: event.kind.code(),
                    payload_offset: layout.payload_offset,
                    frame: &frame,
                },
            );
            self.published.push((id, *event, frame));
        }
        self.writer.flush().unwrap();
        self.syncer.sync().unwrap();
    }

    /// Removes the oldest segments, at least one, until the log is this small; the first kept event.
    pub(super) fn retain(&mut self, bytes_max: u64) -> EventId {
        let before = self.reader.earliest();
        let deadline = Instant::now() + Duration::from_secs(30);
        let retention = Retention { bytes_max: Some(bytes_max), age_ms_max: None };
        while self.reader.earliest() == before || self.reader.view().bytes() > bytes_max {
            assert!(Instant::now() < deadline, "the log does not get small");
            self.retainer.retain(retention, 1_700_000_000_000).unwrap();
            std::thread::yield_now();
        }
        self.reader.earliest()
    }

    /// A hub that has seen everything published so far.
    pub(super) fn hub(&self, memory: Memory) -> Hub<()> {
        Hub::new(self.reader.visible(), memory)
    }

    /// Answers a need as the pager does, with at most `events_max` events of `entries_max` looked at.
    pub(super) fn supply(&self, need: &Need, events_max: usize, entries_max: u64) -> Supply {
        let last = need.last.min(EventId(need.first.0 + entries_max - 1));
        let found = need.filter.as_ref().map(|filter| {
            let topics: Vec<_> = filter.topics().iter().map(|topic| topic.0).collect();
            let matches = |entry: &crate::log::Entry| filter.matches(entry);
            self.reader.view().find(&topics, &matches, need.first, last, events_max, usize::MAX)
        });
        Supply { subscriber: need.subscriber, found }
    }

    /// The bytes that a subscriber of this filter is to get after a position.
    pub(super) fn expected(&self, want: &Want, after: EventId, unchunked: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, event, frame) in &self.published {
            if *id > after && want.wants(event) {
                bytes.extend_from_slice(if unchunked { sse::unchunked(frame) } else { frame });
            }
        }
        bytes
    }
}

/// A filter said plainly, judged without the hub's code.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) all: bool,
    pub(super) topics: Vec<u64>,
    pub(super) kinds: Vec<EventType>,
}

impl Want {
    pub(super) fn filter(&self) -> Filter {
        let types = TypeSet::of(&self.kinds);
        if self.all {
            return Filter::all(types);
        }
        Filter::union(self.topics.iter().map(|topic| TopicHash(*topic)).collect(), Vec::new(), types)
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        let named =
            [event.stream, event.sender, event.recipient].iter().any(|topic| self.topics.contains(topic));
        kind && (self.all || named && event.kind != EventType::FeeCollected)
    }
}

/// Sockets of the test: what each got, how much each takes before it is full, and what is asked for them.
#[derive(Default)]
pub(super) struct Sockets {
    pub(super) got: HashMap<SubscriberId, Vec<u8>>,
    pub(super) room: HashMap<SubscriberId, usize>,
    pub(super) watched: Vec<SubscriberId>,
    pub(super) ended: Vec<SubscriberId>,
    /// The pager is silent: needs gather in `needs`.
    pub(super) silent: bool,
    pub(super) needs: Vec<Need>,
}

pub(super) fn join(hub: &mut Hub<()>, want: &Want, position: EventId, unchunked: bool) -> SubscriberId {
    hub.add(Subscriber { connection: (), filter: want.filter(), position, unchunked }, 1)
}

/// Sends until nothing more is to be sent, or only the pager could help.
pub(super) fn run(hub: &mut Hub<()>, log: &TestLog, sockets: &mut Sockets, now_ms: u32) {
    for _ in 0..1_000_000 {
        let more = turn(hub, log, sockets, now_ms);
        let needs = if sockets.silent { Vec::new() } else { std::mem::take(&mut sockets.needs) };
        for need in &needs {
            hub.supply(log.supply(need, limits::FOUND_EVENTS_MAX, limits::FIND_ENTRIES_MAX as u64));
        }
        if !more && needs.is_empty() {
            return;
        }
    }
    panic!("the hub does not come to rest");
}

/// One chunk, and what is to be asked for after it. False when nothing more is to be done.
pub(super) fn turn(hub: &mut Hub<()>, log: &TestLog, sockets: &mut Sockets, now_ms: u32) -> bool {
    let mut scratch = Vec::new();
    let visible = log.reader.visible();
    let view = log.reader.view();
    let mut jobs = [Job::default(); limits::SENDS_PER_CHUNK_MIN];
    let filled = hub.fill(&view, visible, &mut jobs, &mut scratch);
    let mut once = std::collections::HashSet::new();
    for job in &jobs[..filled.jobs] {
        assert!(once.insert(job.id), "a subscriber stands in a chunk once");
        let bytes = job.bytes.resolve(&scratch);
        assert!(!bytes.is_empty(), "no empty send");
        let room = sockets.room.entry(job.id).or_insert(usize::MAX);
        let took = bytes.len().min(*room);
        *room -= took;
        sockets.got.entry(job.id).or_default().extend_from_slice(&bytes[..took]);
        match hub.complete(job, Sent::Took(took), &view, &scratch, now_ms) {
            Outcome::Watch => sockets.watched.push(job.id),
            Outcome::Ended(()) => sockets.ended.push(job.id),
            Outcome::Done | Outcome::Closed(()) => {}
        }
    }
    while sockets.needs.len() < limits::PAGER_IN_FLIGHT_MAX
        && let Some(need) = hub.next_need(visible)
    {
        let waits = sockets.needs.iter().any(|other| other.subscriber == need.subscriber);
        assert!(!waits, "a subscriber has one need at a time");
        sockets.needs.push(need);
    }
    filled.jobs > 0 || filled.unfinished
}

/// Gives full sockets room again.
pub(super) fn drain(hub: &mut Hub<()>, sockets: &mut Sockets, room: usize) {
    for id in std::mem::take(&mut sockets.watched) {
        sockets.room.insert(id, room);
        hub.writable(id);
    }
}

thread_local! {
    /// How often, in a hundred, something is not in memory; and the dice.
    static COLD: std::cell::Cell<(u64, u64)> = const { std::cell::Cell::new((0, 1)) };
}

/// Lets this thread's `FICKLE` memory lack things, and others than the last time it was asked.
pub(super) fn set_cold(percent: u64, seed: u64) {
    COLD.set((percent, seed));
}

pub(super) const FICKLE: Memory = Memory { entries: |_, _, _| is_warm(), frames: |_, _, _| is_warm() };

fn is_warm() -> bool {
    let (percent, seed) = COLD.get();
    let mut random = Random(seed);
    let warm = random.below(100) >= percent;
    COLD.set((percent, random.0));
    warm
}

/// xorshift64: small, seeded, the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

pub(super) fn event(kind: EventType, stream: u64, sender: u64, recipient: u64) -> Event {
    Event { kind, stream, sender, recipient, pad: 10 }
}
