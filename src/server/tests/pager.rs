//! What the pager finds, how far it looks, and that it brings the frames it found and no others.

use std::sync::Arc;

use crate::event::EventId;
use crate::hub::{Filter, Need, SubscriberId, TypeSet};
use crate::limits;
use crate::log::{Durability, Found, LogOptions, Reader, RealDisk, Record};
use crate::metrics::PagerFigures;
use crate::server::pager::{Answer, Ask, Search};
use crate::topic::TopicHash;

const EVENTS: u64 = 3000;
const FRAME_BYTES: usize = 1000;

/// A log of 3,000 events of 1,000 bytes; of the payment stream `id % 100`, or 100.
fn log(directory: &tempfile::TempDir) -> Reader {
    let options = LogOptions {
        segment_bytes: limits::SEGMENT_BYTES_MIN,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap: false,
    };
    let disk = Arc::new(RealDisk::open(directory.path()).unwrap());
    let mut opened = crate::log::open(disk, options, 1_700_000_000_000).unwrap();
    for id in (1..=EVENTS).map(EventId) {
        opened.writer.begin(1, FRAME_BYTES, 1_700_000_000_000).unwrap();
        let stream = if id.0.is_multiple_of(100) { 100 } else { id.0 % 100 };
        let frame = [b'x'; FRAME_BYTES];
        let record = Record {
            stream,
            sender: 0,
            recipient: 0,
            key: 0,
            aux: 0,
            flags: 0,
            kind: 2,
            payload_offset: 5,
            frame: &frame,
        };
        opened.writer.push(id, record);
    }
    opened.writer.flush().unwrap();
    opened.syncer.sync().unwrap();
    opened.reader
}

fn of(stream: u64) -> Filter {
    Filter::union(vec![TopicHash(stream)], Vec::new(), TypeSet::EVERY)
}

fn search(reader: &Reader, figures: &PagerFigures, search: Search) -> Found {
    let (view, visible) = (reader.view(), reader.visible());
    match figures.answer(&view, visible, Ask::Search { token: 7, search }) {
        Answer::Request { token: 7, found } => found,
        other => panic!("{other:?}"),
    }
}

fn ids(of: impl Iterator<Item = u64>) -> Vec<EventId> {
    of.map(EventId).collect()
}

#[test]
fn searches_go_both_ways_as_far_as_they_may() {
    let directory = tempfile::tempdir().unwrap();
    let reader = log(&directory);
    let all = |filter: Filter, descending| Search {
        filter,
        first: EventId(1),
        last: EventId(EVENTS),
        events_max: 100,
        entries_max: 10_000,
        descending,
    };
    let everything = Filter::all(TypeSet::EVERY);
    let check = |what: Search, expected: Vec<EventId>, through: u64| {
        let told = format!("{what:?}");
        let found = search(&reader, &PagerFigures::default(), what);
        assert_eq!(found, Found { ids: expected, through: EventId(through) }, "{told}");
    };
    check(all(of(7), false), ids((7..=EVENTS).step_by(100)), EVENTS);
    check(all(of(7), true), ids((0..30).map(|number| 2907 - 100 * number)), 1);
    check(Search { events_max: 2, ..all(of(7), false) }, ids([7, 107].into_iter()), 107);
    check(Search { events_max: 2, ..all(of(7), true) }, ids([2907, 2807].into_iter()), 2807);
    check(Search { entries_max: 250, ..all(of(7), false) }, ids([7, 107, 207].into_iter()), 250);
    check(Search { entries_max: 150, ..all(of(7), true) }, ids([2907].into_iter()), 2851);
    check(Search { first: EventId(2950), ..all(of(7), true) }, Vec::new(), 2950);
    check(all(of(101), false), Vec::new(), EVENTS);
    check(all(everything.clone(), false), ids(1..=100), 100);
    check(all(everything.clone(), true), ids((2901..=EVENTS).rev()), 2901);
    // A turn's bytes end it.
    let fit = limits::BEHIND_BYTES_PER_TURN.div_ceil(FRAME_BYTES) as u64;
    check(Search { events_max: 512, ..all(everything.clone(), false) }, ids(1..=fit), fit);
    let low = EVENTS + 1 - fit;
    check(Search { events_max: 512, ..all(everything.clone(), true) }, ids((low..=EVENTS).rev()), low);
    // Nothing is there to look at: no step is made.
    let beyond = EventId(1 << 40);
    check(Search { first: beyond, last: beyond, ..all(of(7), false) }, Vec::new(), beyond.0 - 1);
    check(Search { first: EventId(0), last: EventId(0), ..all(of(7), true) }, Vec::new(), 1);
}

#[test]
fn only_what_is_found_is_brought() {
    let directory = tempfile::tempdir().unwrap();
    let reader = log(&directory);
    let view = reader.view();
    let figures = PagerFigures::default();
    let need = |filter| Need {
        subscriber: SubscriberId { index: 1, generation: 2 },
        first: EventId(1),
        last: EventId(EVENTS),
        filter,
    };
    let answer = figures.answer(&view, reader.visible(), Ask::Supply(need(Some(of(7)))));
    let Answer::Supply(supply) = answer else { panic!("{answer:?}") };
    assert_eq!(supply.subscriber, SubscriberId { index: 1, generation: 2 });
    let found = supply.found.unwrap();
    assert_eq!((found.ids.len(), found.through), (30, EventId(EVENTS)));
    assert_eq!((figures.asks.get(), figures.looked_at.get()), (1, EVENTS));
    assert_eq!(figures.found_bytes.get(), 30 * FRAME_BYTES as u64);
    // The pages that 30 frames lie on, of the 730 that there are.
    let brought = figures.brought_bytes.get();
    assert!((30 * 4096..=60 * 4096).contains(&brought), "{brought} bytes");

    let figures = PagerFigures::default();
    figures.answer(&view, reader.visible(), Ask::Supply(need(None)));
    let brought = figures.brought_bytes.get() as usize;
    assert!(brought.abs_diff(limits::WARM_BYTES_MAX) <= 2 * 4096, "{brought} bytes");
    figures.answer(&view, reader.visible(), Ask::Time { token: 1, time_ms: 1_700_000_000_000 });
    assert_eq!((figures.asks.get(), figures.found_bytes.get()), (2, 0));
}
