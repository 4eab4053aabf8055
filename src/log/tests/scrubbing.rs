//! The scrubber finds what nobody reads, at the rate it is granted, and tells it once; what it distrusts is shown
//! only where it is whole event by event.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, SMALL_SEGMENT};
use crate::log::{FaultKind, Run};

const SEAL_AT: u64 = SMALL_SEGMENT - 64 * 1024;
const WEEK_MS: u64 = 7 * 24 * 3600 * 1000;

/// A log with some sealed segments, open again.
fn sealed() -> (SimDisk, Log) {
    let disk = SimDisk::new(5);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    log.close();
    let log = Log::open(Arc::new(disk.clone()));
    assert!(log.reader.view().segments().len() > 3);
    (disk, log)
}

#[test]
fn damage_is_found_told_once_and_never_shown() {
    let (disk, mut log) = sealed();
    let view = log.reader.view();
    let (one, other) = (&view.segments()[1], &view.segments()[2]);
    disk.corrupt(&segment_name(one.base()), 4096 + 50, |byte| byte ^ 1);
    disk.corrupt(&segment_name(other.base()), SEAL_AT - 64, |byte| byte ^ 1);
    let found = log.scrubber.turn(0, 100 << 20);
    let told: Vec<_> = found.faults.iter().map(|fault| (fault.kind, fault.event)).collect();
    assert_eq!(told, [(FaultKind::Block, Some(one.base())), (FaultKind::Entry, Some(other.base()))]);
    assert!(found.finished && found.faults.iter().all(|fault| fault.file.starts_with("seg/")));
    assert_eq!(view.damaged_pieces(), 2);
    for segment in [one, other] {
        let (first, last) = (segment.base(), segment.last(log.reader.visible()));
        assert_eq!(segment.frame_run(first, last, 1 << 20), Run::Damaged(first));
        assert_eq!(
            segment.frame_run(first.next(), last, 1 << 20),
            Run::Whole(last),
            "its neighbours are whole"
        );
    }
    assert_eq!(other.index_run(other.base(), other.base().next()), Run::Damaged(other.base()));
    assert_eq!(log.scrubber.turn(WEEK_MS, 100 << 20).faults, [], "once is enough");
}

#[test]
fn what_readers_meet_is_told_without_reading() {
    let (disk, mut log) = sealed();
    assert_eq!(log.scrubber.turn(0, 0), crate::log::Scrubbed::default());
    let view = log.reader.view();
    let base = view.segments()[1].base();
    disk.corrupt(&segment_name(base), 4096 + 50, |byte| byte ^ 1);
    assert_eq!(view.segments()[1].frame_run(base, base, 1), Run::Damaged(base));
    let found = log.scrubber.turn(1, 0);
    assert_eq!((found.bytes, found.faults.len()), (0, 1));
}

#[test]
fn what_the_disk_cannot_read_is_shown_while_memory_holds_it() {
    let (disk, mut log) = sealed();
    disk.set_faults(Faults { bad_page: Some(2), ..Faults::default() });
    let found = log.scrubber.turn(0, 100 << 20);
    assert!(!found.faults.is_empty() && found.faults.iter().all(|fault| fault.kind == FaultKind::Block));
    for segment in log.reader.view().segments().iter().filter(|segment| segment.is_sealed()) {
        let (first, last) = (segment.base(), segment.last(log.reader.visible()));
        assert_eq!(segment.frame_run(first, last, 1 << 20), Run::Whole(last), "frame by frame");
    }
}

#[test]
fn it_reads_no_faster_than_it_may_and_once_a_week() {
    let (_disk, mut log) = sealed();
    let (mut bytes, mut turns) = (0, 0);
    loop {
        turns += 1;
        let done = log.scrubber.turn(turns, 10_000);
        bytes += done.bytes;
        assert!(bytes <= turns * 10_000, "{bytes} bytes in {turns} turns");
        if done.finished {
            break;
        }
    }
    let view = log.reader.view();
    let sealed = view.segments().iter().filter(|segment| segment.is_sealed());
    let frames: usize =
        sealed.map(|segment| segment.span(segment.base(), segment.last(log.reader.visible())).len()).sum();
    assert_eq!(bytes, frames as u64 + 600 * 64, "everything was read once");
    assert_eq!(log.scrubber.turn(WEEK_MS - 1, 1 << 20).bytes, 0);
    assert!(log.scrubber.turn(WEEK_MS + 1, 1 << 20).bytes > 0);
}
