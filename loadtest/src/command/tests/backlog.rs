//! What a storm's subscribers are owed: as much as was asked for, from sets of their own.

use std::collections::HashSet;

use crate::command::backlog::{Backlog, BehindOf};
use crate::load::{Expected, Filter, Run};

fn backlog(own: u64, topics: u64, of: BehindOf) -> Backlog {
    Backlog { own, all: 3, streams_each: 4, topics, behind: 30, of }
}

#[test]
fn everybody_is_as_far_behind_as_asked() {
    let backlog = backlog(50, 64, BehindOf::Own);
    assert_eq!(backlog.events(), 8 * 64, "8 events of each of 4 payment streams are 32");
    let run = Run::starting_at(7, 64);
    let acks: Vec<(u64, u64)> = (0..backlog.events()).map(|seq| (seq, 101 + seq)).collect();
    let mut expected = Expected::default();
    expected.add(&run, &acks);
    let joinings = backlog.joinings(&expected, &acks);
    assert_eq!(joinings.len(), 53);
    let (all, own): (Vec<_>, Vec<_>) = joinings.iter().partition(|joining| joining.filter == Filter::All);
    assert_eq!((all.len(), own.len()), (3, 50));
    for joining in all {
        assert_eq!((joining.behind, joining.excused), (30, 512 - 30));
        assert_eq!(joining.start_after, Some(100 + 512 - 30));
    }
    for joining in own {
        assert_eq!((joining.behind, joining.excused, joining.start_after), (32, 0, Some(100)));
    }
}

#[test]
fn behind_of_the_log_is_the_same_for_all() {
    assert_eq!(backlog(50, 64, BehindOf::Log).events(), 30);
}

#[test]
fn every_subscriber_has_streams_of_its_own() {
    // Enough for all: nobody shares.
    let apart = backlog(16, 64, BehindOf::Own);
    let streams: HashSet<u64> = (0..16).flat_map(|number| apart.streams_of(number)).collect();
    assert_eq!(streams.len(), 64);
    // Too few: each set has its size, and no two of 1,000 are the same.
    let shared = backlog(1000, 256, BehindOf::Own);
    let sets: HashSet<Vec<u64>> = (0..1000).map(|number| shared.streams_of(number)).collect();
    assert_eq!(sets.len(), 1000);
    assert!(sets.iter().all(|set| set.len() == 4 && set.iter().all(|stream| *stream < 256)));
    // Strides that come round: still four each.
    let few = backlog(1000, 8, BehindOf::Own);
    assert!((0..1000).all(|number| few.streams_of(number).len() == 4));
}
