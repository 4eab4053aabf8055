//! What the models share: running one in every order, with or without a planted fault, and a log in memory with
//! events that are a function of their ids.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::NOW_MS;
use crate::event::EventId;
use crate::log::{
    Durability, Flags, LogOptions, Opened, Reader, Record, View, WriteError, Writer, open, turn,
};
use crate::memory::MemoryDisk;
use crate::sync::{Fault, with_planted};

/// The smallest segment that has a page to give back between frames and entries when it is sealed.
pub(super) const SEGMENT_BYTES: u64 = 80 * 1024;
/// Each is later than any segment may still take events that was begun at the one before: who writes then rolls, or
/// gives an empty segment a new origin of its times.
pub(super) const AGED_MS: u64 = NOW_MS + 8 * 24 * 3600 * 1000;
pub(super) const LATER_MS: u64 = AGED_MS + 8 * 24 * 3600 * 1000;

thread_local! {
    static SEEN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes what a run of a model has come to see.
pub(super) fn saw(what: impl ToString) {
    SEEN.with_borrow_mut(|seen| seen.insert(what.to_string()));
}

/// Runs `model` in every order of its threads with at most `preemptions` switches away from a thread that could go
/// on. `outcomes`: all that the runs must have come to see, and nothing else, for a model that never gets to the
/// point proves nothing.
pub(super) fn check(preemptions: usize, outcomes: &[&str], model: fn()) {
    SEEN.take();
    let orders = run(preemptions, model);
    println!("{orders} orders");
    let seen = SEEN.take();
    assert!(seen.iter().eq(outcomes), "the runs came to see {seen:?}");
}

/// Runs `model` with a fault in place, which must be found, and said to be `what`.
pub(super) fn catches(fault: Fault, preemptions: usize, what: &str, model: fn()) {
    with_planted(Some(fault), || fails(preemptions, what, model));
}

/// Runs a model that does something wrong itself.
pub(super) fn fails(preemptions: usize, what: &str, model: fn()) {
    let found = catch_unwind(AssertUnwindSafe(|| run(preemptions, model)));
    let found = found.expect_err("the model did not see the fault");
    let text = found.downcast_ref::<String>().cloned();
    let text =
        text.or_else(|| found.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
    assert!(text.contains(what), "found another fault than {what:?}: {text}");
}

fn run(preemptions: usize, model: fn()) -> u64 {
    let orders = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 20_000;
    builder.check({
        let orders = Arc::clone(&orders);
        move || {
            orders.fetch_add(1, Ordering::Relaxed);
            model();
        }
    });
    orders.load(Ordering::Relaxed)
}

pub(super) fn opened(durability: Durability) -> (MemoryDisk, Opened) {
    let disk = MemoryDisk::default();
    let options =
        LogOptions { segment_bytes: SEGMENT_BYTES, durability, new_epoch: false, accept_gap: false };
    let mut opened = open(Arc::new(disk.clone()), options, NOW_MS).unwrap();
    turn(&mut opened.preparer);
    (disk, opened)
}

/// Writes the next event.
pub(super) fn append(writer: &mut Writer, now_ms: u64) {
    try_append(writer, now_ms).unwrap();
}

pub(super) fn try_append(writer: &mut Writer, now_ms: u64) -> Result<(), WriteError> {
    let id = writer.next_id();
    let frame = frame(id, now_ms);
    writer.begin(1, frame.len(), now_ms)?;
    let (stream, sender, recipient, key, aux) = (id.0, 0, 0, 0, 0);
    let (flags, kind, payload_offset) = (0, 1, 0);
    writer
        .push(id, Record { stream, sender, recipient, key, aux, flags, kind, payload_offset, frame: &frame });
    writer.flush().map(|_| ())
}

/// One turn of a worker: everything up to the commit point is there. Returns the commit point.
pub(super) fn look(reader: &Reader, disk: &MemoryDisk, durable: bool) -> (EventId, Arc<View>) {
    let visible = reader.visible();
    let view = reader.view();
    assert_whole(&view, visible, disk, durable);
    (visible, view)
}

/// Every event from the first kept one to `visible` is found where the view says, with all its bytes.
pub(super) fn assert_whole(view: &View, visible: EventId, disk: &MemoryDisk, durable: bool) {
    let mut id = view.earliest();
    while id <= visible {
        let segment = view.segment(id).unwrap_or_else(|| panic!("{id} of {visible} is in no segment"));
        let last = segment.last(visible);
        assert_eq!(segment.entries(id, last).count() as u64, last.0 - id.0 + 1);
        while id <= last {
            let entry = segment.entry(id);
            assert!(
                entry.flags() & Flags::PRESENT != 0,
                "{id} of {visible} has no entry in {}",
                segment.base()
            );
            assert!(segment.checked_entry(id).is_some(), "the entry of {id} is damaged");
            assert_eq!(entry.stream(), id.0);
            assert_eq!(segment.frame(id), frame(id, segment.time_ms(id)), "the frame of {id}");
            if durable {
                assert!(disk.is_durable(segment.frame(id)), "{id} is shown and its frame can be lost");
            }
            id = id.next();
        }
    }
}

fn frame(id: EventId, time_ms: u64) -> Vec<u8> {
    format!("event {id} of {time_ms}").into_bytes()
}
