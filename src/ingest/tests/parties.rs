//! Who an event is for. Setup: submissions one after the other over an empty memory; what is looked at is the
//! pair of parties that the index will hold of each event.

use crate::event::{EventType, NewEvent};
use crate::ingest::PublishError;
use crate::ingest::parties::Pair;
use crate::ingest::tests::support::{Bench, created, event, withdrawn};

type Names = (Option<&'static str>, Option<&'static str>);

/// Submits each list as one submission; the stored events must be for `expected`, in order.
fn check(submissions: &[&[NewEvent]], expected: &[Names]) {
    let mut bench = Bench::new();
    for events in submissions {
        bench.submit(events).unwrap();
    }
    let pairs: Vec<Pair> = bench.stored.iter().map(|stored| stored.parties).collect();
    let expected: Vec<Pair> = expected.iter().map(|&(from, to)| bench.pair(from, to)).collect();
    assert_eq!(pairs, expected, "{submissions:?}");
}

const BOTH: Names = (Some("GS"), Some("GR"));

#[test]
fn the_sender_gets_a_withdrawal_that_names_only_the_recipient() {
    check(&[&[created("7", "GS", "GR")], &[withdrawn("7").to("GR")]], &[BOTH, BOTH]);
    check(&[&[created("7", "GS", "GR")], &[withdrawn("7")], &[withdrawn("8")]], &[BOTH, BOTH, (None, None)]);
}

#[test]
fn parties_are_fixed_when_the_event_is_stored() {
    check(
        &[&[withdrawn("7").to("GR")], &[created("7", "GS", "GR")], &[withdrawn("7")]],
        &[(None, Some("GR")), BOTH, BOTH],
    );
}

#[test]
fn the_order_within_a_batch_does_not_matter() {
    check(&[&[withdrawn("7"), created("7", "GS", "GR"), withdrawn("7")]], &[BOTH, BOTH, BOTH]);
    check(
        &[&[withdrawn("7"), withdrawn("7").to("GR"), event(EventType::Paused, "7").from("GS")]],
        &[BOTH; 3],
    );
    // A `stream.created` stands before what the batch's other events say.
    check(&[&[withdrawn("7").to("GX"), created("7", "GS", "GR")]], &[BOTH, BOTH]);
}

#[test]
fn the_first_known_stand_for_each_side() {
    check(
        &[&[withdrawn("7").to("GR")], &[withdrawn("7").to("GX").from("GS")], &[withdrawn("7").from("GY")]],
        &[(None, Some("GR")), BOTH, BOTH],
    );
}

#[test]
fn a_collected_fee_is_for_no_party_and_teaches_none() {
    let fee = event(EventType::FeeCollected, "7").from("GX").to("GY");
    check(
        &[std::slice::from_ref(&fee), &[created("7", "GS", "GR")], &[fee.clone(), withdrawn("7")]],
        &[(None, None), BOTH, (None, None), BOTH],
    );
    let mut bench = Bench::new();
    bench.submit(&[fee]).unwrap();
    assert_eq!(bench.stored[0].stream, 0, "no payment stream's subscriber gets it");
}

#[test]
fn a_created_that_names_others_is_a_conflict_and_leaves_no_trace() {
    let check = |before: &[NewEvent], events: &[NewEvent], index, party| {
        let mut bench = Bench::new();
        bench.submit(before).unwrap();
        let refused = bench.submit(events);
        assert_eq!(refused, Err(PublishError::PartiesConflict { index, party }), "{events:?}");
        bench.submit(&[withdrawn("9")]).unwrap();
        assert_eq!(
            bench.stored.last().unwrap().parties,
            Pair::default(),
            "nothing was learnt from the refused"
        );
    };
    let known = [created("7", "GS", "GR")];
    let other = created("9", "GA", "GB");
    check(&known, &[other.clone(), created("7", "GS", "GX")], 1, "recipient");
    check(&known, &[created("7", "GX", "GR"), other.clone()], 0, "sender");
    check(&[withdrawn("7").to("GR")], &[other.clone(), created("7", "GS", "GX")], 1, "recipient");
    check(&[], &[other, created("7", "GS", "GR"), created("7", "GX", "GR")], 2, "sender");
}

#[test]
fn a_created_with_the_known_parties_is_no_conflict() {
    check(&[&[created("7", "GS", "GR")], &[created("7", "GS", "GR")]], &[BOTH, BOTH]);
    check(&[&[withdrawn("7").to("GR")], &[created("7", "GS", "GR")]], &[(None, Some("GR")), BOTH]);
}
