//! A segment so full of entries that several threads read it: what they find is what one would find. Setup: 20,000
//! short events in one segment, and one byte changed at the borders between the parts and inside them.

use std::sync::Arc;

use crate::event::EventId;
use crate::limits;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS, options};
use crate::log::{LogOptions, OpenError};

const EVENTS: u64 = 20_000;
const BATCH: u64 = 100;
const SLOTS: [u64; 9] = [0, 1, 4999, 5000, 5001, 9_999, 10_000, 14_999, 19_999];

fn large() -> LogOptions {
    LogOptions { segment_bytes: limits::SEGMENT_BYTES_MIN, ..options() }
}

/// A log that was killed; `noted`: a CHECKPOINT says how much of it was durable.
fn killed(noted: bool) -> SimDisk {
    let disk = SimDisk::new(1);
    let mut log = Log::open_with(Arc::new(disk.clone()), large()).unwrap();
    for _ in 0..EVENTS / BATCH {
        log.append_short(BATCH, NOW_MS).unwrap();
    }
    log.syncer.sync().unwrap();
    if noted {
        log.syncer.checkpoint().unwrap();
    }
    disk
}

/// A byte of the slot's frame, and one of its entry.
fn places(slot: u64) -> [u64; 2] {
    let entries_end = limits::SEGMENT_BYTES_MIN - limits::SEAL_BYTES;
    [limits::SEGMENT_HEADER_BYTES + 9 * slot, entries_end - 64 * (slot + 1)]
}

#[test]
fn damage_is_found_where_it_is() {
    let disk = killed(true);
    let name = format!("seg/{:020}.seg", 1);
    for (slot, place) in SLOTS.into_iter().flat_map(|slot| places(slot).map(|place| (slot, place))) {
        disk.corrupt(&name, place, |byte| byte ^ 1);
        match Log::open_with(Arc::new(disk.clone()), large()).err() {
            Some(OpenError::Corrupt { id, .. }) => assert_eq!(id, EventId(slot + 1)),
            other => panic!("slot {slot}: {other:?}"),
        }
        disk.corrupt(&name, place, |byte| byte ^ 1);
    }
    // Two places: the first counts.
    for slot in [19_999, 5000] {
        disk.corrupt(&name, places(slot)[0], |byte| byte ^ 1);
    }
    let refused = Log::open_with(Arc::new(disk.clone()), large()).err();
    assert!(matches!(refused, Some(OpenError::Corrupt { id: EventId(5001), .. })), "{refused:?}");
}

#[test]
fn a_torn_tail_ends_before_the_first_bad_frame() {
    for slot in SLOTS {
        let disk = killed(false);
        let name = format!("seg/{:020}.seg", 1);
        disk.corrupt(&name, places(slot)[0], |byte| byte ^ 1);
        let log = Log::open_with(Arc::new(disk), large()).unwrap();
        let whole = slot / BATCH * BATCH;
        assert_eq!(log.recovered.last, EventId(whole), "slot {slot}");
        assert_eq!(log.recovered.torn_entries, EVENTS - whole, "slot {slot}");
    }
}

#[test]
fn an_entry_that_proves_durability_is_found_far_behind() {
    let disk = killed(false);
    let mut log = Log::open_with(Arc::new(disk.clone()), large()).unwrap();
    for _ in 0..EVENTS / BATCH {
        log.append_short(BATCH, NOW_MS).unwrap();
    }
    log.syncer.sync().unwrap();
    log.append_short(1, NOW_MS).unwrap();
    log.syncer.sync().unwrap();
    drop(log);
    let name = format!("seg/{:020}.seg", EVENTS + 1);
    disk.corrupt(&name, places(3)[1], |byte| byte ^ 1);
    let refused = Log::open_with(Arc::new(disk), large()).err();
    assert!(matches!(refused, Some(OpenError::Corrupt { id: EventId(20_004), .. })), "{refused:?}");
}
