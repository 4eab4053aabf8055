//! When a submission is answered and when its events are shown, by durability. Setup: two workers over a real
//! log; worker 0 publishes; the writer and the sync thread take their turns by hand.

use crate::event::EventId;
use crate::ingest::PublishError;
use crate::ingest::tests::rig::{NOW_MS, Rig, dir};
use crate::ingest::tests::support::{created, marks, withdrawn};
use crate::limits;
use crate::log::Durability;

/// After a write and after a sync: whether there is an answer, whether the event is shown, who was rung.
type Seen = (bool, bool, [bool; 2]);

fn check(durability: Durability, written: Seen, synced: Seen) {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), durability);
    rig.submit(0, 5, &[withdrawn("7")]);
    rig.write();
    let seen = |rig: &Rig| {
        let rung = rig.rung().try_into().unwrap();
        (!rig.answers(0).is_empty(), rig.reader.visible() == EventId(1), rung)
    };
    assert_eq!(seen(&rig), written, "written, {durability:?}");
    rig.sync();
    assert_eq!(seen(&rig), synced, "synced, {durability:?}");
    assert_eq!(rig.reader.durable(), EventId(1), "{durability:?}");
    rig.stop();
}

#[test]
fn an_answer_and_the_showing_keep_the_promise_of_the_durability() {
    check(Durability::Commit, (false, false, [false; 2]), (true, true, [true; 2]));
    check(Durability::Interval { ms: 1000 }, (true, false, [true, false]), (false, true, [true; 2]));
    check(Durability::None, (true, true, [true; 2]), (false, true, [false; 2]));
}

#[test]
fn a_duplicate_of_an_event_in_flight_joins_its_commit() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.submit(0, 1, &[withdrawn("7").key("a")]);
    rig.submit(1, 2, &[withdrawn("7").key("a")]);
    rig.write();
    rig.submit(1, 3, &[withdrawn("7").key("a")]);
    rig.submit(1, 4, &[withdrawn("7").key("a").data("{}")]);
    rig.write();
    assert!(rig.answers(0).is_empty());
    let [refused] = rig.answers(1).try_into().unwrap();
    assert_eq!(refused.outcome, Err(PublishError::KeyConflict { index: 0, first: EventId(1) }));
    rig.sync();
    let answers = [rig.answers(0), rig.answers(1)].concat();
    let answers: Vec<_> =
        answers.into_iter().map(|answer| (answer.ticket.token, marks(&answer.outcome.unwrap()))).collect();
    assert_eq!(answers, [(1, vec![(1, false)]), (2, vec![(1, true)]), (3, vec![(1, true)])]);
    assert_eq!(rig.reader.visible(), EventId(1), "one event was stored");
    rig.stop();
}

#[test]
fn a_duplicate_of_a_durable_event_needs_no_sync() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[withdrawn("7").key("a")]).unwrap();
    rig.rung();
    rig.submit(1, 2, &[withdrawn("7").key("a")]);
    rig.write();
    assert_eq!(rig.rung(), [false, true], "only who asked is rung");
    assert_eq!(marks(rig.answers(1)[0].outcome.as_ref().unwrap()), [(1, true)]);
    rig.stop();
}

#[test]
fn a_refused_submission_is_answered_at_once_and_leaves_no_hole() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.submit(0, 1, &[created("7", "GS", "GR")]);
    rig.submit(1, 2, &[withdrawn("8"), created("7", "GX", "GR")]);
    rig.submit(0, 3, &[withdrawn("7"), withdrawn("8")]);
    rig.write();
    assert_eq!(rig.rung(), [false, true]);
    let [refused] = rig.answers(1).try_into().unwrap();
    assert_eq!(refused.outcome, Err(PublishError::PartiesConflict { index: 1, party: "sender" }));
    rig.sync();
    let ids: Vec<_> = rig.answers(0).into_iter().flat_map(|answer| marks(&answer.outcome.unwrap())).collect();
    assert_eq!(ids, [(1, false), (2, false), (3, false)]);
    rig.stop();
}

#[test]
fn one_write_takes_no_more_than_its_bounds_and_one_submission() {
    let check = |events: usize, data_bytes: usize, submissions: usize| {
        let dir = dir();
        let mut rig = Rig::open(dir.path(), Durability::None);
        let data = "x".repeat(data_bytes);
        for token in 0..10 {
            let events: Vec<_> = (0..events).map(|_| withdrawn("7").data(&data)).collect();
            rig.submit(0, token, &events);
        }
        assert!(rig.ingest.writer.step(NOW_MS));
        assert_eq!(rig.answers(0).len(), submissions, "{events} events of {data_bytes} bytes");
        rig.ingest.writer.step(NOW_MS);
        assert_eq!(
            rig.answers(0).len(),
            submissions.min(10 - submissions),
            "the next write has the same bounds"
        );
        rig.stop();
    };
    check(1000, 10, limits::BATCH_EVENTS_MAX / 1000 + 1);
    check(10, 30_000, limits::WRITE_BYTES_MAX / 300_000 + 1);
    check(10, 100, 10);
}
