//! The bounds of what is remembered, and who is forgotten at them. Setup: the tables alone.

use crate::event::EventId;
use crate::ingest::dedupe::{Keys, Reached, Seen, Sources};
use crate::ingest::parties::{Pair, Parties};

fn pair(of: u64) -> Pair {
    Pair { sender: of, recipient: 0 }
}

/// Observes `(stream, ends)` in order at a bound of 3; then exactly `kept` must be known.
fn check(observed: &[(u64, bool)], kept: &[u64]) {
    let mut parties = Parties::new(3);
    for &(stream, ends) in observed {
        parties.observe(stream, pair(stream), ends);
        assert!(parties.len() <= 3);
    }
    for stream in 1..=9 {
        let expected = if kept.contains(&stream) { pair(stream) } else { Pair::default() };
        assert_eq!(parties.get(stream), expected, "payment stream {stream} after {observed:?}");
    }
}

#[test]
fn the_oldest_payment_stream_is_forgotten_but_an_ended_one_first() {
    check(&[(1, false), (2, false), (3, false)], &[1, 2, 3]);
    check(&[(1, false), (2, false), (3, false), (4, false)], &[2, 3, 4]);
    check(&[(1, false), (2, false), (3, false), (3, true), (4, false)], &[1, 2, 4]);
    // Ended ones by when they ended; an end said twice changes nothing.
    check(&[(1, false), (2, false), (3, false), (2, true), (1, true), (2, true), (4, false)], &[1, 3, 4]);
    check(&[(1, true), (2, true), (3, false), (4, false), (5, false), (6, false)], &[4, 5, 6]);
    // Ended when it becomes known: the next one takes its place.
    check(&[(1, false), (2, false), (3, false), (4, true), (5, false)], &[2, 3, 5]);
    // Forgotten and known again: the newest.
    check(&[(1, false), (2, false), (3, false), (4, false), (1, false), (5, false)], &[1, 4, 5]);
}

#[test]
fn a_payment_stream_without_known_parties_takes_no_place() {
    let mut parties = Parties::new(3);
    parties.observe(1, Pair::default(), false);
    parties.observe(2, Pair::default(), true);
    assert_eq!(parties.len(), 0);
}

#[test]
fn a_bound_of_nothing_holds_one() {
    let mut parties = Parties::new(0);
    parties.observe(1, pair(1), false);
    parties.observe(2, pair(2), false);
    assert_eq!((parties.get(1), parties.get(2)), (Pair::default(), pair(2)));
}

#[test]
fn the_oldest_key_is_forgotten() {
    let mut keys = Keys::new(3);
    for id in 1..=5 {
        keys.observe(id * 10, Seen { id: EventId(id), digest: 1 });
        assert!(keys.len() <= 3);
    }
    let known: Vec<u64> = (1..=5).filter(|id| keys.get(id * 10, EventId(1)).is_some()).collect();
    assert_eq!(known, [3, 4, 5]);
}

#[test]
fn a_key_used_again_before_its_old_event_was_forgotten_stays_bounded() {
    let mut keys = Keys::new(2);
    keys.observe(10, Seen { id: EventId(1), digest: 1 });
    keys.observe(20, Seen { id: EventId(2), digest: 1 });
    assert_eq!(keys.get(10, EventId(2)), None);
    keys.observe(10, Seen { id: EventId(3), digest: 2 });
    assert_eq!(keys.get(10, EventId(2)), Some(Seen { id: EventId(3), digest: 2 }));
    keys.forget_before(EventId(9));
    assert_eq!(keys.len(), 0);
}

#[test]
fn sources_idle_for_longest_are_forgotten() {
    let mut sources = Sources::new(32);
    for id in 1..=32 {
        sources.observe(id, Reached { position: 1, id: EventId(id) });
    }
    sources.observe(1, Reached { position: 2, id: EventId(33) });
    sources.observe(100, Reached { position: 1, id: EventId(34) });
    assert!(sources.len() <= 32);
    assert!(sources.get(1).is_some(), "it stored something lately");
    assert!(sources.get(2).is_none(), "it is the idlest");
    assert!(sources.get(32).is_some() && sources.get(100).is_some());
    for id in 200..1000 {
        sources.observe(id, Reached { position: 1, id: EventId(id) });
        assert!(sources.len() <= 32);
    }
}
