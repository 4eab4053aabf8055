//! Equal filters are one, however their terms were written down; each event finds exactly those it is for, once each.
//! Judged against a plain list of subscribers over random comings and goings.

use std::collections::BTreeMap;

use crate::event::{EventId, EventType};
use crate::hub::filters::{FilterId, Filters};
use crate::hub::tests::support::{Event, Random, TestLog, Want, event, join};
use crate::hub::{Filter, Memory, TypeSet};
use crate::topic::TopicHash;

fn random_want(random: &mut Random) -> Want {
    let kinds = (0..random.below(3).saturating_sub(1) * 2).map(|_| EventType::ALL[random.below(8) as usize]);
    let kinds: Vec<_> = kinds.collect();
    // One of everything is not entered here.
    let all = random.below(6) == 0 && !kinds.is_empty();
    let topics = (0..1 + random.below(4)).map(|_| 1 + random.below(12)).collect();
    Want { all, topics, kinds }
}

/// What tells filters apart: everything is one, whatever topics stand beside it.
fn value(want: &Want) -> (bool, Vec<u64>, Vec<u8>) {
    let mut topics = if want.all { Vec::new() } else { want.topics.clone() };
    topics.sort_unstable();
    topics.dedup();
    let mut kinds: Vec<u8> = want.kinds.iter().map(|kind| kind.code()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    (want.all, topics, kinds)
}

#[test]
fn an_event_finds_exactly_those_it_is_for() {
    let mut random = Random(0xF117E5);
    let mut log = TestLog::open();
    let events: Vec<Event> = (0..400)
        .map(|_| {
            let kind = EventType::ALL[random.below(8) as usize];
            // Now and then stream, sender and recipient are the same topic, which no filter may be found by twice.
            event(kind, 1 + random.below(12), random.below(13), random.below(13))
        })
        .collect();
    log.publish(&events);
    let view = log.reader.view();
    let mut filters = Filters::default();
    let mut model: BTreeMap<u32, (Want, FilterId)> = BTreeMap::new();
    for round in 0..6000_u64 {
        let member = random.below(300) as u32;
        let leaving = round / 1500 % 2 == 1 && random.below(3) > 0;
        match model.remove(&member) {
            Some((_, id)) => filters.leave(id, member),
            None if leaving => {}
            None => {
                let want = random_want(&mut random);
                let id = filters.join(want.filter(), member);
                assert_eq!(filters.get(id), Some(&want.filter()));
                model.insert(member, (want, id));
            }
        }
        let distinct: std::collections::BTreeSet<_> = model.values().map(|(want, _)| value(want)).collect();
        assert_eq!(
            filters.len(),
            distinct.len(),
            "equal filters are one, and none outlives its last subscriber"
        );
        let at = random.below(events.len() as u64);
        let id = EventId(at + 1);
        let mut found = Vec::new();
        filters.each(view.segment(id).unwrap().entry(id), |member| found.push(member));
        found.sort_unstable();
        let wanted = model.iter().filter(|(_, (want, _))| want.wants(&events[at as usize]));
        let expected: Vec<u32> = wanted.map(|(member, _)| *member).collect();
        assert_eq!(found, expected, "round {round}, {:?}", events[at as usize]);
    }
    for (member, (_, id)) in model {
        filters.leave(id, member);
    }
    assert!(filters.is_empty());
}

#[test]
fn ten_thousand_equal_filters_are_one() {
    let log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let want = Want { all: false, topics: vec![3, 1, 2, 3], kinds: Vec::new() };
    let ids: Vec<_> = (0..10_000).map(|_| join(&mut hub, &want, EventId::ZERO, false)).collect();
    assert_eq!(hub.filters(), 1);
    let other = Want { all: false, topics: vec![1, 2], kinds: Vec::new() };
    let other = join(&mut hub, &other, EventId::ZERO, false);
    assert_eq!(hub.filters(), 2);
    for id in ids {
        hub.remove(id);
    }
    assert_eq!(hub.filters(), 1);
    hub.remove(other);
    assert_eq!(hub.filters(), 0);
}

#[test]
fn a_user_and_a_stream_of_one_hash_count_apart() {
    let filter = |users: bool| {
        let topics = vec![TopicHash(7)];
        let (streams, users) = if users { (Vec::new(), topics) } else { (topics, Vec::new()) };
        Filter::union(streams, users, TypeSet::EVERY)
    };
    let mut filters = Filters::default();
    filters.join(filter(true), 1);
    filters.join(filter(false), 2);
    assert_eq!(filters.len(), 2, "they are counted by what they name");
}
