//! A snapshot in place of the events it was made from: the same memory, in the same order of forgetting. Setup: a
//! random history over few payment streams, keys and sources with bounds that are met all the time; snapshots
//! through a file on a simulated disk.

use std::sync::Arc;

use proptest::prelude::*;

use crate::event::{EventId, EventType};
use crate::ingest::dedupe::{Reached, Seen};
use crate::ingest::memory::{Bounds, Memory, Stored};
use crate::ingest::parties::Pair;
use crate::ingest::snapshot::{Origin, SnapshotFile};
use crate::log::tests::sim_disk::SimDisk;

const BOUNDS: Bounds = Bounds { payment_streams: 5, keys: 6, sources: 17 };

/// All there is to a memory: what it knows, in the order in which it will forget it.
type Contents = (Vec<(u64, Pair, bool)>, Vec<(u64, Seen)>, Vec<(u64, Reached)>);

fn contents(memory: &Memory) -> Contents {
    (memory.parties.iter().collect(), memory.keys.iter().collect(), memory.sources.iter().collect())
}

/// What `contents` says must also be what the tables answer.
fn answers_as_listed(memory: &Memory) -> bool {
    let (parties, keys, sources) = contents(memory);
    let newest = |key| keys.iter().rev().find(|listed| listed.0 == key).map(|listed| listed.1);
    (1..12).all(|stream| {
        let listed = parties.iter().find(|listed| listed.0 == stream).map(|listed| listed.1);
        memory.parties.get(stream) == listed.unwrap_or_default()
    }) && (1..16).all(|key| memory.keys.get(key, EventId(0)) == newest(key))
        && sources.iter().all(|&(source, reached)| memory.sources.get(source) == Some(reached))
}

#[derive(Debug, Clone)]
enum Step {
    Store(Stored),
    /// A restart from the snapshot taken so many events before it, under this bound of payment streams.
    Restart(u64, usize),
    /// Retention: all but so many events are gone.
    Retain(u64),
}

fn stored() -> impl Strategy<Value = Stored> {
    let kind = prop::sample::select(EventType::ALL.to_vec());
    (kind, 0..12u64, 0..3u64, 0..3u64, prop::bool::weighted(0.3), 0..16u64, 0..30u64).prop_map(
        |(kind, stream, sender, recipient, positioned, key, aux)| {
            let key = if positioned { key * 3 } else { key };
            let parties = Pair { sender, recipient };
            Stored { id: EventId::ZERO, kind: kind.code(), positioned, stream, parties, key, aux }
        },
    )
}

fn step(bounds: std::ops::Range<usize>) -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => stored().prop_map(Step::Store),
        2 => (0..20u64, bounds).prop_map(|(back, max)| Step::Restart(back, max)),
        1 => (0..15u64).prop_map(Step::Retain),
    ]
}

/// The log's entries, and what a start makes of them.
struct World {
    log: Vec<Stored>,
    file: SnapshotFile,
    /// The memory of the running server.
    memory: Memory,
    /// The snapshotter's, one for each length of the log that the file may be made at.
    earlier: Vec<Memory>,
    earliest: EventId,
}

impl World {
    fn new() -> Self {
        let file = SnapshotFile::new(Arc::new(SimDisk::new(1)));
        let (memory, earlier) = (Memory::new(BOUNDS), vec![Memory::new(BOUNDS)]);
        Self { log: Vec::new(), file, memory, earlier, earliest: EventId(1) }
    }

    fn store(&mut self, stored: Stored) {
        let stored = Stored { id: EventId(self.log.len() as u64 + 1), ..stored };
        self.memory.keys.forget_before(self.earliest);
        // The writer stores a key again only when its event is no longer kept.
        if !stored.positioned && self.memory.keys.get(stored.key, self.earliest).is_some() {
            return;
        }
        self.log.push(stored);
        self.memory.observe(stored);
        self.earlier.push(self.through_file(self.earlier.len() - 1, BOUNDS));
        let newest = self.earlier.last_mut().unwrap();
        newest.observe(stored);
    }

    /// The memory after `at` events by way of the file.
    fn through_file(&self, at: usize, bounds: Bounds) -> Memory {
        let origin = Origin {
            uuid: [7; 16],
            through: EventId(at as u64),
            segments: vec![(EventId(1), 9); at % 3],
            holes: vec![(EventId(4), EventId(6)); at % 2],
        };
        let bytes = self.file.write(&origin, &self.earlier[at]).unwrap();
        let taken = self.file.read(bounds).unwrap().unwrap();
        assert_eq!((&taken.origin, taken.bytes), (&origin, bytes));
        taken.memory
    }

    /// What a start knows that reads the snapshot of `back` events ago and the events since.
    fn restarted(&self, back: u64, bounds: Bounds) -> Memory {
        let at = self.log.len().saturating_sub(back as usize);
        let mut memory = self.through_file(at, bounds);
        self.log[at..].iter().for_each(|stored| memory.observe(*stored));
        memory.keys.forget_before(self.earliest);
        memory
    }

    fn retain(&mut self, kept: u64) {
        let earliest = (self.log.len() as u64 + 1).saturating_sub(kept);
        self.earliest = self.earliest.max(EventId(earliest));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_snapshot_and_the_events_since_are_the_memory_of_all(
        steps in prop::collection::vec(step(5..6), 1..150),
    ) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Store(stored) => world.store(stored),
                Step::Retain(kept) => world.retain(kept),
                Step::Restart(back, _) => {
                    world.memory.keys.forget_before(world.earliest);
                    let memory = world.restarted(back, BOUNDS);
                    prop_assert_eq!(contents(&memory), contents(&world.memory));
                    prop_assert!(answers_as_listed(&memory));
                    world.memory = memory;
                }
            }
        }
    }

    #[test]
    fn under_another_bound_those_stay_that_would_be_forgotten_last(
        steps in prop::collection::vec(step(1..9), 1..100),
    ) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Store(stored) => world.store(stored),
                Step::Retain(kept) => world.retain(kept),
                Step::Restart(_, max) => {
                    world.memory.keys.forget_before(world.earliest);
                    let memory = world.restarted(0, Bounds { payment_streams: max, ..BOUNDS });
                    let mut expected = contents(&world.memory);
                    let forgotten = expected.0.len().saturating_sub(max);
                    expected.0.drain(..forgotten);
                    prop_assert_eq!(contents(&memory), expected);
                    prop_assert!(answers_as_listed(&memory));
                }
            }
        }
    }
}

#[test]
fn a_higher_bound_forgets_nothing_and_holds_more() {
    let file = SnapshotFile::new(Arc::new(SimDisk::new(1)));
    let small = Bounds { payment_streams: 2, ..BOUNDS };
    let mut memory = Memory::new(small);
    let pair = Pair { sender: 1, recipient: 2 };
    (1..=2).for_each(|stream| memory.parties.observe(stream, pair, false));
    let origin = Origin { uuid: [7; 16], through: EventId(2), segments: Vec::new(), holes: Vec::new() };
    file.write(&origin, &memory).unwrap();
    let mut memory = file.read(BOUNDS).unwrap().unwrap().memory;
    (3..=5).for_each(|stream| memory.parties.observe(stream, pair, false));
    assert!((1..=5).all(|stream| memory.parties.get(stream) == pair));
    memory.parties.observe(6, pair, false);
    assert_eq!(memory.parties.get(1), Pair::default(), "the oldest is the first to go, as before");
}
