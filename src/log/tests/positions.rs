//! Resume is arithmetic: positions, holes, epochs, times.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, check_frames, options};
use crate::log::{Durability, LogOptions, Removed, Retention, Step};

#[test]
fn positions_in_a_dense_log() {
    let mut log = Log::open(Arc::new(SimDisk::new(1)));
    log.fill_to(EventId(30));
    let (view, visible) = (log.reader.view(), log.reader.visible());
    assert_eq!(view.step(EventId::ZERO, visible), Step::Next(EventId(1)));
    assert_eq!(view.step(EventId(29), visible), Step::Next(EventId(30)));
    assert_eq!(view.step(EventId(30), visible), Step::Next(EventId(31)));
    assert_eq!(view.step(EventId(31), visible), Step::Ahead);
    assert_eq!(view.step(EventId::new(1, 1), visible), Step::Ahead);
    assert_eq!(view.step(EventId(u64::MAX), visible), Step::Ahead);
}

#[test]
fn an_unclean_start_of_a_relaxed_log_begins_an_epoch() {
    for durability in [Durability::None, Durability::Interval { ms: 5 }] {
        let disk = SimDisk::new(1);
        let relaxed = LogOptions { durability, ..options() };
        let mut log = Log::open_with(Arc::new(disk.clone()), relaxed.clone()).unwrap();
        log.fill_to(EventId(10));
        drop(log);
        let mut log = Log::open_with(Arc::new(disk.clone()), relaxed).unwrap();
        let start = EventId::new(1, 0);
        assert!(log.recovered.new_epoch);
        assert_eq!((log.reader.visible(), log.writer.next_id()), (start, start.next()));
        let view = log.reader.view();
        let gap = Step::Gap { earliest: start.next(), missed: None };
        assert_eq!(view.step(EventId(9), start), Step::Next(EventId(10)));
        assert_eq!(view.step(EventId(10), start), gap);
        assert_eq!(view.step(EventId(12), start), gap, "an id that was shown and is lost");
        assert_eq!(view.step(start, start), Step::Next(start.next()));
        log.fill_to(EventId::new(1, 5));
        check_frames(&log.reader, start.next(), 0);
        log.close();
        // After an orderly stop the epoch goes on, whatever the mode is now.
        let log = Log::open(Arc::new(disk));
        assert_eq!((log.recovered.new_epoch, log.recovered.last), (false, EventId::new(1, 5)));
    }
}

#[test]
fn a_commit_log_keeps_its_epoch_and_a_new_one_can_be_asked_for() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    drop(log);
    let log = Log::open(Arc::new(disk.clone()));
    assert_eq!((log.recovered.clean, log.recovered.new_epoch), (false, false));
    assert_eq!(log.reader.visible(), EventId(10));
    log.close();
    let log = Log::open_with(Arc::new(disk), LogOptions { new_epoch: true, ..options() }).unwrap();
    let visible = log.reader.visible();
    assert!(log.recovered.new_epoch && visible.epoch() > 0 && visible.sequence() == 0, "{visible}");
}

#[test]
fn what_could_not_be_unlinked_is_tried_again_and_counted() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    let before = log.reader.view().segments().len();
    disk.set_faults(Faults { fail_unlink: true, ..Faults::default() });
    let nothing = Retention { bytes_max: Some(0), age_ms_max: None };
    assert!(log.retainer.retain(nothing, NOW_MS).is_err());
    assert!(log.retainer.retain(nothing, NOW_MS).is_err());
    assert_eq!(log.reader.view().segments().len(), 1);
    disk.set_faults(Faults::default());
    let removed = log.retainer.retain(nothing, NOW_MS).unwrap();
    assert_eq!(removed.segments, before - 1);
    assert_eq!(disk.names().iter().filter(|name| name.ends_with(".seg")).count(), 1);
    assert_eq!(log.retainer.retain(nothing, NOW_MS).unwrap(), Removed::default());
}

#[test]
fn times_never_fall_and_are_found() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    // The clock goes 10 ms an event, but every fifth reading is far too early.
    for n in 0..400 {
        let now_ms = if n % 5 == 4 { NOW_MS - 50_000 } else { NOW_MS + 10 * n };
        log.append(1, now_ms).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    let last_ms = NOW_MS + 10 * 398;
    for at in [0, 7, 1995] {
        let (view, visible) = (log.reader.view(), log.reader.visible());
        let found = view.at_or_after(NOW_MS + at, visible);
        let time = view.segment(found).unwrap().time_ms(found);
        assert!(time >= NOW_MS + at);
        let before = found.previous();
        let earlier = view.segment(before).map_or(0, |segment| segment.time_ms(before));
        assert!(earlier < NOW_MS + at, "{before} is at or after {at} as well");
    }
    let view = log.reader.view();
    assert_eq!(view.at_or_after(0, EventId(400)), EventId(1));
    assert_eq!(view.at_or_after(last_ms + 1, EventId(400)), EventId(401));
    assert_eq!(view.at_or_after(NOW_MS + 1000, EventId(50)), EventId(51), "not past the commit point");
    assert_eq!(view.at_or_after(NOW_MS, EventId::ZERO), EventId(1), "nothing is visible");
    log.close();
    let mut log = Log::open(Arc::new(disk));
    log.append(1, 5).unwrap();
    log.syncer.sync().unwrap();
    let view = log.reader.view();
    assert_eq!(
        view.segment(EventId(401)).unwrap().time_ms(EventId(401)),
        last_ms,
        "monotone across a restart"
    );
}

#[test]
fn a_segment_takes_events_for_seven_days() {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let mut log = Log::open(Arc::new(SimDisk::new(1)));
    let times = [0, 6, 8, 100, 101].map(|day| NOW_MS + day * DAY_MS);
    for time in times {
        log.append(1, time).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    let view = log.reader.view();
    assert_eq!(view.segments().len(), 3, "days 0 and 6, day 8, days 100 and 101");
    for (n, time) in times.into_iter().enumerate() {
        let id = EventId(n as u64 + 1);
        assert_eq!(view.segment(id).unwrap().time_ms(id), time);
    }
    // An empty segment that has waited for longer than its 32 bits of milliseconds gets a new origin.
    let mut log = Log::open(Arc::new(SimDisk::new(2)));
    let late = NOW_MS + 400 * DAY_MS;
    log.append(1, late).unwrap();
    log.syncer.sync().unwrap();
    let view = log.reader.view();
    assert_eq!(view.segments().len(), 1);
    assert_eq!(view.segments()[0].time_ms(EventId(1)), late);
}

#[test]
fn retention_removes_whole_sealed_segments_and_positions_meet_a_gap() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    let pinned = log.reader.view();
    let before = pinned.bytes();
    let nothing = log.retainer.retain(Retention::default(), NOW_MS).unwrap();
    assert_eq!(nothing.segments, 0);
    let bound = Retention { bytes_max: Some(before / 2), age_ms_max: None };
    let removed = log.retainer.retain(bound, NOW_MS).unwrap();
    let view = log.reader.view();
    assert!(removed.segments > 0 && view.bytes() <= before / 2 && view.bytes() + removed.bytes == before);
    let earliest = log.reader.earliest();
    let gap = Step::Gap { earliest, missed: Some(earliest.0 - 6) };
    assert_eq!(view.step(EventId(5), EventId(600)), gap);
    assert!(view.segment(EventId(5)).is_none());
    let kept = pinned.segment(EventId(5)).unwrap().frame(EventId(5));
    assert_eq!(kept, crate::log::tests::support::frame(EventId(5), 0), "a pinned segment keeps its bytes");
    log.close();
    let mut log = Log::open(Arc::new(disk.clone()));
    assert_eq!((log.recovered.earliest, log.recovered.last), (earliest, EventId(600)));
    let aged = Retention { bytes_max: None, age_ms_max: Some(1000) };
    log.retainer.retain(aged, NOW_MS + 1).unwrap();
    log.retainer.retain(aged, NOW_MS + 1001).unwrap();
    assert_eq!(log.reader.earliest(), EventId(601), "the one that takes events stays");
    assert_eq!(log.reader.view().step(EventId(600), EventId(600)), Step::Next(EventId(601)));
    log.close();
    assert_eq!(Log::open(Arc::new(disk)).writer.next_id(), EventId(601));
}
