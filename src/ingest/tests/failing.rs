//! A disk that fails or is full. Setup: a real log in a directory whose writes, syncs and room are made to
//! fail.

use std::sync::atomic::Ordering;

use crate::event::EventId;
use crate::ingest::tests::rig::{NOW_MS, Rig, dir};
use crate::ingest::tests::support::withdrawn;
use crate::ingest::{Answer, Ingest, PublishError, Submission, Ticket};
use crate::log::Durability;

/// Everyone's answer has to be `commit_unknown`, and later ones are refused with a sentence that shows no
/// path.
fn check_failed(rig: &mut Rig, path: &str, tokens: &[u64]) {
    let answers = [rig.answers(0), rig.answers(1)].concat();
    assert_eq!(answers.iter().map(|answer| answer.ticket.token).collect::<Vec<_>>(), tokens);
    for answer in answers {
        assert_eq!(answer.outcome, Err(PublishError::CommitUnknown), "{:?}", answer.ticket);
    }
    rig.faults.write.store(false, Ordering::Relaxed);
    rig.faults.sync.store(false, Ordering::Relaxed);
    for events in [[withdrawn("8")], [withdrawn("7").key("a")]] {
        let Err(PublishError::Unavailable { reason }) = rig.publish(&events) else {
            panic!("a failed log takes nothing more")
        };
        assert!(!reason.contains(path) && !reason.contains('/') && reason.contains("restarted"), "{reason}");
    }
    assert_eq!(rig.reader.visible(), EventId(1), "what was durable is still shown, and no more");
}

#[test]
fn a_failed_write_leaves_the_fate_of_its_submissions_unknown() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[withdrawn("7").key("a")]).unwrap();
    rig.faults.write.store(true, Ordering::Relaxed);
    rig.submit(0, 1, &[withdrawn("7"), withdrawn("7")]);
    rig.submit(0, 2, &[withdrawn("7").key("b")]);
    rig.submit(1, 3, &[withdrawn("7").key("b")]);
    rig.rung();
    rig.write();
    assert_eq!(rig.rung(), [true, true]);
    check_failed(&mut rig, &dir.path().display().to_string(), &[1, 2, 3]);
    rig.stop();
}

#[test]
fn a_failed_sync_leaves_the_fate_of_all_in_flight_unknown() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[withdrawn("7").key("a")]).unwrap();
    rig.faults.sync.store(true, Ordering::Relaxed);
    rig.submit(0, 1, &[withdrawn("7").key("b")]);
    rig.write();
    rig.submit(1, 2, &[withdrawn("7").key("b")]);
    rig.write();
    rig.rung();
    rig.sync();
    assert_eq!(rig.rung(), [true, true]);
    check_failed(&mut rig, &dir.path().display().to_string(), &[1, 2]);
    rig.stop();
}

#[test]
fn what_was_written_before_a_failed_write_is_of_unknown_fate_and_answered_once() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.submit(0, 1, &[withdrawn("7")]);
    rig.write();
    rig.faults.write.store(true, Ordering::Relaxed);
    rig.submit(0, 2, &[withdrawn("7")]);
    rig.write();
    rig.sync();
    rig.sync();
    let answers = rig.answers(0);
    let tokens: Vec<u64> = answers.iter().map(|answer| answer.ticket.token).collect();
    assert_eq!(tokens, [2, 1]);
    // A failed log is not synced any more, so that nobody can know.
    assert_eq!(answers[1].outcome, Err(PublishError::CommitUnknown));
    assert_eq!(rig.reader.durable(), EventId(0));
    rig.stop();
}

#[test]
fn a_full_disk_refuses_and_takes_events_again_when_there_is_room() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    let data = format!(r#"{{"x":"{}"}}"#, "y".repeat(50_000));
    let batch: Vec<_> = (0..10).map(|_| withdrawn("7").data(&data)).collect();
    rig.faults.room.store(true, Ordering::Relaxed);
    let mut stored = 0;
    let reason = loop {
        match rig.publish(&batch) {
            Ok(published) => stored += published.len(),
            Err(PublishError::Unavailable { reason }) => break reason,
            Err(error) => panic!("{error}"),
        }
        assert!(stored < 10_000, "segments without room for them");
    };
    assert!(reason.contains("retry"), "{reason}");
    assert_eq!(rig.reader.visible(), EventId(stored as u64), "nothing of the refused is stored");
    rig.faults.room.store(false, Ordering::Relaxed);
    let next = stored as u64 + 1;
    let published = loop {
        // The preparer looks again when it is asked and every second.
        if let Ok(published) = rig.publish(&batch) {
            break published;
        }
        std::thread::yield_now();
    };
    assert_eq!(published, (next..next + 10).map(|id| (id, false)).collect::<Vec<_>>());
    rig.stop();
}

#[test]
fn without_a_sync_thread_nobody_is_told_that_their_event_is_stored() {
    let dir = dir();
    let Rig { ingest, reader, preparer, .. } = Rig::open(dir.path(), Durability::Commit);
    let Ingest { publisher, answers, mut writer, sync, .. } = ingest;
    drop(sync);
    let ticket = Ticket { worker: 0, token: 9 };
    publisher.submit(Submission { ticket, events: vec![withdrawn("7")] }).unwrap();
    assert!(writer.step(NOW_MS));
    assert_eq!(answers[0].try_next(), Some(Answer { ticket, outcome: Err(PublishError::CommitUnknown) }));
    drop((writer, reader));
    preparer.join().unwrap();
}
