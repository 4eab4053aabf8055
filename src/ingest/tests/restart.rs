//! What is known after a restart from a snapshot, and when a snapshot does not count. Setup: a log of small segments
//! on a simulated disk; each start seals the segment of the one before, and so the snapshotter has something to do.

use std::sync::Arc;

use crate::event::{EventId, NewEvent};
use crate::ingest::PublishError;
use crate::ingest::tests::rig::{NOW_MS, Rig};
use crate::ingest::tests::support::{created, withdrawn};
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::{Disk as _, Durability, LogOptions, Retention};

const SMALL_SEGMENT: u64 = 128 * 1024;

pub(crate) fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SMALL_SEGMENT,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap: false,
    }
}

fn open(disk: &SimDisk) -> Rig {
    Rig::over(Arc::new(disk.clone()), options(), 1000).unwrap()
}

/// Publishes as one server's life, then leaves the log as a kill leaves it.
fn live(disk: &SimDisk, events: &[NewEvent]) {
    let mut rig = open(disk);
    rig.publish(events).unwrap();
    rig.stop();
}

/// A start whose snapshot is taken: through which event.
fn take(disk: &SimDisk) -> Option<u64> {
    let mut rig = open(disk);
    let taken = rig.ingest.snapshotter.turn(NOW_MS).unwrap();
    rig.stop();
    taken.map(|taken| taken.through.0)
}

/// Removes all events that retention may remove.
fn retain_nothing(disk: &SimDisk) {
    let mut rig = open(disk);
    rig.retainer.retain(Retention { bytes_max: Some(0), age_ms_max: None }, NOW_MS).unwrap();
    rig.stop();
}

fn history() -> [Vec<NewEvent>; 2] {
    [
        vec![created("7", "GS", "GR").key("a"), withdrawn("8").at("indexer", 10)],
        vec![withdrawn("7").key("b"), withdrawn("8").at("indexer", 20)],
    ]
}

/// A log of four events in two sealed segments, with a snapshot of all of them.
fn logged() -> SimDisk {
    let disk = SimDisk::new(1);
    history().iter().for_each(|events| live(&disk, events));
    assert_eq!(take(&disk), Some(4));
    disk
}

#[test]
fn a_start_reads_only_what_came_after_the_snapshot() {
    let disk = logged();
    live(&disk, &[withdrawn("9").to("GT").key("c")]);
    let mut rig = open(&disk);
    let found = rig.ingest.remembered;
    assert_eq!((found.snapshot, found.events), (EventId(4), 1));
    assert_eq!((found.payment_streams, found.keys, found.sources), (2, 3, 1));
    let repeats = [
        (created("7", "GS", "GR").key("a"), 1),
        (withdrawn("7").key("b"), 3),
        (withdrawn("9").to("GT").key("c"), 5),
        (withdrawn("8").at("indexer", 20), 4),
        (withdrawn("8").at("indexer", 3), 4),
    ];
    for (event, id) in repeats {
        assert_eq!(rig.publish(std::slice::from_ref(&event)), Ok(vec![(id, true)]), "{event:?}");
    }
    let conflict = rig.publish(&[withdrawn("9").key("a")]);
    assert_eq!(conflict, Err(PublishError::KeyConflict { index: 0, first: EventId(1) }));
    let conflict = rig.publish(&[created("7", "GX", "GR")]);
    assert_eq!(conflict, Err(PublishError::PartiesConflict { index: 0, party: "sender" }));
    assert_eq!(rig.publish(&[withdrawn("8").at("indexer", 21)]), Ok(vec![(6, false)]));
    rig.stop();
}

#[test]
fn what_retention_removed_is_known_as_before_but_its_keys_are_free() {
    let disk = logged();
    retain_nothing(&disk);
    for _ in 0..2 {
        let mut rig = open(&disk);
        assert_eq!(rig.reader.earliest(), EventId(5), "nothing is kept");
        assert_eq!(rig.ingest.remembered.keys, 0);
        for position in [20, 10, 1] {
            let answer = rig.publish(&[withdrawn("8").at("indexer", position)]);
            assert_eq!(answer, Ok(vec![(4, true)]), "position {position}");
        }
        let conflict = rig.publish(&[created("7", "GX", "GR")]);
        assert_eq!(conflict, Err(PublishError::PartiesConflict { index: 0, party: "sender" }));
        rig.stop();
    }
    let mut rig = open(&disk);
    let answer = rig.publish(&[withdrawn("7").key("a").data("{}"), withdrawn("8").at("indexer", 21)]);
    assert_eq!(answer, Ok(vec![(5, false), (6, false)]), "a key's event is gone, and the key with it");
    assert_eq!(rig.stored(5).parties, rig.pair("GS", "GR"), "the parties are not");
    rig.stop();
}

#[test]
fn one_is_due_when_a_segment_was_sealed_and_not_again_before_the_next() {
    let disk = SimDisk::new(1);
    let mut rig = open(&disk);
    assert_eq!(rig.ingest.snapshotter.turn(NOW_MS).unwrap(), None, "nothing is sealed");
    rig.publish(&history()[0]).unwrap();
    assert_eq!(rig.ingest.snapshotter.turn(NOW_MS).unwrap(), None, "nothing is sealed yet");
    rig.stop();
    let mut rig = open(&disk);
    let taken = rig.ingest.snapshotter.turn(NOW_MS).unwrap().unwrap();
    assert_eq!((taken.through, taken.events), (EventId(2), 2));
    assert_eq!(rig.ingest.snapshotter.turn(NOW_MS).unwrap(), None);
    rig.publish(&history()[1]).unwrap();
    rig.stop();
    let mut rig = open(&disk);
    let taken = rig.ingest.snapshotter.turn(NOW_MS).unwrap().unwrap();
    assert_eq!((taken.through, taken.events), (EventId(4), 2), "from the one before, and the rest");
    rig.stop();
    assert_eq!(take(&disk), None, "nothing was stored since");
}

#[test]
fn a_failure_leaves_the_one_before_and_rests_for_a_minute() {
    let disk = logged();
    live(&disk, &[withdrawn("9").key("c")]);
    let mut rig = open(&disk);
    disk.set_faults(Faults { free_bytes: Some(0), ..Faults::default() });
    rig.ingest.snapshotter.turn(NOW_MS).unwrap_err();
    disk.set_faults(Faults::default());
    assert_eq!(rig.ingest.snapshotter.turn(NOW_MS + 59_999).unwrap(), None);
    assert_eq!(rig.ingest.snapshotter.turn(NOW_MS + 60_000).unwrap().unwrap().through, EventId(5));
    rig.stop();
}

/// The answer to the key `b`, which is of the second segment.
fn is_b_known(rig: &mut Rig) -> bool {
    rig.publish(&[withdrawn("7").key("b")]).unwrap()[0].1
}

#[test]
fn of_a_history_that_a_repair_has_changed_it_does_not_count() {
    // Each segment is lost in turn; the snapshot still knows its keys and positions.
    for lost in [1, 3] {
        let disk = logged();
        disk.unlink(&format!("seg/{lost:020}.seg")).unwrap();
        let accepting = LogOptions { accept_gap: true, ..options() };
        let mut rig = Rig::over(Arc::new(disk.clone()), accepting, 1000).unwrap();
        assert_eq!(rig.ingest.remembered.snapshot, EventId::ZERO, "segment {lost} is gone");
        assert!(!disk.names().contains(&"MEMORY".to_owned()));
        assert_eq!(is_b_known(&mut rig), lost != 3);
        let again = rig.publish(&[withdrawn("8").at("indexer", 20)]).unwrap();
        assert_eq!(again[0].1, lost != 3, "a position in a hole is published again");
        rig.stop();
        let mut rig = open(&disk);
        assert!(is_b_known(&mut rig), "it was published again");
        rig.stop();
    }
}

#[test]
fn of_a_log_that_a_backup_has_set_back_it_does_not_count() {
    let disk = SimDisk::new(1);
    live(&disk, &history()[0]);
    take(&disk);
    let backup = Backup::of(&disk);
    live(&disk, &history()[1]);
    take(&disk);
    let ahead = disk.read_all("MEMORY");
    backup.restore(&disk);
    disk.replace("MEMORY", &ahead);
    let mut rig = Rig::over(Arc::new(disk), LogOptions { new_epoch: true, ..options() }, 1000).unwrap();
    assert_eq!(rig.ingest.remembered.snapshot, EventId::ZERO);
    assert!(!is_b_known(&mut rig));
    rig.stop();
}

#[test]
fn of_another_log_or_damaged_it_does_not_count() {
    let disk = logged();
    let ours = disk.read_all("MEMORY");
    let other = SimDisk::new(2);
    history().iter().for_each(|events| live(&other, events));
    take(&other);
    let version = [&ours[..8], &[2], &ours[9..]].concat();
    let files = [other.read_all("MEMORY"), version, ours[..ours.len() - 1].to_vec(), Vec::new()];
    let flipped = (0..ours.len()).step_by(11).map(|place| {
        let mut bytes = ours.clone();
        bytes[place] ^= 1;
        bytes
    });
    for bytes in files.into_iter().chain(flipped) {
        disk.replace("MEMORY", &bytes);
        let mut rig = open(&disk);
        assert_eq!(rig.ingest.remembered.snapshot, EventId::ZERO);
        assert!(is_b_known(&mut rig), "all events are read instead");
        rig.stop();
    }
    disk.replace("MEMORY", &ours);
    let rig = open(&disk);
    assert_eq!(rig.ingest.remembered.snapshot, EventId(4));
    rig.stop();
}

/// A copy of all files.
struct Backup(Vec<(String, Vec<u8>)>);

impl Backup {
    fn of(disk: &SimDisk) -> Self {
        Self(disk.names().into_iter().map(|name| (name.clone(), disk.read_all(&name))).collect())
    }

    fn restore(&self, disk: &SimDisk) {
        disk.names().iter().filter(|name| name.ends_with(".seg")).for_each(|name| disk.unlink(name).unwrap());
        self.0.iter().for_each(|(name, bytes)| disk.replace(name, bytes));
    }
}
