//! A failed flush: nothing more is shown, everyone is told, and nobody waits on.

use loom::thread::spawn;

use crate::clock::NOW_MS;
use crate::event::EventId;
use crate::log::{Durability, Opened, SyncError, WriteError};
use crate::memory::MemoryDisk;
use crate::tests::rig::{AGED_MS, LATER_MS, append, check, look, opened, saw, try_append};

fn is_poisoned(outcome: &Result<(), WriteError>) -> bool {
    matches!(outcome, Err(WriteError::Poisoned { .. }))
}

/// The flush fails while the writer goes on into the next segment.
fn rolling() {
    let (disk, log) = opened(Durability::Commit);
    let (mut writer, mut syncer) = (log.writer, log.syncer);
    append(&mut writer, NOW_MS);
    disk.fail_syncs_after(0);
    let writing = spawn(move || {
        let outcome = try_append(&mut writer, AGED_MS);
        assert!(outcome.is_ok() || is_poisoned(&outcome), "{outcome:?}");
        saw(format!("written: {}", outcome.is_ok()));
        writer
    });
    let syncing = spawn(move || {
        assert!(matches!(syncer.sync(), Err(SyncError::Poisoned { .. })));
        syncer
    });
    let looking = spawn({
        let (reader, disk) = (log.reader.clone(), disk.clone());
        move || assert_eq!(look(&reader, &disk, true).0, EventId::ZERO)
    });
    let mut writer = writing.join().unwrap();
    let mut syncer = syncing.join().unwrap();
    looking.join().unwrap();
    assert!(is_poisoned(&try_append(&mut writer, AGED_MS)));
    assert!(matches!(syncer.close(), Err(SyncError::Poisoned { .. })));
    assert_eq!(look(&log.reader, &disk, true).0, EventId::ZERO);
}

/// The flush fails while the writer waits for a segment that nobody prepares any more.
fn waiting() {
    let (disk, log) = opened(Durability::Commit);
    let Opened { mut writer, mut syncer, preparer, .. } = log;
    append(&mut writer, NOW_MS);
    append(&mut writer, AGED_MS);
    disk.fail_syncs_after(0);
    let writing = spawn(move || {
        let outcome = try_append(&mut writer, LATER_MS);
        assert!(is_poisoned(&outcome), "{outcome:?}");
        saw(format!("written: {}", outcome.is_ok()));
        writer
    });
    let syncing = spawn(move || {
        syncer.sync().unwrap_err();
        syncer
    });
    let _writer = writing.join().unwrap();
    let _syncer = syncing.join().unwrap();
    drop(preparer);
}

#[test]
fn nothing_more_is_shown() {
    check(3, &["written: false", "written: true"], rolling);
}

#[test]
fn a_writer_that_waits_is_told() {
    check(3, &["written: false"], waiting);
}
