//! What is a repeat, by key and by source position, and what is a conflict. Setup: submissions one after the
//! other over an empty memory, without a log.

use crate::event::{EventId, EventType};
use crate::ingest::PublishError;
use crate::ingest::tests::support::{Bench, created, event, withdrawn};

#[test]
fn a_key_seen_before_with_the_same_data_stores_nothing() {
    let mut bench = Bench::new();
    assert_eq!(bench.publish(&[withdrawn("7").key("a")]), [(1, false)]);
    assert_eq!(bench.publish(&[withdrawn("7").key("a")]), [(1, true)]);
    assert_eq!(bench.publish(&[withdrawn("7").key("b"), withdrawn("7").key("a")]), [(2, false), (1, true)]);
    assert_eq!(bench.stored.len(), 2);
}

#[test]
fn a_submission_waits_for_the_highest_of_its_events() {
    let mut bench = Bench::new();
    bench.publish(&[withdrawn("7").key("a"), withdrawn("7").key("b"), withdrawn("7")]);
    let until = |bench: &mut Bench, events: &[_]| bench.submit(events).unwrap().until;
    assert_eq!(until(&mut bench, &[withdrawn("7").key("b"), withdrawn("7").key("a")]), EventId(2));
    assert_eq!(until(&mut bench, &[withdrawn("7"), withdrawn("7").key("a")]), EventId(4));
    assert_eq!(until(&mut bench, &[]), EventId::ZERO);
}

#[test]
fn the_same_key_with_other_data_or_another_type_is_a_conflict() {
    let mut bench = Bench::new();
    bench.publish(&[withdrawn("6"), withdrawn("7").key("a")]);
    for other in [withdrawn("7").key("a").data("{}"), event(EventType::Completed, "7").key("a")] {
        let refused = bench.submit(&[withdrawn("7"), other]);
        assert_eq!(refused, Err(PublishError::KeyConflict { index: 1, first: EventId(2) }));
    }
    assert_eq!(bench.stored.len(), 2, "nothing of the submission was stored");
}

#[test]
fn twice_in_one_batch_the_second_is_a_duplicate_or_a_conflict() {
    let mut bench = Bench::new();
    let twice = [withdrawn("7").key("a"), withdrawn("8"), withdrawn("7").key("a")];
    assert_eq!(bench.publish(&twice), [(1, false), (2, false), (1, true)]);
    let other = [withdrawn("9"), withdrawn("7").key("b"), withdrawn("7").key("b").data("{}")];
    assert_eq!(bench.submit(&other), Err(PublishError::KeyTwice { index: 2, earlier: 1 }));
    assert_eq!(
        bench.publish(&[withdrawn("7").key("b")]),
        [(3, false)],
        "a refused batch leaves no key behind"
    );
}

#[test]
fn a_repeated_created_is_a_duplicate_before_it_can_be_a_conflict() {
    let mut bench = Bench::new();
    bench.publish(&[created("7", "GS", "GR").key("a")]);
    assert_eq!(bench.publish(&[created("7", "GX", "GY").key("a")]), [(1, true)], "the data is the same");
}

#[test]
fn at_or_below_the_last_position_of_a_source_is_a_duplicate() {
    let mut bench = Bench::new();
    assert_eq!(bench.publish(&[withdrawn("7").at("s", 0)]), [(1, false)], "0 is a position");
    assert_eq!(bench.publish(&[withdrawn("7").at("s", 0)]), [(1, true)]);
    assert_eq!(
        bench.publish(&[withdrawn("7").at("s", 20), withdrawn("7").at("t", 5)]),
        [(2, false), (3, false)]
    );
    assert_eq!(
        bench.publish(&[withdrawn("8").at("s", 19), withdrawn("8").at("s", 20)]),
        [(2, true), (2, true)]
    );
    let batch = [withdrawn("7").at("s", 22), withdrawn("7").at("s", 21), withdrawn("7").at("s", 23)];
    assert_eq!(bench.publish(&batch), [(4, false), (4, true), (5, false)], "within a batch as well");
}

#[test]
fn a_source_and_a_key_of_the_same_name_are_strangers() {
    let mut bench = Bench::new();
    assert_eq!(bench.publish(&[withdrawn("7").at("a", 1)]), [(1, false)]);
    assert_eq!(bench.publish(&[withdrawn("7").key("a")]), [(2, false)]);
}

#[test]
fn a_key_whose_event_is_no_longer_kept_does_not_count() {
    let mut bench = Bench::new();
    bench.publish(&[withdrawn("7").key("a"), withdrawn("7").key("b"), withdrawn("7").key("c")]);
    bench.earliest = EventId(3);
    assert_eq!(bench.publish(&[withdrawn("7").key("a").data("{}")]), [(4, false)], "not even as a conflict");
    assert_eq!(bench.publish(&[withdrawn("7").key("c")]), [(3, true)]);
    assert_eq!(bench.memory.keys.len(), 2, "b is forgotten");
}

#[test]
fn a_frame_that_is_too_long_refuses_the_whole_submission() {
    let mut bench = Bench::new();
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(crate::limits::FRAME_BYTES_MAX));
    let refused = bench.submit(&[withdrawn("7").key("a"), withdrawn("7").data(&long)]);
    assert!(
        matches!(refused, Err(PublishError::FrameTooLong { index: 1, bytes, max }) if bytes > max),
        "{refused:?}"
    );
    assert_eq!(bench.publish(&[withdrawn("7").key("a")]), [(1, false)], "nothing of it is remembered");
}
