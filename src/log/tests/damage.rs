//! A torn tail is dropped; damage to what was durable is refused, and with `accept_gap` becomes an announced
//! hole.
//!
//! Each log holds events 1..=N of known bytes on the simulated disk; one byte is then changed on its platter.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS, SMALL_SEGMENT, check_frames, frame, options};
use crate::log::{LogOptions, OpenError, Step};

const SEAL_AT: u64 = SMALL_SEGMENT - 64 * 1024;

/// A log with `last` durable events that was not closed.
fn unclosed(last: u64) -> SimDisk {
    let disk = SimDisk::new(last);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(last));
    disk
}

fn refusal(disk: &SimDisk) -> OpenError {
    match Log::open_with(Arc::new(disk.clone()), options()) {
        Err(error) => error,
        Ok(log) => panic!("opened with {:?}", log.recovered),
    }
}

fn accepted(disk: &SimDisk) -> Log {
    Log::open_with(Arc::new(disk.clone()), LogOptions { accept_gap: true, ..options() }).unwrap()
}

fn flip(disk: &SimDisk, base: u64, offset: u64) {
    disk.corrupt(&segment_name(EventId(base)), offset, |byte| byte ^ 1);
}

fn entry_at(slot: u64) -> u64 {
    SEAL_AT - 64 * (slot + 1)
}

#[test]
fn what_was_never_synced_is_a_torn_tail() {
    let disk = SimDisk::new(7);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    log.append(5, NOW_MS).unwrap();
    flip(&disk, 1, entry_at(11));
    drop(log);
    let log = Log::open(Arc::new(disk));
    // The batch of five is dropped whole, for its second event is torn.
    assert_eq!((log.recovered.last, log.recovered.torn_entries), (EventId(10), 4));
    assert!(!log.recovered.clean && !log.recovered.new_epoch);
    check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn an_unfinished_batch_is_dropped_whole() {
    let disk = SimDisk::new(7);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    log.append(5, NOW_MS).unwrap();
    flip(&disk, 1, entry_at(14));
    let log = Log::open(Arc::new(disk));
    assert_eq!((log.recovered.last, log.recovered.torn_entries), (EventId(10), 4));
}

#[test]
fn a_checkpoint_proves_the_last_event() {
    let disk = SimDisk::new(7);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    log.syncer.checkpoint().unwrap();
    log.syncer.checkpoint().unwrap();
    drop(log);
    flip(&disk, 1, entry_at(9));
    let error = refusal(&disk);
    assert!(matches!(error, OpenError::Corrupt { id: EventId(10), .. }), "{error}");
}

#[test]
fn a_proof_far_behind_the_damage_counts() {
    let disk = SimDisk::new(7);
    let large = LogOptions { segment_bytes: 16 << 20, ..options() };
    let mut log = Log::open_with(Arc::new(disk.clone()), large).unwrap();
    log.append(1, NOW_MS).unwrap();
    log.syncer.sync().unwrap();
    // More entries than one knows of how far it lies behind; of these all but the last are damaged.
    for _ in 0..70 {
        log.append_short(1000, NOW_MS).unwrap();
        log.syncer.sync().unwrap();
    }
    drop(log);
    let name = segment_name(EventId(1));
    let seal_at = (16 << 20) - 64 * 1024;
    for slot in 0..70_000 {
        disk.corrupt(&name, seal_at - 64 * (slot + 1), |byte| byte ^ 1);
    }
    let error = refusal(&disk);
    assert!(matches!(error, OpenError::Corrupt { id: EventId(1), .. }), "{error}");
}

#[test]
fn damage_before_a_later_commit_is_refused() {
    let bytes = [("an entry", entry_at(4)), ("a frame", 4096 + 60), ("the first entry", entry_at(0))];
    for (name, offset) in bytes {
        let disk = unclosed(20);
        flip(&disk, 1, offset);
        let names = disk.names();
        let error = refusal(&disk);
        assert!(matches!(error, OpenError::Corrupt { id, .. } if id <= EventId(5)), "{name}: {error}");
        assert!(error.to_string().contains("--accept-gap"), "{error}");
        let segments =
            |names: Vec<String>| names.into_iter().filter(|name| name.ends_with(".seg")).collect::<Vec<_>>();
        assert_eq!(segments(disk.names()), segments(names), "{name}: a refusal changes nothing");
    }
}

#[test]
fn an_accepted_gap_keeps_what_is_whole_and_is_announced() {
    let disk = unclosed(20);
    flip(&disk, 1, entry_at(4));
    let log = accepted(&disk);
    let view = log.reader.view();
    let visible = log.reader.visible();
    assert!(log.recovered.new_epoch, "the damaged segment was the last one");
    assert_eq!(visible, EventId::new(1, 0));
    assert_eq!(view.step(EventId(3), visible), Step::Next(EventId(4)));
    let gap = Step::Gap { earliest: EventId(6), missed: Some(1) };
    assert_eq!(view.step(EventId(4), visible), gap);
    assert_eq!(view.step(EventId(5), visible), Step::Next(EventId(6)));
    let end = Step::Gap { earliest: EventId::new(1, 1), missed: None };
    assert_eq!(view.step(EventId(20), visible), end);
    assert_eq!(view.step(EventId(23), visible), end);
    for id in (1..=20).filter(|&id| id != 5).map(EventId) {
        assert_eq!(view.segment(id).unwrap().frame(id), frame(id, 0), "{id}");
    }
    assert!(view.segment(EventId(5)).is_none());
    assert!(disk.names().iter().any(|name| name.ends_with(".seg.bad")), "{:?}", disk.names());
    log.close();
    let again = Log::open(Arc::new(disk));
    assert!(!again.recovered.new_epoch, "once is enough");
}

#[test]
fn a_flipped_byte_is_refused_or_harmless_wherever_it_is() {
    let probe = unclosed(20);
    let log = Log::open(Arc::new(probe));
    let data_end = 4096 + log.reader.view().segments()[0].span(EventId(1), EventId(20)).len() as u64;
    let used = (0..72).chain((4096..data_end).step_by(97)).chain((entry_at(19)..SEAL_AT).step_by(3));
    let (mut refused, mut torn) = (0, 0);
    for offset in used {
        let disk = unclosed(20);
        flip(&disk, 1, offset);
        match Log::open_with(Arc::new(disk), options()) {
            Err(OpenError::Corrupt { .. } | OpenError::Version { .. } | OpenError::Foreign { .. }) => {
                refused += 1
            }
            Err(error) => panic!("byte {offset}: {error}"),
            Ok(log) => {
                // Damage inside the last commit cannot be told from a torn write.
                assert!(log.recovered.last >= EventId(19), "byte {offset}: {:?}", log.recovered);
                check_frames(&log.reader, EventId(1), 0);
                torn += 1;
            }
        }
    }
    assert!(refused > 10 * torn && torn > 0, "{refused} refused, {torn} taken for torn");
}

#[test]
fn many_runs_are_salvaged_each_in_a_small_file() {
    let disk = unclosed(30);
    for slot in (1..30).step_by(2) {
        flip(&disk, 1, entry_at(slot));
    }
    let log = accepted(&disk);
    let view = log.reader.view();
    for id in (1..=30).map(EventId) {
        let kept = view.segment(id).map(|segment| segment.frame(id).to_vec());
        assert_eq!(kept, (id.0 % 2 == 1).then(|| frame(id, 0)), "{id}");
    }
    assert_eq!(view.holes().len(), 15);
    assert!(view.segments()[0].created_ms() == NOW_MS && view.bytes() < 17 * SMALL_SEGMENT);
    assert_eq!(view.at_or_after(0, log.reader.visible()), EventId(1));
}

#[test]
fn nothing_left_and_accepted_begins_an_epoch() {
    let disk = unclosed(30);
    crate::log::Disk::unlink(&disk, &segment_name(EventId(1))).unwrap();
    assert!(matches!(refusal(&disk), OpenError::EndMissing { .. }));
    let log = accepted(&disk);
    assert_eq!((log.recovered.new_epoch, log.reader.visible()), (true, EventId::new(1, 0)));
    let gap = Step::Gap { earliest: EventId::new(1, 1), missed: None };
    assert_eq!(log.reader.view().step(EventId(30), log.reader.visible()), gap);
}

#[test]
fn a_damaged_middle_segment_becomes_a_hole_with_a_known_number() {
    let disk = unclosed(500);
    let log = Log::open(Arc::new(disk.clone()));
    let bases: Vec<EventId> = log.reader.view().segments().iter().map(|segment| segment.base()).collect();
    log.close();
    flip(&disk, bases[1].0, 40);
    let error = refusal(&disk);
    assert!(matches!(error, OpenError::Corrupt { id, .. } if id == bases[1]), "{error}");
    let log = accepted(&disk);
    assert!(!log.recovered.new_epoch, "the end of the log is whole");
    let (view, visible) = (log.reader.view(), log.reader.visible());
    let gap = Step::Gap { earliest: bases[2], missed: Some(bases[2].0 - bases[1].0) };
    assert_eq!(view.step(bases[1].previous(), visible), gap);
    assert_eq!(view.step(EventId(500), visible), Step::Next(EventId(501)));
    check_frames(&log.reader, bases[2], 0);
}

#[test]
fn a_broken_seal_costs_a_scan_and_nothing_else() {
    for offset in [0, 8, 12, 24, 60, 68].map(|offset| SEAL_AT + offset) {
        let disk = unclosed(300);
        flip(&disk, 1, offset);
        let log = Log::open(Arc::new(disk));
        assert_eq!(log.recovered.last, EventId(300));
        assert!(log.reader.view().segments()[0].is_sealed());
        check_frames(&log.reader, EventId(1), 0);
    }
}

#[test]
fn missing_segments_are_refused() {
    let disk = unclosed(500);
    let log = Log::open(Arc::new(disk.clone()));
    let bases: Vec<EventId> = log.reader.view().segments().iter().map(|segment| segment.base()).collect();
    log.close();
    let without = |gone: &[EventId]| {
        let copy = disk.crash(1);
        for &base in gone {
            crate::log::Disk::unlink(&copy, &segment_name(base)).unwrap();
        }
        copy
    };
    // Each copy is of the disk before it: the power cut leaves the original empty.
    let middle = without(&bases[1..2]);
    assert!(matches!(refusal(&middle), OpenError::Missing { expected, .. } if expected == bases[1]));
    let all: Vec<EventId> = bases.iter().copied().filter(|&base| base != bases[1]).collect();
    for &base in &all {
        crate::log::Disk::unlink(&middle, &segment_name(base)).unwrap();
    }
    assert!(
        matches!(refusal(&middle), OpenError::EndMissing { .. }),
        "an empty directory is not a fresh one"
    );
}

#[test]
fn a_missing_end_is_refused() {
    let disk = unclosed(500);
    let log = Log::open(Arc::new(disk.clone()));
    let last = log.reader.view().segments().last().unwrap().base();
    let before = log.reader.view().segments().iter().rev().nth(1).unwrap().base();
    log.close();
    for base in [last, before] {
        crate::log::Disk::unlink(&disk, &segment_name(base)).unwrap();
    }
    assert!(matches!(refusal(&disk), OpenError::EndMissing { expected } if expected == before));
}

#[test]
fn a_look_from_outside_sees_what_a_start_refuses() {
    let disk = SimDisk::new(3);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(20));
    log.close();
    assert_eq!(crate::log::inspect(&disk).unwrap().faults, []);
    flip(&disk, 1, entry_at(4));
    let faults = crate::log::inspect(&disk).unwrap().faults;
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!((fault.event, fault.offset), (Some(EventId(5)), Some(entry_at(4))), "{fault}");
    assert!(matches!(refusal(&disk), OpenError::Corrupt { id: EventId(5), .. }));
}
