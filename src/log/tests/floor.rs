//! Under the floor of the disk the log takes nothing, though there is room in its segment; above it again.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, SMALL_SEGMENT, check_frames};
use crate::log::{FloorError, WriteError};

const MIN: u64 = 10_000_000;

#[test]
fn it_stops_under_the_floor_and_goes_on_with_room_for_a_segment_above_it() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    let mut floor = log.retainer.floor(MIN);
    let enough = MIN + SMALL_SEGMENT;
    let looks = [
        (enough + 1, true),
        (MIN, true),
        (MIN - 1, false),
        (0, false),
        (MIN, false),
        (enough - 1, false),
        (enough, true),
        (MIN, true),
        (MIN - 1, false),
        (enough, true),
    ];
    for (n, (free, open)) in looks.into_iter().enumerate() {
        disk.set_faults(Faults { free_bytes: Some(free), ..Faults::default() });
        assert_eq!(floor.check().is_ok(), open, "look {n}: {free}");
        assert_eq!(log.reader.is_under_floor(), !open, "look {n}: {free}");
        assert!(log.writer.has_room(1, 1000), "the segment has room all the time");
        let appended = log.append(1, NOW_MS);
        assert!(matches!((open, &appended), (true, Ok(_)) | (false, Err(WriteError::DiskFull))), "look {n}");
        log.syncer.sync().unwrap();
    }
    assert_eq!(log.reader.poisoned(), None);
    assert_eq!(log.reader.visible(), EventId(5), "what was refused has no id");
    check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn the_trouble_has_the_same_text_while_it_lasts() {
    let disk = SimDisk::new(1);
    let log = Log::open(Arc::new(disk.clone()));
    let mut floor = log.retainer.floor(MIN);
    let mut text = |free| {
        disk.set_faults(Faults { free_bytes: Some(free), ..Faults::default() });
        match floor.check() {
            Err(error @ FloorError::UnderFloor { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let first = text(5);
    assert!(first.contains("less than 10000000 bytes") && first.contains("until 10131072 are"), "{first}");
    assert_eq!(text(6), first);
}

#[test]
fn the_next_segment_is_prepared_above_the_floor_alone() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    let _floor = log.retainer.floor(MIN);
    let rolls_with = |free, log: &mut Log| {
        disk.set_faults(Faults { free_bytes: Some(free), ..Faults::default() });
        log.preparer.turn();
        let segments = log.reader.view().segments().len();
        loop {
            match log.append(1, NOW_MS) {
                Err(WriteError::NoSegment { .. }) => return false,
                appended => drop(appended.unwrap()),
            }
            log.syncer.sync().unwrap();
            // The one that was ready, and the one after it.
            if log.reader.view().segments().len() == segments + 2 {
                return true;
            }
        }
    };
    assert!(rolls_with(MIN + SMALL_SEGMENT, &mut log));
    assert!(!rolls_with(MIN + SMALL_SEGMENT - 1, &mut log));
    assert!(rolls_with(MIN + SMALL_SEGMENT, &mut log));
}

#[test]
fn without_a_floor_only_a_full_disk_stops_it() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    let mut floor = log.retainer.floor(0);
    disk.set_faults(Faults { free_bytes: Some(0), ..Faults::default() });
    floor.check().unwrap();
    log.append(1, NOW_MS).unwrap();
    assert_eq!(log.writer.next_id(), EventId(2));
    assert!(!log.reader.is_under_floor());
}
