//! A failed write or sync ends all writing for good; what was durable is still read.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, check_frames, frame, record};
use crate::log::{SyncError, WriteError};

/// A log with ten durable events, and then a fault.
fn log_with(faults: Faults) -> (SimDisk, Log) {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    disk.set_faults(faults);
    (disk, log)
}

fn check_poisoned(mut log: Log) {
    for _ in 0..3 {
        assert!(matches!(log.append(1, NOW_MS), Err(WriteError::Poisoned { .. })));
        assert!(matches!(log.syncer.sync(), Err(SyncError::Poisoned { .. })));
        assert!(log.reader.poisoned().is_some());
    }
    assert!(log.syncer.close().is_err(), "no clean stop after a failure");
    assert_eq!((log.reader.visible(), log.reader.durable()), (EventId(10), EventId(10)));
    check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn a_failed_sync_poisons() {
    let (_disk, mut log) = log_with(Faults { fail_sync: Some(1), ..Faults::default() });
    log.append(2, NOW_MS).unwrap();
    assert!(log.syncer.sync().is_err());
    check_poisoned(log);
}

#[test]
fn a_failed_write_of_frames_or_entries_poisons() {
    for nth in 1..=2 {
        let (_disk, mut log) = log_with(Faults { fail_write: Some(nth), ..Faults::default() });
        assert!(matches!(log.append(2, NOW_MS), Err(WriteError::Poisoned { .. })), "write {nth}");
        check_poisoned(log);
    }
}

#[test]
fn a_full_disk_is_said_early_and_mends_itself() {
    let disk = SimDisk::new(1);
    disk.set_faults(Faults { free_bytes: Some(200_000), ..Faults::default() });
    let mut log = Log::open(Arc::new(disk.clone()));
    assert!(log.reader.prepare_failure().unwrap().contains("200000 bytes are free"));
    let refused = loop {
        if let Err(error) = log.append(1, NOW_MS) {
            break error;
        }
    };
    assert!(matches!(refused, WriteError::NoSegment { .. }), "{refused}");
    assert_eq!(log.reader.poisoned(), None);
    disk.set_faults(Faults::default());
    log.preparer.turn();
    assert_eq!(log.reader.prepare_failure(), None);
    log.append(1, NOW_MS).unwrap();
    log.syncer.sync().unwrap();
    check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn a_full_disk_is_no_reason_not_to_read() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(10));
    log.close();
    for _ in 0..2 {
        disk.set_faults(Faults { free_bytes: Some(1000), ..Faults::default() });
        let mut log = Log::open(Arc::new(disk.clone()));
        assert_eq!(log.recovered.last, EventId(10));
        assert!(log.append(1, NOW_MS).unwrap_err().to_string().contains("1000 bytes are free"));
        assert_eq!((log.syncer.sync().unwrap(), log.reader.poisoned()), (EventId(10), None));
        check_frames(&log.reader, EventId(1), 0);
        log.close();
    }
    let mut log = Log::open(Arc::new(disk.clone()));
    disk.set_faults(Faults::default());
    log.preparer.turn();
    log.fill_to(EventId(300));
    check_frames(&log.reader, EventId(1), 0);
    assert_eq!(log.reader.view().segments().iter().filter(|s| s.base() == EventId(11)).count(), 1);
    drop(log);
    check_frames(&Log::open(Arc::new(disk)).reader, EventId(1), 0);
}

#[test]
fn a_failed_preparation_rests_however_often_it_is_asked_for() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    disk.set_faults(Faults { free_bytes: Some(1000), ..Faults::default() });
    let refused = |log: &mut Log| matches!(log.append(1, NOW_MS), Err(WriteError::NoSegment { .. }));
    while !refused(&mut log) {}
    assert!(log.preparer.is_resting());
    assert!((0..10).all(|_| refused(&mut log)));
    assert!(log.preparer.is_resting(), "being asked does not end the rest");
}

#[test]
fn an_unwinding_thread_poisons() {
    type Part = fn(Log) -> Box<dyn Send>;
    let parts: [(&str, Part); 3] = [
        ("writer", |log| Box::new(log.writer)),
        ("sync thread", |log| Box::new(log.syncer)),
        ("preparer", |log| Box::new(log.preparer)),
    ];
    for (name, take) in parts {
        let (_disk, log) = log_with(Faults::default());
        let reader = log.reader.clone();
        let part = take(log);
        assert_eq!(reader.poisoned(), None, "the others went in order");
        let thread = std::thread::spawn(move || {
            let _part = part;
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert!(reader.poisoned().is_some_and(|reason| reason.contains(name)), "{name}");
    }
}

#[test]
fn a_fault_anywhere_in_a_roll_poisons() {
    // Frames and entries of the event that rolls, the head of the new segment, the CHECKPOINT after it; the
    // flushes of the old segment, of the new one, of the CHECKPOINT; the new one's name.
    let writes = (1..=4).map(|nth| Faults { fail_write: Some(nth), ..Faults::default() });
    let syncs = (1..=3).map(|nth| Faults { fail_sync: Some(nth), ..Faults::default() });
    let renames = [Faults { fail_rename: true, ..Faults::default() }];
    for fault in writes.chain(syncs).chain(renames) {
        let (disk, mut log) = log_with(Faults::default());
        let roll = loop {
            let id = log.writer.next_id();
            if !log.writer.has_room(1, frame(id, 0).len()) {
                break id;
            }
            log.append(1, NOW_MS).unwrap();
        };
        log.syncer.sync().unwrap();
        disk.set_faults(fault);
        let failed = log.append_without_preparing(NOW_MS).is_err() || log.syncer.sync().is_err();
        assert!(failed && log.reader.poisoned().is_some(), "{fault:?}");
        assert_eq!(log.reader.visible(), roll.previous(), "{fault:?}");
        check_frames(&log.reader, EventId(1), 0);
        drop(log);
        disk.set_faults(Faults::default());
        let log = Log::open(Arc::new(disk));
        assert!(log.reader.visible() >= roll.previous(), "{fault:?}: {:?}", log.recovered);
        check_frames(&log.reader, EventId(1), 0);
    }
}

#[test]
fn a_failed_checkpoint_poisons() {
    let (disk, mut log) = log_with(Faults::default());
    disk.set_faults(Faults { fail_write: Some(1), ..Faults::default() });
    assert!(log.syncer.checkpoint().is_err());
    check_poisoned(log);
}

#[test]
fn a_failed_new_head_of_an_old_empty_segment_poisons() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    disk.set_faults(Faults { fail_write: Some(1), ..Faults::default() });
    let eight_days = 8 * 24 * 3_600_000;
    assert!(matches!(log.append(1, NOW_MS + eight_days), Err(WriteError::Poisoned { .. })));
    assert!(log.reader.poisoned().is_some_and(|reason| reason.contains("head")));
}

#[test]
fn an_id_out_of_turn_poisons() {
    let (_disk, mut log) = log_with(Faults::default());
    log.writer.begin(1, 50, NOW_MS).unwrap();
    let push = std::panic::AssertUnwindSafe(|| log.writer.push(EventId(99), record(&[0; 50], 0)));
    // A build with debug assertions also panics.
    let _panicked = std::panic::catch_unwind(push);
    assert!(matches!(log.writer.flush(), Err(WriteError::Poisoned { .. })));
    check_poisoned(log);
}
