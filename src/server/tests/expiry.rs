//! The heap of expiries: each comes once, in the order of their times, and those who left do not fill it.

use crate::hub::SubscriberId;
use crate::server::expiry::{Expiries, Step};

fn id(index: u32) -> SubscriberId {
    SubscriberId { index, generation: index + 1 }
}

#[test]
fn each_comes_once_and_not_before_its_time() {
    let mut expiries = Expiries::default();
    for (index, at_s) in [(0, 30), (1, 10), (2, 20), (3, 10)] {
        expiries.enter(id(index), at_s, Step::Tell);
    }
    assert!(expiries.take_due(9).is_none());
    let due: Vec<_> = std::iter::from_fn(|| expiries.take_due(20)).map(|due| due.id().index).collect();
    assert_eq!(due, [1, 3, 2]);
    assert!(expiries.take_due(29).is_none());
    assert_eq!(expiries.take_due(u64::MAX).map(|due| due.id()), Some(id(0)));
    assert!(expiries.take_due(u64::MAX).is_none());
}

#[test]
fn what_lies_beyond_2106_is_not_looked_after() {
    let mut expiries = Expiries::default();
    expiries.enter(id(0), u64::from(u32::MAX) + 1, Step::Tell);
    assert!(expiries.take_due(u64::MAX).is_none());
}

#[test]
fn those_who_left_before_their_time_are_swept_out() {
    let mut expiries = Expiries::default();
    let live = 100;
    for index in 0..100_000 {
        expiries.enter(id(index), 1_000_000, Step::Tell);
        // The newest hundred are in.
        expiries.sweep(live, |known| known.index + 100 > index);
        assert!(expiries.len() <= 64 + 2 * live, "{} entries for {live} subscribers", expiries.len());
    }
    expiries.sweep(0, |_| false);
    assert_eq!(expiries.len(), 0, "nobody is in");
}
