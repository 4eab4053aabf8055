//! Who an event is for, the data it carries, and the filters of a run.

use crate::chaos::publisher::event_ids;
use crate::chaos::random::Random;
use crate::chaos::world::{Event, Filter, Kind, LASTING_STREAMS, PaymentStream};

const STREAM: PaymentStream = PaymentStream { id: 7, sender: 1, recipient: 2 };

fn check(filter: &Filter, wanted: &[Kind]) {
    let kinds = [Kind::Created, Kind::ToppedUp, Kind::Withdrawn, Kind::Cancelled, Kind::FeeCollected];
    for kind in kinds {
        let event = Event::new(0, 0, kind, STREAM, 0);
        assert_eq!(filter.wants(&event), wanted.contains(&kind), "{kind:?} for {}", filter.query());
    }
}

#[test]
fn a_filter_is_a_union_narrowed_by_types() {
    use Kind::{Cancelled, Created, FeeCollected, ToppedUp, Withdrawn};
    let filter = Filter::default;
    check(&Filter { all: true, ..filter() }, &[Created, ToppedUp, Withdrawn, Cancelled, FeeCollected]);
    check(&Filter { all: true, kinds: vec![FeeCollected], ..filter() }, &[FeeCollected]);
    for named in [
        Filter { streams: vec![7], ..filter() },
        Filter { users: vec![1], ..filter() },
        Filter { users: vec![9, 2], ..filter() },
        Filter { streams: vec![8], users: vec![2], ..filter() },
    ] {
        check(&named, &[Created, ToppedUp, Withdrawn, Cancelled]);
    }
    check(&Filter { users: vec![2], kinds: vec![Withdrawn, FeeCollected], ..filter() }, &[Withdrawn]);
    check(&Filter { streams: vec![8], users: vec![3], ..filter() }, &[]);
}

#[test]
fn an_event_carries_its_tag() {
    for kind in Kind::RECURRING.into_iter().chain([Kind::Created, Kind::Cancelled]) {
        let event = Event::new(4711, 3, kind, STREAM, 0);
        assert_eq!(Event::tag_in(&event.data()), Some(4711), "{}", event.data());
        assert!(event.data().starts_with("{\"streamId\":7,"));
    }
    assert_eq!(Event::tag_in("{\"streamId\":7}"), None);
}

#[test]
fn padding_makes_an_event_longer_and_nothing_else() {
    let event = |tag, padding| Event::new(tag, 3, Kind::Paused, STREAM, padding).data();
    assert_eq!(event(4711, 3), event(4711, 0).replace('}', ",\"memo\":\"aaa\"}"));
}

#[test]
fn every_filter_of_a_run_wants_something_of_the_curtain() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        for index in 0..50 {
            let filter = Filter::choose(index, 4, &mut random);
            let streams = (0..4).flat_map(|publisher| {
                (0..LASTING_STREAMS).map(move |number| PaymentStream::of(publisher, number))
            });
            let mut curtain =
                streams.flat_map(|stream| Kind::RECURRING.map(|kind| Event::new(0, 0, kind, stream, 0)));
            assert!(curtain.any(|event| filter.wants(&event)), "{}", filter.query());
        }
    }
}

#[test]
fn a_seed_repeats_a_run() {
    let draw = |seed| {
        let mut random = Random::new(seed);
        let mut fork = random.fork(3);
        (random.next(), fork.next(), random.below(10))
    };
    assert_eq!(draw(5), draw(5));
    assert_ne!(draw(5), draw(6));
}

#[test]
fn event_ids_are_read_from_both_shapes_of_answer() {
    assert_eq!(event_ids("{\"eventId\":\"42\"}"), [42]);
    let batch = "{\"results\":[{\"eventId\":\"42\"},{\"eventId\":\"7\",\"duplicate\":true}]}";
    assert_eq!(event_ids(batch), [42, 7]);
    assert_eq!(event_ids("{\"error\":\"bad_request\",\"message\":\"no\"}"), [] as [u64; 0]);
}
