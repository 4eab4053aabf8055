//! Frames that lie scattered are looked at once, by the block, where that is worth it; damage to a neighbour is not
//! theirs, and what is damaged itself is never called whole.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::Log;
use crate::log::{Run, Segment};

/// Looks at blocks, off the worker and on it.
const WAYS: [fn(&Segment, &[EventId]); 2] = [|segment, ids| segment.judge_blocks(ids), Segment::judge_frames];

/// A log with some sealed segments, open again; a bit of the second event of the second segment is wrong.
fn damaged() -> Log {
    let disk = SimDisk::new(5);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    log.close();
    let log = Log::open(Arc::new(disk.clone()));
    let view = log.reader.view();
    let segment = &view.segments()[1];
    let second = segment.base().next();
    let offset = u64::from(segment.entry(second).frame_offset.get());
    disk.corrupt(&segment_name(segment.base()), offset + 5, |byte| byte ^ 1);
    drop(view);
    log
}

#[test]
fn a_block_is_looked_at_as_a_whole() {
    for (way, look) in WAYS.iter().enumerate() {
        let log = damaged();
        let view = log.reader.view();
        let (segment, whole) = (&view.segments()[1], &view.segments()[2]);
        let (first, second) = (segment.base(), segment.base().next());
        // Alone, the first says nothing of its block.
        assert_eq!(segment.scattered_run(first, first), Run::Whole(first));
        assert_eq!(view.damaged_pieces(), 0);
        look(segment, &[first, EventId(1 << 41)]);
        assert_eq!(view.damaged_pieces(), 1, "way {way}");
        assert_eq!(segment.scattered_run(first, first), Run::Whole(first));
        assert_eq!(segment.scattered_run(second, second), Run::Damaged(second));
        look(whole, &[whole.base()]);
        assert_eq!(view.damaged_pieces(), 1);
    }
}

#[test]
fn what_was_found_whole_is_believed() {
    let disk = SimDisk::new(5);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    log.close();
    for look in WAYS {
        let log = Log::open(Arc::new(disk.clone()));
        let view = log.reader.view();
        let segment = &view.segments()[1];
        let id = segment.base().next();
        let offset = u64::from(segment.entry(id).frame_offset.get());
        look(segment, &[segment.base()]);
        for said in [Run::Whole(id), Run::Whole(id)] {
            // A frame summed up anew would be found changed.
            disk.corrupt(&segment_name(segment.base()), offset + 5, |byte| byte ^ 1);
            assert_eq!(segment.scattered_run(id, id), said);
        }
        drop(view);
        log.close();
    }
}
