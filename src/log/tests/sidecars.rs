//! Sidecars: what a search may leave unread because of them, how they come and go, and what happens when they cannot
//! be made or are not what was written.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::searching::{Topics, append, bases, check, hash, index, sidecars};
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, SMALL_SEGMENT, options};
use crate::log::{LogOptions, Retention, sidecar};

const SEAL_AT: u64 = SMALL_SEGMENT - 64 * 1024;

/// Topic 7 at every 100th event, 8 at every second one, others of their own.
fn topics(events: u64) -> Vec<Topics> {
    let stream = |n: u64| if n.is_multiple_of(100) { 7 } else { 1_000 + n };
    (0..events).map(|n| [stream(n), if n.is_multiple_of(2) { 8 } else { 0 }, 20 + n % 30]).collect()
}

fn log_of(disk: &SimDisk, events: u64) -> Log {
    let mut log = Log::open(Arc::new(disk.clone()));
    log.indexer.stretch_events = 100;
    append(&mut log, &topics(events));
    log
}

fn check_all(log: &Log) {
    let (first, last) = (log.reader.earliest(), log.reader.visible());
    for topics in [&[7][..], &[8], &[7, 8, 25], &[1_001, 1_003, 2_555], &[5]] {
        check(log, topics, first, last, usize::MAX);
        check(log, topics, EventId(first.0 + 300), EventId(last.0 - 200), 5);
    }
}

fn sidecar_files(disk: &SimDisk) -> Vec<String> {
    disk.names().into_iter().filter(|name| name.contains(".idx")).collect()
}

/// Turns until one fails.
fn failure(log: &mut Log) -> std::io::Error {
    loop {
        match log.indexer.turn() {
            Ok(indexed) => assert!(indexed.more, "nothing failed"),
            Err(error) => return error,
        }
    }
}

/// Makes all postings that are due; whose sidecars were not what was written.
fn damaged(log: &mut Log) -> Vec<EventId> {
    let mut damaged = Vec::new();
    loop {
        let indexed = log.indexer.turn().unwrap();
        damaged.extend(indexed.damaged);
        if !indexed.more {
            return damaged;
        }
    }
}

/// Turns until all that is due is done, and whatever failed has been tried again.
fn index_at_length(log: &mut Log) {
    for _ in 0..1_000 {
        let _again_later = log.indexer.turn();
    }
}

#[test]
fn a_search_looks_at_no_entry_but_those_under_its_topics() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 840 * 20 + 100);
    index(&mut log);
    let segments = log.reader.view().segments().len();
    assert!(segments > 20 && sidecars(&log) == segments - 1, "{segments} segments");
    let view = log.reader.view();
    let last = bases(&log).last().unwrap().previous();
    let expected: Vec<EventId> = (1..=last.0).step_by(100).map(EventId).collect();
    // From here on every other entry lies: whoever reads one finds the topic there.
    for id in (1..=last.0).map(EventId).filter(|id| expected.binary_search(id).is_err()) {
        let segment = view.segment(id).unwrap();
        let entry_at = SEAL_AT - 64 * (id.0 - segment.base().0 + 1);
        for (at, byte) in (entry_at..).zip(hash(7).to_le_bytes()) {
            disk.corrupt(&segment_name(segment.base()), at, |_| byte);
        }
    }
    let looked_at = std::cell::Cell::new(0);
    let count = |_: &crate::log::Entry| looked_at.replace(looked_at.get() + 1) < usize::MAX;
    let found = view.find(&[hash(7)], &count, EventId(1), last, usize::MAX, usize::MAX);
    assert_eq!((found.ids, found.through), (expected.clone(), last));
    assert_eq!(looked_at.get(), expected.len());
    let found = view.find(&[hash(7)], &|_| true, EventId(950), last, 3, usize::MAX);
    assert_eq!(found.ids, [1001, 1101, 1201].map(EventId));
    assert_eq!(found.through, EventId(1201));
}

#[test]
fn what_postings_spare_is_not_counted() {
    let mut log = log_of(&SimDisk::new(1), 840 * 20 + 100);
    let last = bases(&log).last().unwrap().previous();
    let expected: Vec<EventId> = (1..=last.0).step_by(100).map(EventId).collect();
    let find = |log: &Log, first, looks| {
        log.reader.view().find(&[hash(7)], &|_| true, first, last, usize::MAX, looks)
    };
    assert_eq!(find(&log, EventId(1), 2000).through, EventId(2000), "each entry is looked at");
    index(&mut log);
    let found = find(&log, EventId(1), 2000);
    assert_eq!((found.ids, found.through), (expected.clone(), last));
    for looks in [1, 67, 200] {
        let (mut ids, mut through) = (Vec::new(), EventId::ZERO);
        while through < last {
            let found = find(&log, through.next(), looks);
            assert!(found.through > through && found.ids.len() <= looks, "{looks} looks");
            ids.extend(found.ids);
            through = found.through;
        }
        assert_eq!(ids, expected, "{looks} looks");
    }
}

#[test]
fn the_open_segment_has_postings_of_all_but_its_last_stretch() {
    let mut log = log_of(&SimDisk::new(1), 777);
    index(&mut log);
    let parts = log.reader.view().segments()[0].postings();
    let lengths: Vec<usize> = parts.iter().map(|part| part.slots().len()).collect();
    assert_eq!(lengths, [400, 100, 100, 100], "few parts, and the last 77 events in none");
    let bytes: usize = parts.iter().map(|part| part.memory().len()).sum();
    assert!(bytes <= 48 * 700, "{bytes}");
    check_all(&log);
}

#[test]
fn what_is_not_committed_is_not_indexed() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 256);
    log.append_short(100, NOW_MS).unwrap();
    index(&mut log);
    assert_eq!(log.reader.view().segments()[0].postings().last().unwrap().slots().end, 200);
}

#[test]
fn every_changed_byte_of_a_sidecar_is_found_or_means_nothing() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 1_000);
    index(&mut log);
    let name = sidecar::name(EventId(1));
    let whole = disk.read_all(&name);
    let body_at = 4096;
    let blocks = (whole.len() - body_at).div_ceil(4096);
    assert!(blocks > 2, "there is more than one block");
    let everything: Vec<u64> = (1..3_000).collect();
    let segment = Arc::clone(&log.reader.view().segments()[0]);
    for at in 0..whole.len() {
        if at >= 128 + 4 * blocks && !at.is_multiple_of(13) && at + 1 < whole.len() {
            continue;
        }
        // It may change while it is open, and before.
        disk.corrupt(&name, at as u64, |byte| byte ^ 1 << (at % 8));
        if at >= body_at {
            check(&log, &[7, 1_000 + at as u64 % 700], EventId(1), EventId(840), usize::MAX);
            for some in everything.chunks(60).filter(|_| !segment.postings()[0].is_broken()) {
                check(&log, some, EventId(1), EventId(840), 10_000);
            }
            assert!(segment.postings()[0].is_broken(), "byte {at} was read and not found out");
        } else {
            segment.set_postings(Vec::new());
        }
        let indexed = log.indexer.turn().unwrap();
        let means_nothing = (72..128).contains(&at) || (128 + 4 * blocks..body_at).contains(&at);
        assert_eq!(indexed.damaged, Some(EventId(1)).filter(|_| !means_nothing), "byte {at}");
        index(&mut log);
        assert_eq!(sidecars(&log), 1);
        check(&log, &[7, 8, 25], EventId(1), EventId(1_000), usize::MAX);
        if !means_nothing {
            assert!(disk.read_all(&name) == whole, "made anew after byte {at}");
        } else {
            disk.corrupt(&name, at as u64, |byte| byte ^ 1 << (at % 8));
        }
    }
}

#[test]
fn a_sidecar_of_another_length_counts_as_none() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 1_000);
    index(&mut log);
    let name = sidecar::name(EventId(1));
    let whole = disk.read_all(&name);
    log.close();
    for length in [0, 1, 71, 72, 130, 4095, 4096, 4097, whole.len() - 1, whole.len() + 1] {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        disk.replace(&name, &bytes);
        let mut log = Log::open(Arc::new(disk.clone()));
        check_all(&log);
        assert_eq!(damaged(&mut log), [EventId(1)], "{length} bytes");
        assert!(disk.read_all(&name) == whole);
        check_all(&log);
        log.close();
    }
}

#[test]
fn a_restart_opens_what_is_there_and_removes_what_belongs_to_nothing() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 3_000);
    index(&mut log);
    let bases = bases(&log);
    log.close();
    let (first, second) = (sidecar::name(bases[0]), sidecar::name(bases[1]));
    let (whole, other) = (disk.read_all(&first), disk.read_all(&second));
    for stray in ["seg/00000000000000000077.idx", "seg/00000000000000000001.idx.tmp"] {
        disk.replace(stray, &whole);
    }
    // Those of each other's segments: both are whole, neither is believed.
    disk.replace(&first, &other);
    disk.replace(&second, &whole);
    let mut log = Log::open(Arc::new(disk.clone()));
    let expected: Vec<String> = bases[..3].iter().map(|&base| sidecar::name(base)).collect();
    assert_eq!(sidecar_files(&disk), expected);
    check_all(&log);
    assert_eq!(damaged(&mut log), [bases[1], bases[0]]);
    assert_eq!(sidecars(&log), 4, "the segment that the restart has sealed has one as well");
    assert!(disk.read_all(&first) == whole && disk.read_all(&second) == other);
    check_all(&log);
}

#[test]
fn segments_that_a_repair_has_made_do_not_believe_the_old_sidecars() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 2_000);
    index(&mut log);
    log.close();
    // A damaged seal and a damaged entry: what is whole moves into new segments, one under the old name.
    disk.corrupt(&segment_name(EventId(1)), SEAL_AT + 20, |byte| byte ^ 1);
    disk.corrupt(&segment_name(EventId(1)), SEAL_AT - 64 * 301, |byte| byte ^ 1);
    let accept_gap = LogOptions { accept_gap: true, ..options() };
    let mut log = Log::open_with(Arc::new(disk.clone()), accept_gap).unwrap();
    assert_eq!(log.reader.view().segment(EventId(300)).unwrap().last(EventId(1_000)), EventId(300));
    check(&log, &[7, 8, 25], EventId(1), EventId(300), usize::MAX);
    assert_eq!(damaged(&mut log), [EventId(1)]);
    for first in [EventId(1), EventId(302)] {
        check(&log, &[7, 8, 25], first, log.reader.visible(), usize::MAX);
    }
    assert_eq!(log.reader.view().segments().len(), sidecars(&log) + 1);
}

#[test]
fn a_sidecar_that_cannot_be_made_stops_nothing_and_is_tried_again() {
    let faults = [
        ("write", Faults { fail_write: Some(1), ..Faults::default() }),
        ("second write", Faults { fail_write: Some(2), ..Faults::default() }),
        ("sync", Faults { fail_sync: Some(1), ..Faults::default() }),
        ("rename", Faults { fail_rename: true, ..Faults::default() }),
        ("disk full", Faults { free_bytes: Some(SMALL_SEGMENT), ..Faults::default() }),
    ];
    for (name, fault) in faults {
        let disk = SimDisk::new(1);
        let mut log = log_of(&disk, 2_000);
        disk.set_faults(fault);
        let _error = failure(&mut log);
        assert_eq!((log.reader.poisoned(), sidecars(&log)), (None, 0), "{name}");
        assert_eq!(sidecar_files(&disk), Vec::<String>::new(), "{name}");
        let view = log.reader.view();
        let mut sealed = view.segments().iter().filter(|segment| segment.is_sealed());
        assert!(sealed.all(|segment| segment.postings().is_empty()), "{name}: its memory is given back");
        check_all(&log);
        disk.set_faults(Faults::default());
        append(&mut log, &topics(100));
        assert_eq!(log.indexer.turn().unwrap().written, None, "{name}: not at once");
        index_at_length(&mut log);
        assert_eq!(sidecars(&log), log.reader.view().segments().len() - 1, "{name}");
        check_all(&log);
    }
}

#[test]
fn a_segment_whose_entries_have_changed_gets_none_and_keeps_none_from_others() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 4_000);
    let bases = bases(&log);
    disk.corrupt(&segment_name(bases[2]), SEAL_AT - 64 * 10, |byte| byte ^ 1);
    let error = failure(&mut log);
    assert!(error.to_string().contains(&format!("begins with {}", bases[2])), "{error}");
    index_at_length(&mut log);
    assert_eq!(sidecars(&log), bases.len() - 2);
    assert_eq!(log.reader.poisoned(), None);
    check_all(&log);
}

#[test]
fn retention_takes_the_sidecar_along() {
    let disk = SimDisk::new(1);
    let mut log = log_of(&disk, 3_000);
    index(&mut log);
    assert_eq!(sidecar_files(&disk).len(), 3);
    let bound = Retention { bytes_max: Some(2 * SMALL_SEGMENT), age_ms_max: None };
    log.retainer.retain(bound, NOW_MS).unwrap();
    let kept = bases(&log);
    assert!(kept.len() < 4);
    let expected: Vec<String> = kept[..kept.len() - 1].iter().map(|&base| sidecar::name(base)).collect();
    assert_eq!(sidecar_files(&disk), expected);
    check_all(&log);
}
