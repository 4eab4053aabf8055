//! What is appended is read back, byte for byte, before and after a restart and over many segments.

use std::time::Duration;

use crate::event::EventId;
use crate::log::tests::support::{Log, NOW_MS, check_frames, frame, options, real_disk, record};
use crate::log::{Durability, LogOptions, Reader, Step, open};

#[test]
fn an_event_is_visible_once_it_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    assert_eq!(log.writer.next_id(), EventId(1));
    assert_eq!(log.reader.earliest(), EventId(1));
    log.append(3, NOW_MS).unwrap();
    assert_eq!((log.reader.written(), log.reader.visible()), (EventId(3), EventId::ZERO));
    assert!(log.syncer.pending());
    assert_eq!(log.syncer.sync().unwrap(), EventId(3));
    assert!(!log.syncer.pending());
    assert_eq!(log.reader.visible(), EventId(3));
    check_frames(&log.reader, EventId(1), 0);
    let view = log.reader.view();
    let entry = view.segments()[0].entry(EventId(2));
    let fields = (entry.stream(), entry.sender(), entry.recipient(), entry.key(), entry.aux(), entry.kind());
    assert_eq!(fields, (1, 2, 3, 4, 5, 6));
    assert_eq!((entry.payload_offset(), entry.time_offset_ms()), (7, 0));
}

#[test]
fn a_relaxed_log_shows_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let relaxed = LogOptions { durability: Durability::None, ..options() };
    let mut log = Log::open_with(real_disk(&dir), relaxed).unwrap();
    log.append(2, NOW_MS).unwrap();
    assert_eq!((log.reader.visible(), log.reader.durable()), (EventId(2), EventId::ZERO));
    check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn events_outlive_an_orderly_restart_and_many_rolls() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    log.fill_to(EventId(1000));
    assert!(log.reader.view().segments().len() > 4, "the segments are small");
    check_frames(&log.reader, EventId(1), 0);
    log.close();
    for restart in 0..3 {
        let mut log = Log::open(real_disk(&dir));
        let last = EventId(1000 + 10 * restart);
        assert!(log.recovered.clean && !log.recovered.new_epoch, "{:?}", log.recovered);
        assert_eq!((log.recovered.earliest, log.recovered.last), (EventId(1), last));
        assert_eq!(log.reader.visible(), last);
        log.fill_to(EventId(last.0 + 10));
        check_frames(&log.reader, EventId(1), 0);
        log.close();
    }
}

#[test]
fn spans_runs_and_entries_agree_with_the_frames() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    log.fill_to(EventId(40));
    let view = log.reader.view();
    let segment = view.segment(EventId(1)).unwrap();
    let joined: Vec<u8> = (5..=20).flat_map(|id| frame(EventId(id), 0)).collect();
    assert_eq!(segment.span(EventId(5), EventId(20)), joined);
    assert_eq!(segment.run_within(EventId(5), EventId(20), joined.len()), EventId(20));
    assert_eq!(segment.run_within(EventId(5), EventId(20), joined.len() - 1), EventId(19));
    assert_eq!(segment.run_within(EventId(5), EventId(20), 0), EventId(5));
    assert_eq!(segment.run_within(EventId(5), EventId(5), usize::MAX), EventId(5));
    let lengths: Vec<usize> =
        segment.entries(EventId(5), EventId(20)).map(|entry| entry.frame_len()).collect();
    let expected: Vec<usize> = (5..=20).map(|id| frame(EventId(id), 0).len()).collect();
    assert_eq!(lengths, expected);
}

/// What is written lately is in memory; bringing it there again touches whole pages of what is asked for alone.
#[test]
fn events_are_brought_into_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    log.fill_to(EventId(40));
    let view = log.reader.view();
    let segment = view.segment(EventId(1)).unwrap();
    assert!(segment.has_entries_in_memory(EventId(5), EventId(20)));
    assert!(segment.has_frames_in_memory(EventId(5), EventId(20)));
    let pages = |bytes: usize| bytes.next_multiple_of(4096) + 4096;
    let run = segment.populate_run(EventId(5), EventId(20), 1 << 20).unwrap();
    assert!((1..=pages(segment.span(EventId(5), EventId(20)).len())).contains(&run), "{run}");
    for ids in [vec![5, 6, 7, 20], vec![20, 7, 6, 5], vec![5]] {
        let ids: Vec<_> = ids.into_iter().map(EventId).collect();
        let frames: usize = ids.iter().map(|id| pages(segment.frame(*id).len())).sum();
        let brought = segment.populate(&ids).unwrap();
        assert!(brought > 0 && brought <= frames && brought.is_multiple_of(4096), "{brought} of {frames}");
    }
    assert_eq!(segment.populate(&[EventId(1 << 41)]).unwrap(), 0, "not of this segment");
    assert_eq!(segment.populate(&[]).unwrap(), 0);
    // Nothing to touch is nothing to wait for.
    assert!(segment.has_frames_in_memory(EventId(1 << 41), EventId(1 << 41)));
}

#[test]
fn ids_out_of_range_read_as_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    log.fill_to(EventId(1000));
    let view = log.reader.view();
    let segment = &view.segments()[1];
    for id in [0, 1, segment.base().0 - 1, u64::MAX, 1 << 40] {
        assert_eq!(segment.entry(EventId(id)).flags(), 0);
        assert_eq!(segment.frame(EventId(id)), b"");
        assert_eq!(segment.span(segment.base(), EventId(id)), b"");
        assert_eq!(segment.entries(segment.base(), EventId(id)).count(), 0);
        assert!(segment.run_within(EventId(id), EventId(id), 10) == EventId(id));
    }
    assert!(view.segment(EventId(0)).is_none());
    assert_eq!(view.step(EventId(1000), EventId(1000)), Step::Next(EventId(1001)));
}

#[test]
fn a_preparer_on_its_own_thread_feeds_a_burst() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(real_disk(&dir), options(), NOW_MS).unwrap();
    let (mut writer, mut syncer, mut preparer) = (opened.writer, opened.syncer, opened.preparer);
    let background = std::thread::spawn(move || preparer.run());
    for id in 1..=2000 {
        let bytes = frame(EventId(id), 0);
        writer.begin(1, bytes.len(), NOW_MS).unwrap();
        writer.push(EventId(id), record(&bytes, 0));
        let appended = writer.flush().unwrap();
        assert_eq!((appended.last, appended.events), (EventId(id), 1));
        if id % 50 == 0 {
            syncer.sync().unwrap();
        }
    }
    syncer.close().unwrap();
    check_frames(&opened.reader, EventId(1), 0);
    drop((writer, syncer));
    background.join().unwrap();
    let view = opened.reader.view();
    let (open_ones, closed) = view.segments().split_last().unwrap();
    assert!(!open_ones.is_sealed());
    assert!(closed.iter().all(|segment| segment.is_sealed()), "the preparer seals before it ends");
    let left = std::fs::read_dir(dir.path().join("seg")).unwrap().count();
    assert_eq!(left, view.segments().len(), "no spare is left behind");
}

#[test]
fn readers_on_other_threads_see_only_whole_events() {
    const LAST: EventId = EventId(3000);
    let dir = tempfile::tempdir().unwrap();
    let opened = open(real_disk(&dir), options(), NOW_MS).unwrap();
    let (mut writer, mut syncer, mut preparer) = (opened.writer, opened.syncer, opened.preparer);
    let read_all = |reader: Reader| {
        let mut next = EventId(1);
        while next <= LAST && reader.poisoned().is_none() {
            let visible = reader.visible();
            let view = reader.view();
            while next <= visible {
                let segment = view.segment(next).unwrap();
                let last = segment.last(visible);
                let joined: Vec<u8> = (next.0..=last.0).flat_map(|id| frame(EventId(id), 0)).collect();
                assert_eq!(segment.span(next, last), joined);
                next = last.next();
            }
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = opened.reader.clone();
            scope.spawn(|| read_all(reader));
        }
        scope.spawn(move || preparer.run());
        let syncing = opened.reader.clone();
        scope.spawn(move || {
            while syncing.durable() < LAST && syncing.poisoned().is_none() {
                syncer.sync().unwrap();
                std::thread::yield_now();
            }
        });
        // Once the poison says that a thread has ended by a fault, the others end as well.
        for id in (1..=LAST.0).map(EventId) {
            let bytes = frame(id, 0);
            writer.begin(1, bytes.len(), NOW_MS).unwrap();
            writer.push(id, record(&bytes, 0));
            writer.flush().unwrap();
        }
        drop(writer);
    });
}

#[test]
fn a_roll_without_a_spare_refuses_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(real_disk(&dir), options(), NOW_MS).unwrap();
    opened.writer.set_spare_wait(Duration::ZERO);
    let mut id = EventId(1);
    let refused = loop {
        let bytes = frame(id, 0);
        if let Err(error) = opened.writer.begin(1, bytes.len(), NOW_MS) {
            break error;
        }
        opened.writer.push(id, record(&bytes, 0));
        id = id.next();
    };
    assert!(matches!(refused, crate::log::WriteError::NoSegment { .. }), "{refused}");
    assert_eq!(opened.reader.written(), id.previous(), "what was staged does not wait for a segment");
    opened.preparer.turn();
    let bytes = frame(id, 0);
    opened.writer.begin(1, bytes.len(), NOW_MS).unwrap();
    opened.writer.push(id, record(&bytes, 0));
    assert_eq!(opened.writer.flush().unwrap().events, id.0);
    opened.syncer.sync().unwrap();
    check_frames(&opened.reader, EventId(1), 0);
    assert_eq!(opened.reader.visible(), id);
}
