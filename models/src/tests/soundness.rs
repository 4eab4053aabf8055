//! What is known of a sealed segment's bytes: damage that the scrubber has found stands and counts once, whatever
//! a reader finds in memory at the same time, and costs no event that is whole.

use std::sync::Arc;

use loom::thread::spawn;

use crate::clock::NOW_MS;
use crate::event::EventId;
use crate::log::{Durability, Run, Segment, distrust, is_distrusted, turn};
use crate::sync::Fault;
use crate::tests::rig::{AGED_MS, append, catches, check, opened, saw};

const FIRST: EventId = EventId(1);

fn judge(segment: &Segment) {
    assert_eq!(segment.frame_run(FIRST, FIRST, usize::MAX), Run::Whole(FIRST));
}

/// Event 1 is in a sealed segment that nobody has read yet.
fn scrub() {
    let (_disk, mut log) = opened(Durability::Commit);
    append(&mut log.writer, NOW_MS);
    append(&mut log.writer, AGED_MS);
    log.syncer.sync().unwrap();
    turn(&mut log.preparer);
    let segment = Arc::clone(&log.reader.view().segments()[0]);
    assert!(segment.is_sealed());
    let looking = spawn({
        let segment = Arc::clone(&segment);
        move || {
            judge(&segment);
            saw(format!("damaged: {}", segment.damaged_pieces()));
        }
    });
    let scrubbing = spawn({
        let segment = Arc::clone(&segment);
        move || {
            distrust(&segment);
            assert!(is_distrusted(&segment), "damage is forgotten");
        }
    });
    looking.join().unwrap();
    scrubbing.join().unwrap();
    assert!(is_distrusted(&segment), "damage is forgotten");
    distrust(&segment);
    assert_eq!(segment.damaged_pieces(), 1);
    judge(&segment);
}

#[test]
fn damage_stands_and_counts_once() {
    check(4, &["damaged: 0", "damaged: 1"], scrub);
}

#[test]
fn a_lost_mark_is_caught() {
    catches(Fault::LostUpdate, 2, "damage is forgotten", scrub);
}
