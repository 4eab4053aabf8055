//! Retention by age under a clock that is set: nothing live goes at once, and nothing stays for ever.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, options};
use crate::log::{Durability, LogOptions, Removed, Retention};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
const YEAR_MS: u64 = 365 * DAY_MS;
const DAY: Retention = Retention { bytes_max: None, age_ms_max: Some(DAY_MS) };

/// A log with some sealed segments whose events are all of `time_ms`.
fn sealed(time_ms: u64) -> Log {
    let mut log = Log::open(Arc::new(SimDisk::new(1)));
    while log.reader.view().segments().len() < 4 {
        log.append(1, time_ms).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    log
}

/// Lets retention look every minute while the clock goes evenly from `from_ms` on; the minute in which something was
/// removed first, and that all sealed segments went with it.
fn removed_after(log: &mut Log, from_ms: u64, minutes: u64) -> Option<u64> {
    (0..=minutes).find(|minute| {
        let removed = log.retainer.retain(DAY, from_ms + minute * MINUTE_MS).unwrap();
        assert!(removed.segments == 0 || removed.segments == 3, "{removed:?}");
        removed.segments > 0
    })
}

#[test]
fn events_go_when_they_are_over_the_age_and_not_before() {
    let mut log = sealed(NOW_MS);
    assert_eq!(removed_after(&mut log, NOW_MS, 2 * 24 * 60), Some(24 * 60 + 1));
    assert_eq!(log.reader.view().segments().len(), 1, "the one that takes events stays");
}

#[test]
fn after_a_start_the_clock_is_believed_once_it_has_gone_evenly_for_an_hour() {
    let mut log = sealed(NOW_MS);
    assert_eq!(removed_after(&mut log, NOW_MS + 5 * DAY_MS, 120), Some(60));
    // Of a short age it is a quarter.
    let mut log = sealed(NOW_MS);
    let short = Retention { bytes_max: None, age_ms_max: Some(4000) };
    let removed = [0, 999, 1000].map(|ms| log.retainer.retain(short, NOW_MS + DAY_MS + ms).unwrap().segments);
    assert_eq!(removed, [0, 0, 3]);
}

#[test]
fn the_age_is_that_of_the_last_event_wherever_the_durable_mark_is() {
    let options = LogOptions { durability: Durability::None, ..options() };
    for (durable, last_ms, removed) in [(0, NOW_MS, Some(60)), (1, NOW_MS + 5 * DAY_MS, None)] {
        let mut log = Log::open_with(Arc::new(SimDisk::new(1)), options.clone()).unwrap();
        log.append(1, NOW_MS).unwrap();
        while log.reader.view().segments().len() < 4 {
            log.append(1, last_ms).unwrap();
            log.preparer.turn();
        }
        // As a sync leaves it that looked at the mark before the segment was full.
        log.retainer.shared.set_durable(EventId(durable));
        assert_eq!(removed_after(&mut log, NOW_MS + 5 * DAY_MS, 120), removed, "durable up to {durable}");
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_is_put_right_removes_nothing() {
    let mut log = sealed(NOW_MS);
    assert_eq!(removed_after(&mut log, NOW_MS, 90), None);
    let stepped = log.retainer.retain(DAY, NOW_MS + YEAR_MS).unwrap();
    assert!(stepped.clock_stepped && stepped.segments == 0);
    assert_eq!(removed_after(&mut log, NOW_MS + YEAR_MS, 58), None);
    assert!(log.retainer.retain(DAY, NOW_MS + 150 * MINUTE_MS).unwrap().clock_stepped);
    assert_eq!(removed_after(&mut log, NOW_MS + 150 * MINUTE_MS, 60), None);
    // Nor does one that jumps again and again.
    for jump in 1..30 {
        assert_eq!(removed_after(&mut log, NOW_MS + jump * YEAR_MS, 30), None);
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_stays_there_is_believed_in_the_end() {
    let mut log = sealed(NOW_MS);
    assert_eq!(removed_after(&mut log, NOW_MS, 90), None);
    assert_eq!(removed_after(&mut log, NOW_MS + YEAR_MS, 120), Some(60));
}

#[test]
fn a_clock_that_jumps_back_keeps_nothing_for_ever() {
    let mut log = sealed(NOW_MS);
    assert_eq!(removed_after(&mut log, NOW_MS, 10), None);
    let after = removed_after(&mut log, NOW_MS - YEAR_MS, 2 * 24 * 60).unwrap();
    assert!((24 * 60 - 10..=24 * 60 + 1).contains(&after), "{after}");
}

#[test]
fn times_in_the_future_keep_nothing_for_ever() {
    let mut log = sealed(NOW_MS + YEAR_MS);
    assert_eq!(removed_after(&mut log, NOW_MS, 2 * 24 * 60), Some(24 * 60 + 1));
    // What is written afterwards has the time that does not fall, and its own age all the same.
    log.append(1, NOW_MS + 2 * DAY_MS).unwrap();
    log.syncer.sync().unwrap();
    let (view, last) = (log.reader.view(), log.reader.visible());
    assert_eq!(view.segment(last).unwrap().time_ms(last), NOW_MS + YEAR_MS);
    let begun = log.reader.view().segments()[0].base();
    while log.reader.view().segments().len() < 4 {
        log.append(1, NOW_MS + 2 * DAY_MS).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    assert_eq!(removed_after(&mut log, NOW_MS + 2 * DAY_MS, 24 * 60), None);
    assert_eq!(log.reader.earliest(), begun);
    assert_eq!(removed_after(&mut log, NOW_MS + 3 * DAY_MS, 10), Some(1));
}

#[test]
fn a_short_age_makes_short_segments_where_the_next_one_is_ready() {
    let mut log = Log::open(Arc::new(SimDisk::new(1)));
    log.writer.roll_after(1000);
    // Waiting empty is no age.
    for at in [5000, 5001, 6000, 6001, 6002, 7002, 7003] {
        log.append(1, NOW_MS + at).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    let bases = |log: &Log| log.reader.view().segments().iter().map(|one| one.base().0).collect::<Vec<_>>();
    assert_eq!(bases(&log), [1, 4, 6]);
    // While none is ready the old one goes on.
    log.append_without_preparing(NOW_MS + 9000).unwrap();
    log.append_without_preparing(NOW_MS + 10_500).unwrap();
    assert_eq!(bases(&log), [1, 4, 6, 8]);
    log.preparer.turn();
    log.append_without_preparing(NOW_MS + 10_600).unwrap();
    assert_eq!(bases(&log), [1, 4, 6, 8, 10]);
    log.syncer.sync().unwrap();
    crate::log::tests::support::check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn a_poisoned_log_is_left_as_it_is() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    let names = disk.names();
    disk.set_faults(Faults { fail_sync: Some(1), ..Faults::default() });
    assert!(log.append(1, NOW_MS).is_err() || log.syncer.sync().is_err());
    disk.set_faults(Faults::default());
    let nothing = Retention { bytes_max: Some(0), age_ms_max: Some(0) };
    assert_eq!(log.retainer.retain(nothing, NOW_MS).unwrap(), Removed::default());
    assert_eq!(disk.names(), names);
}
