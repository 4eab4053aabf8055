//! The commit point: who sees it finds every event up to it in the view, with its entry and its frame, and durable
//! where that was promised, while the writer rolls into the next segment.

use loom::thread::{JoinHandle, spawn};

use crate::event::EventId;
use crate::log::{Durability, Reader, Syncer, Writer};
use crate::memory::MemoryDisk;
use crate::sync::Fault;
use crate::tests::rig::{AGED_MS, LATER_MS, append, assert_whole, catches, check, fails, look, opened, saw};

/// One event into the first segment, which is empty and too old, and one into the next.
fn writing(mut writer: Writer) -> JoinHandle<Writer> {
    spawn(move || {
        append(&mut writer, AGED_MS);
        append(&mut writer, LATER_MS);
        writer
    })
}

fn syncing(mut syncer: Syncer) -> JoinHandle<Syncer> {
    spawn(move || {
        syncer.sync().unwrap();
        syncer.sync().unwrap();
        syncer
    })
}

/// Two turns of a worker.
fn looking(reader: Reader, disk: MemoryDisk, durable: bool) -> JoinHandle<()> {
    spawn(move || {
        let (first, _) = look(&reader, &disk, durable);
        let (second, _) = look(&reader, &disk, durable);
        assert!(first <= second, "the commit point fell");
        saw(format!("{first}, then {second}"));
    })
}

fn commit() {
    let (disk, log) = opened(Durability::Commit);
    let writing = writing(log.writer);
    let syncing = syncing(log.syncer);
    let looking = looking(log.reader.clone(), disk.clone(), true);
    let _writer = writing.join().unwrap();
    let mut syncer = syncing.join().unwrap();
    looking.join().unwrap();
    assert_eq!(syncer.sync().unwrap(), EventId(2));
    assert_eq!(look(&log.reader, &disk, true).0, EventId(2));
}

/// Events are shown when written. The preparer syncs what the roll has left behind, beside the sync thread.
fn none() {
    let (disk, mut log) = opened(Durability::None);
    let writing = writing(log.writer);
    let looking = looking(log.reader.clone(), disk.clone(), false);
    let syncing = spawn(move || {
        crate::log::turn(&mut log.preparer);
        log.preparer
    });
    let _writer = writing.join().unwrap();
    looking.join().unwrap();
    let mut preparer = syncing.join().unwrap();
    crate::log::turn(&mut preparer);
    assert!(log.reader.durable() >= EventId(1), "nobody has synced what the roll left behind");
    assert_eq!(log.syncer.sync().unwrap(), EventId(2));
    assert_eq!(look(&log.reader, &disk, true).0, EventId(2));
}

/// A reader that does not keep to the order it is told.
fn view_before_mark() {
    let (disk, log) = opened(Durability::None);
    let writing = writing(log.writer);
    let looking = spawn(move || {
        let view = log.reader.view();
        assert_whole(&view, log.reader.visible(), &disk, false);
    });
    let _writer = writing.join().unwrap();
    looking.join().unwrap();
}

const OUTCOMES: [&str; 6] = ["0, then 0", "0, then 1", "0, then 2", "1, then 1", "1, then 2", "2, then 2"];
const RACE: &str = "Concurrent read and write accesses";

#[test]
fn durable_events_are_whole_up_to_the_commit_point() {
    check(3, &OUTCOMES, commit);
}

#[test]
fn written_events_are_whole_up_to_the_commit_point() {
    check(2, &OUTCOMES, none);
}

#[test]
fn a_mark_that_orders_nothing_is_caught() {
    catches(Fault::Relaxed("log/mark.rs"), 2, RACE, commit);
    catches(Fault::Relaxed("log/mark.rs"), 2, RACE, none);
}

#[test]
fn a_segment_that_is_not_closed_is_caught() {
    catches(Fault::Forgotten("log/segment.rs"), 2, "has no entry in 1", commit);
    catches(Fault::Forgotten("log/segment.rs"), 2, "has no entry in 1", none);
}

#[test]
fn a_view_that_is_loaded_before_the_mark_is_caught() {
    fails(2, "2 of 2 is in no segment", view_before_mark);
}
