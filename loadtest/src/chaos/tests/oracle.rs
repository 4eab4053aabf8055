//! A small run without fault is written down: two publishers' events, three subscribers, one lost connection.
//! Each test plants one fault into the record and expects the judge to name it, and nothing but what follows
//! from it.

use std::sync::Arc;

use crate::chaos::ledger::{Ack, Delivery, Record};
use crate::chaos::oracle::{Evidence, judge};
use crate::chaos::violation::Violation;
use crate::chaos::world::{Event, Filter, Kind, PaymentStream};

struct Case {
    events: Vec<Arc<Event>>,
    acks: Vec<Ack>,
    records: Vec<Record>,
    complete: bool,
}

const FIRST: PaymentStream = PaymentStream { id: 1, sender: 1, recipient: 2 };
const SECOND: PaymentStream = PaymentStream { id: 2, sender: 3, recipient: 4 };

/// Events 1–6; no. 4 and 5 are one batch whose answer was lost, no. 6 was never stored.
fn sound() -> Case {
    let drafts = [
        (0, Kind::Created, FIRST),
        (1, Kind::Created, SECOND),
        (2, Kind::Withdrawn, FIRST),
        (3, Kind::FeeCollected, FIRST),
        (4, Kind::ToppedUp, SECOND),
        (4, Kind::Paused, SECOND),
        (5, Kind::ToppedUp, SECOND),
    ];
    let event = |(tag, (request, kind, stream)): (usize, (u32, Kind, PaymentStream))| {
        Arc::new(Event::new(u32::try_from(tag).unwrap(), request, kind, stream, 0))
    };
    let everyone = Filter { all: true, ..Filter::default() };
    let recipient = Filter { users: vec![FIRST.recipient], ..Filter::default() };
    let second = Filter { streams: vec![SECOND.id], users: vec![SECOND.sender], ..Filter::default() };
    Case {
        events: drafts.into_iter().enumerate().map(event).collect(),
        acks: (0..4).map(|tag| Ack { tag, id: u64::from(tag) + 1, publisher: tag % 2 }).collect(),
        records: vec![
            record("everyone", everyone, &[1, 2, 3, 4, 5, 6]),
            record("recipient", recipient, &[1, 3]),
            record("second", second, &[2, 5, 6]),
        ],
        complete: true,
    }
}

/// In the sound run event no. `tag` has the id `tag + 1`; the connection was lost after event 3.
fn delivery(id: u64) -> Delivery {
    Delivery { id, tag: u32::try_from(id).unwrap() - 1, connection: if id > 3 { 2 } else { 1 } }
}

fn record(name: &str, filter: Filter, ids: &[u64]) -> Record {
    let deliveries = ids.iter().copied().map(delivery).collect();
    Record { name: name.to_owned(), filter, deliveries, connections: 2 }
}

fn check(plant: impl FnOnce(&mut Case), expected: &[&str]) {
    let mut case = sound();
    plant(&mut case);
    let Case { events, acks, records, complete } = &case;
    let violations = judge(&Evidence { events, acks, records, complete: *complete });
    let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_sound_run_is_acquitted() {
    check(|_| {}, &[]);
}

#[test]
fn a_missing_event_is_seen() {
    check(
        |case| case.records[1].deliveries.truncate(1),
        &["missing: recipient never got event 3 (event no. 2), which was acknowledged"],
    );
}

#[test]
fn an_unacknowledged_event_is_for_everyone_alike() {
    check(
        |case| case.records[2].deliveries.truncate(2),
        &["missing: second never got event 6 (event no. 5), which others got"],
    );
}

#[test]
fn an_acknowledged_event_that_nobody_got_is_seen() {
    check(
        |case| {
            case.records[0].deliveries.remove(2);
            case.records[1].deliveries.remove(1);
        },
        &[
            "missing: everyone never got event 3 (event no. 2), which was acknowledged",
            "missing: recipient never got event 3 (event no. 2), which was acknowledged",
        ],
    );
}

#[test]
fn a_repetition_over_two_connections_is_seen() {
    check(
        |case| case.records[0].deliveries.insert(3, Delivery { connection: 2, ..delivery(3) }),
        &["repeated: everyone got event 3 on connection 1 and again on connection 2"],
    );
}

#[test]
fn a_wrong_order_is_seen() {
    check(
        |case| case.records[0].deliveries.swap(1, 2),
        &["misordered: everyone got event 2 after event 3, on connection 1"],
    );
}

#[test]
fn an_event_for_somebody_else_is_seen() {
    check(
        |case| case.records[1].deliveries.insert(1, delivery(2)),
        &["not for: recipient got event 2 (event no. 1, stream.created of payment stream 2)"],
    );
    check(
        |case| case.records[1].deliveries.push(delivery(4)),
        &["not for: recipient got event 4 (event no. 3, stream.fee_collected of payment stream 1)"],
    );
}

#[test]
fn an_id_given_twice_is_seen() {
    check(
        // What a lost write looks like: id 3 was acknowledged for no. 2, and names no. 6 after the restart.
        |case| {
            case.records[1].deliveries.remove(1);
            case.records[0].deliveries[2].tag = 6;
        },
        &[
            "two events: id 3 named event no. 2 (acknowledged to publisher 0) and \
             event no. 6 (delivered to everyone)",
            "missing: everyone never got event 3 (event no. 2), which was acknowledged",
            "missing: recipient never got event 3 (event no. 2), which was acknowledged",
            "missing: second never got event 3 (event no. 6), which others got",
        ],
    );
}

#[test]
fn two_publishers_with_one_id_are_seen() {
    check(
        |case| case.acks.push(Ack { tag: 6, id: 2, publisher: 7 }),
        &[
            "two events: id 2 named event no. 1 (acknowledged to publisher 1) and \
             event no. 6 (acknowledged to publisher 7)",
            "missing: everyone never got event 2 (event no. 6), which was acknowledged",
            "missing: second never got event 2 (event no. 6), which was acknowledged",
        ],
    );
}

#[test]
fn an_event_stored_twice_is_seen() {
    check(
        |case| case.records[0].deliveries.push(Delivery { id: 7, tag: 2, connection: 2 }),
        &["two ids: event no. 2 had id 3 (acknowledged to publisher 0) and id 7 (delivered to everyone)"],
    );
}

#[test]
fn a_hole_in_the_ids_is_seen() {
    check(
        |case| {
            case.records[0].deliveries.push(Delivery { id: 9, tag: 6, connection: 2 });
            case.records[2].deliveries.push(Delivery { id: 9, tag: 6, connection: 2 });
        },
        &[
            "hole: no event has id 7, though the ids go up to 9",
            "hole: no event has id 8, though the ids go up to 9",
        ],
    );
}

#[test]
fn half_a_batch_is_seen() {
    check(
        |case| {
            case.records[0].deliveries.pop();
            case.records[2].deliveries.pop();
        },
        &["torn batch: 1 of the 2 events of request 4 were stored, event no. 5 was not"],
    );
}

#[test]
fn a_run_that_was_cut_short_says_nothing_of_what_is_missing() {
    check(
        |case| {
            case.complete = false;
            case.records[0].deliveries.truncate(2);
        },
        &[],
    );
}
