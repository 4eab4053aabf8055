//! Retention beside the writer and a reader: what a view holds stays readable, what was removed stays removed, and
//! what the writer has begun stays in the view.

use loom::thread::spawn;

use crate::clock::NOW_MS;
use crate::event::EventId;
use crate::log::{Durability, Retention, turn};
use crate::sync::Fault;
use crate::tests::rig::{
    AGED_MS, LATER_MS, SEGMENT_BYTES, append, assert_whole, catches, check, look, opened, saw,
};

/// Event 1 is in a sealed segment, 2 in the open one; 3 goes into one more, while retention removes the first.
fn retain() {
    let (disk, mut log) = opened(Durability::Commit);
    append(&mut log.writer, NOW_MS);
    append(&mut log.writer, AGED_MS);
    log.syncer.sync().unwrap();
    turn(&mut log.preparer);
    let (mut writer, mut retainer) = (log.writer, log.retainer);
    let writing = spawn(move || {
        append(&mut writer, LATER_MS);
        writer
    });
    let retaining = spawn(move || {
        let retention = Retention { bytes_max: Some(0), age_ms_max: None };
        let removed = retainer.retain(retention, LATER_MS).unwrap();
        assert_eq!(removed.segments, 1);
    });
    let looking = spawn({
        let (reader, disk) = (log.reader.clone(), disk.clone());
        move || {
            let (visible, first) = look(&reader, &disk, false);
            let earliest = reader.earliest();
            let (_, second) = look(&reader, &disk, false);
            assert!(
                first.earliest() <= earliest && earliest <= second.earliest(),
                "the first kept event fell"
            );
            // A worker may hold a view for its whole turn.
            assert_whole(&first, visible, &disk, false);
            saw(format!("{} of {}, then {}", first.earliest(), first.segments().len(), second.earliest()));
        }
    });
    let _writer = writing.join().unwrap();
    retaining.join().unwrap();
    looking.join().unwrap();
    log.syncer.sync().unwrap();
    let (visible, view) = look(&log.reader, &disk, true);
    assert_eq!(visible, EventId(3));
    let bases: Vec<EventId> = view.segments().iter().map(|segment| segment.base()).collect();
    assert_eq!(bases, [EventId(2), EventId(3)], "the segments in the end");
    assert!(!disk.names().contains(&format!("seg/{:020}.seg", 1)));
}

/// The preparer seals a segment while a reader asks what depends on the seal.
fn seal() {
    let (disk, mut log) = opened(Durability::Commit);
    append(&mut log.writer, NOW_MS);
    append(&mut log.writer, AGED_MS);
    log.syncer.sync().unwrap();
    let mut preparer = log.preparer;
    let sealing = spawn(move || {
        turn(&mut preparer);
        preparer
    });
    let looking = spawn({
        let (reader, disk) = (log.reader.clone(), disk.clone());
        move || {
            let (visible, view) = look(&reader, &disk, true);
            assert_eq!(view.at_or_after(NOW_MS, visible), EventId(1));
            assert_eq!(view.at_or_after(NOW_MS + 1, visible), EventId(2));
            let is_open = || view.bytes() == 2 * SEGMENT_BYTES;
            let before = is_open();
            assert!(view.segments().iter().all(|segment| segment.is_index_whole()));
            let after = is_open();
            assert!(before || !after, "a seal was taken back");
            saw(format!("open: {before}, then {after}"));
        }
    });
    let _preparer = sealing.join().unwrap();
    looking.join().unwrap();
    assert_eq!(look(&log.reader, &disk, true).0, EventId(2));
}

#[test]
fn what_a_view_holds_stays() {
    check(
        2,
        &[
            "1 of 2, then 1",
            "1 of 2, then 2",
            "1 of 3, then 1",
            "1 of 3, then 2",
            "2 of 1, then 2",
            "2 of 2, then 2",
        ],
        retain,
    );
}

#[test]
fn a_seal_changes_nothing_for_a_reader() {
    check(4, &["open: false, then false", "open: true, then false", "open: true, then true"], seal);
}

#[test]
fn a_view_published_over_another_is_caught() {
    catches(Fault::LostUpdate, 2, "", retain);
}

#[test]
fn a_removed_file_that_loses_its_bytes_is_caught() {
    catches(Fault::Truncated, 2, "Concurrent read and write accesses", retain);
}
