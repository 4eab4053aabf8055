//! A search with postings says what a look at every entry says: over random logs with rolls, restarts, retention,
//! holes, and sidecars that lag behind, are gone or are damaged.

use std::sync::Arc;

use proptest::prelude::*;

use crate::event::EventId;
use crate::log::tests::searching::{Topics, append, bases, check, index, sidecars};
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS, options};
use crate::log::{Disk as _, LogOptions, Retention, sidecar};

/// What may happen to a log between two searches.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Topics>),
    Index {
        turns: usize,
    },
    IndexAll,
    /// Starts anew; with a new epoch the ids have a hole.
    Reopen {
        new_epoch: bool,
    },
    RemoveOldest {
        segments: u64,
    },
    /// Changes one byte of a sidecar, wherever they fall.
    Damage {
        sidecar: usize,
        byte: u64,
        bit: u8,
    },
    Unlink {
        sidecar: usize,
    },
    Search {
        topics: Vec<u64>,
        first: u64,
        last: u64,
        max: usize,
    },
}

fn topic() -> impl Strategy<Value = u64> {
    prop_oneof![2 => 0_u64..4, 3 => 4_u64..40, 2 => 1_000_u64..100_000]
}

fn step() -> impl Strategy<Value = Step> {
    let topics = proptest::collection::vec([topic(), topic(), topic()], 1..600);
    let few = proptest::collection::vec(1_u64..60, 0..6);
    let searched = prop_oneof![4 => few, 1 => proptest::collection::vec(1_u64..100_000, 65..120)];
    let search = (searched, 0_u64..1000, 0_u64..1000, 0_usize..80);
    prop_oneof![
        6 => topics.prop_map(Step::Append),
        2 => (1_usize..5).prop_map(|turns| Step::Index { turns }),
        2 => Just(Step::IndexAll),
        1 => any::<bool>().prop_map(|new_epoch| Step::Reopen { new_epoch }),
        1 => (1_u64..4).prop_map(|segments| Step::RemoveOldest { segments }),
        2 => (any::<usize>(), any::<u64>(), 0_u8..8)
            .prop_map(|(sidecar, byte, bit)| Step::Damage { sidecar, byte, bit }),
        1 => any::<usize>().prop_map(|sidecar| Step::Unlink { sidecar }),
        8 => search.prop_map(|(topics, first, last, max)| Step::Search { topics, first, last, max }),
    ]
}

fn open(disk: &SimDisk, stretch_events: u32, new_epoch: bool) -> Log {
    let options = LogOptions { new_epoch, ..options() };
    let mut log = Log::open_with(Arc::new(disk.clone()), options).unwrap();
    log.indexer.stretch_events = stretch_events;
    log
}

/// The name of one of the sidecars on the disk.
fn any_sidecar(disk: &SimDisk, log: &Log, number: usize) -> Option<String> {
    let names: Vec<String> =
        bases(log).into_iter().map(sidecar::name).filter(|name| disk.names().contains(name)).collect();
    names.get(number % names.len().max(1)).cloned()
}

/// Ids of the log by a thousandth of it, holes and ends included.
fn id_at(log: &Log, thousandth: u64) -> EventId {
    let segments = log.reader.view().segments().to_vec();
    let at = thousandth as usize * segments.len() / 1000;
    let segment = &segments[at];
    let inside = segment.last(log.reader.visible()).next().0 - segment.base().0;
    EventId(segment.base().0 + (thousandth * 7919) % (inside + 1))
}

fn perform(step: Step, disk: &SimDisk, log: Log, stretch_events: u32) -> Log {
    let mut log = log;
    match step {
        Step::Append(topics) => append(&mut log, &topics),
        Step::Index { turns } => {
            for _ in 0..turns {
                log.indexer.turn().unwrap();
            }
        }
        Step::IndexAll => index(&mut log),
        Step::Reopen { new_epoch } => {
            log.close();
            return open(disk, stretch_events, new_epoch);
        }
        Step::RemoveOldest { segments } => {
            let bytes_max = log.reader.view().bytes().saturating_sub(segments * 64 * 1024);
            log.retainer.retain(Retention { bytes_max: Some(bytes_max), age_ms_max: None }, NOW_MS).unwrap();
        }
        Step::Damage { sidecar, byte, bit } => {
            if let Some(name) = any_sidecar(disk, &log, sidecar) {
                let bytes = disk.read_all(&name).len() as u64;
                disk.corrupt(&name, byte % bytes, |byte| byte ^ 1 << bit);
            }
        }
        Step::Unlink { sidecar } => {
            any_sidecar(disk, &log, sidecar).into_iter().for_each(|name| disk.unlink(&name).unwrap());
        }
        Step::Search { topics, first, last, max } => {
            let (first, last) = (id_at(&log, first), id_at(&log, last));
            check(&log, &topics, first, last.min(log.reader.visible()), max);
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_search_says_what_a_look_at_every_entry_says(
        steps in proptest::collection::vec(step(), 1..40),
        stretch_events in prop_oneof![Just(16_u32), Just(100), Just(1000)],
    ) {
        let disk = SimDisk::new(5);
        let mut log = open(&disk, stretch_events, false);
        for step in steps {
            log = perform(step, &disk, log, stretch_events);
        }
        // Whatever was damaged or gone: in the end all is there, and says the same.
        check(&log, &[1, 2, 3, 50], log.reader.earliest(), log.reader.visible(), 10_000);
        index(&mut log);
        let sealed = log.reader.view().segments().iter().filter(|segment| segment.is_sealed()).count();
        prop_assert_eq!(sidecars(&log), sealed);
        check(&log, &[1, 2, 3, 50], log.reader.earliest(), log.reader.visible(), 10_000);
    }
}
