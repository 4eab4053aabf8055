//! Postings say of each topic exactly the slots it stands at, however they were put together; a decoder that knows
//! the format alone, and none of its places to begin, reads the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::event::EventId;
use crate::log::postings::Postings;
use crate::log::slot_list::{Cursor, SLOTS_PER_SKIP};
use crate::log::tests::searching::{Topics, append, hash};
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, options};
use crate::log::{LogOptions, Segment};

fn log_of(topics: &[Topics]) -> Log {
    let larger = LogOptions { segment_bytes: 4 << 20, ..options() };
    let mut log = Log::open_with(std::sync::Arc::new(SimDisk::new(1)), larger).unwrap();
    append(&mut log, topics);
    log
}

/// What each topic stands at.
fn model(topics: &[Topics]) -> BTreeMap<u64, Vec<u32>> {
    let mut model: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (slot, topics) in (0..).zip(topics) {
        for &topic in topics.iter().filter(|&&topic| topic != 0) {
            let slots = model.entry(hash(topic)).or_default();
            if slots.last() != Some(&slot) {
                slots.push(slot);
            }
        }
    }
    model
}

fn slots_from(postings: &Postings, hash: u64, from: u32) -> Vec<u32> {
    let mut slots = Vec::new();
    let Some(row) = postings.find(hash, &mut (0..0)).unwrap() else { return slots };
    let mut cursor = Cursor::open(postings, row, from).unwrap();
    while let Some(at) = &mut cursor {
        slots.push(at.slot());
        if !at.advance().unwrap() {
            cursor = None;
        }
    }
    slots
}

/// Read by the words of docs/log-format.md.
fn decode(postings: &Postings) -> BTreeMap<u64, Vec<u32>> {
    let bytes = postings.memory();
    let number = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let lists = 16 * postings.topics() as usize;
    let mut decoded = BTreeMap::new();
    for row in (0..lists).step_by(16) {
        let hash = u64::from_le_bytes(bytes[row..row + 8].try_into().unwrap());
        let (count, at) = (number(row + 8) as usize, number(row + 12));
        let mut slots = Vec::new();
        if count == 1 {
            slots.push(at as u32);
        } else {
            let mut at = lists + at as usize + (count - 1) / 128 * 8;
            let mut floor = 0;
            for _ in 0..count {
                let (mut gap, mut shift) = (0, 0);
                loop {
                    gap |= u32::from(bytes[at] & 0x7f) << shift;
                    at += 1;
                    if bytes[at - 1] < 0x80 {
                        break;
                    }
                    shift += 7;
                }
                slots.push(floor + gap);
                floor += gap + 1;
            }
        }
        decoded.insert(hash, slots);
    }
    decoded
}

fn check(postings: &Postings, model: &BTreeMap<u64, Vec<u32>>) {
    assert_eq!(postings.topics() as usize, model.len());
    assert_eq!(&decode(postings), model);
    let whole = postings.slots().end;
    for (&hash, slots) in model {
        let middle = slots[slots.len() / 2];
        let ends = [0, 1, middle, middle + 1, *slots.last().unwrap(), slots.last().unwrap() + 1, whole];
        // Around the places to begin.
        let around = slots.chunks(SLOTS_PER_SKIP as usize).filter_map(|chunk| chunk.last());
        for from in around.flat_map(|&slot| [slot, slot + 1]).chain(ends) {
            let expected: Vec<u32> = slots.iter().copied().filter(|&slot| slot >= from).collect();
            assert_eq!(slots_from(postings, hash, from), expected, "{hash} from {from}");
        }
        for other in [hash - 1, hash + 1].into_iter().filter(|other| !model.contains_key(other)) {
            assert_eq!(postings.find(other, &mut (0..0)), Ok(None), "{other} stands nowhere");
        }
    }
    for absent in [0, 1, u64::MAX] {
        assert_eq!(postings.find(absent, &mut (0..0)), Ok(None));
    }
}

fn segment(log: &Log) -> std::sync::Arc<Segment> {
    log.reader.view().segment(EventId(1)).unwrap().clone()
}

fn built_in_parts(segment: &Segment, cuts: &[u32]) -> Vec<Postings> {
    cuts.windows(2).map(|cut| Postings::build(segment, cut[0]..cut[1])).collect()
}

#[test]
fn a_topic_at_every_slot_and_one_at_few() {
    let topics: Vec<Topics> =
        (0..5_000).map(|n| [7, n / 1000 + 100, if n % 700 == 3 { 9 } else { 7 }]).collect();
    let log = log_of(&topics);
    let postings = Postings::build(&segment(&log), 0..5_000);
    check(&postings, &model(&topics));
    let bytes = postings.memory().len();
    assert!(bytes < 5_000 * 2 + 5_000 * 8 / SLOTS_PER_SKIP as usize * 2 + 1_000, "{bytes}");
}

#[test]
fn a_topic_of_one_event_takes_a_row_and_no_list() {
    let topics: Vec<Topics> = (1..3_000).map(|n| [n, n + 10_000, n + 20_000]).collect();
    let log = log_of(&topics);
    let postings = Postings::build(&segment(&log), 0..2_999);
    check(&postings, &model(&topics));
    assert_eq!(postings.memory().len(), 2_999 * 48, "no more than this is ever needed");
}

#[test]
fn events_without_topics_leave_nothing() {
    let log = log_of(&[[0; 3]; 10]);
    let postings = Postings::build(&segment(&log), 0..10);
    check(&postings, &BTreeMap::new());
    assert_eq!(postings.memory().len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn parts_that_are_merged_are_as_if_built_at_once(
        kinds in proptest::collection::vec((0_u64..4, 0_u64..40, 0_u64..2_000), 1..3_000),
        cuts in proptest::collection::vec(0_usize..3_000, 0..6),
    ) {
        let topics: Vec<Topics> = kinds.iter().map(|&(a, b, c)| [c, b, a]).collect();
        let end = topics.len() as u32;
        let mut cuts: Vec<u32> = cuts.iter().map(|&cut| cut as u32 % end).chain([0, end]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let log = log_of(&topics);
        let segment = segment(&log);
        let whole = Postings::build(&segment, 0..end);
        check(&whole, &model(&topics));
        let parts = built_in_parts(&segment, &cuts);
        let merged = Postings::merge(&parts.iter().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(merged.slots(), whole.slots());
        prop_assert_eq!(merged.memory(), whole.memory());
    }
}
