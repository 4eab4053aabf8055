//! Power cuts and kills at every call to the disk while sidecars are written or removed: no event is lost, every
//! search says the same after the restart, and in the end each sealed segment has its sidecar.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::searching::{Topics, append, check, index, sidecars};
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS};
use crate::log::{Retention, sidecar};

const EVENTS: u64 = 1_700;

fn check_all(log: &Log, last: EventId) {
    for topics in [&[1][..], &[2, 30], &[1_005, 1_900, 2_400]] {
        check(log, topics, log.reader.earliest(), last, usize::MAX);
    }
}

/// A log that is cut off `calls` calls into the making of its sidecars, and opened again.
fn cut(calls: u64, seed: u64, killed: bool) -> bool {
    let disk = SimDisk::new(seed);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.indexer.stretch_events = 500;
    let topics: Vec<Topics> = (0..EVENTS).map(|n| [n % 7, 20 + n % 40, 1_000 + n]).collect();
    append(&mut log, &topics);
    disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
    let bound = Retention { bytes_max: Some(log.reader.view().bytes() - 1), age_ms_max: None };
    let done = loop {
        match log.indexer.turn() {
            Ok(indexed) if indexed.more => {}
            Ok(_) => break log.retainer.retain(bound, NOW_MS).is_ok(),
            Err(_) => break false,
        }
    };
    drop(log);
    disk.set_faults(Faults::default());
    let disk = if killed { disk } else { disk.crash(seed) };
    let mut log = Log::open(Arc::new(disk.clone()));
    assert_eq!(log.reader.visible(), EventId(EVENTS));
    check_all(&log, EventId(EVENTS));
    index(&mut log);
    check_all(&log, EventId(EVENTS));
    let view = log.reader.view();
    let sealed = view.segments().iter().filter(|segment| segment.is_sealed());
    let mut expected: Vec<String> = sealed.map(|segment| sidecar::name(segment.base())).collect();
    assert_eq!(sidecars(&log), expected.len());
    expected.sort();
    let files: Vec<String> = disk.names().into_iter().filter(|name| name.contains(".idx")).collect();
    assert_eq!(files, expected, "cut after {calls} calls, seed {seed}");
    done
}

#[test]
fn a_cut_while_sidecars_are_written_or_removed_changes_no_answer() {
    let mut calls = 0;
    while !(0..12).map(|seed| cut(calls, seed, seed % 4 == 0)).fold(true, |done, one| done & one) {
        calls += 1;
        assert!(calls < 200, "it never comes to an end");
    }
    assert!(calls > 15, "only {calls} calls were there to be cut off at");
}
