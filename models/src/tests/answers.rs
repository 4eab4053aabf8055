//! The way in with its threads: each submission gets one answer, a repeat waits for the commit of the event it
//! repeats, and whoever is told that an event is stored finds it durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use loom::thread::{JoinHandle, spawn};

use crate::doorbell::Doorbell;
use crate::event::{EventId, EventType, Identity, NewEvent};
use crate::ingest::{Answers, Ingest, PublishError, Publisher, Snapshot, Submission, Ticket};
use crate::log::{Durability, Reader};
use crate::memory::MemoryDisk;
use crate::tests::rig::{check, fails, opened, saw};
use crate::topic::StreamId;

type Outcomes = BTreeMap<u64, Result<(EventId, bool), PublishError>>;

/// What a worker does: submits, gives up its publisher as at a stop, and takes answers until it has all.
struct Worker {
    publisher: Publisher,
    answers: Answers,
    bell: Doorbell,
    reader: Reader,
    durability: Durability,
}

impl Worker {
    /// The answers by token: the event's id and whether it was there before. `taken_max`: how many are taken for one
    /// ring; a worker takes all there are.
    fn publish(self, keys: &[&str], taken_max: usize) -> Outcomes {
        for (token, key) in keys.iter().enumerate() {
            let ticket = Ticket { worker: 0, token: token as u64 };
            self.publisher.submit(Submission { ticket, events: vec![event(key)] }).unwrap();
        }
        drop(self.publisher);
        let mut outcomes = Outcomes::new();
        while outcomes.len() < keys.len() {
            self.bell.eventfd().wait();
            self.bell.answer();
            for answer in std::iter::from_fn(|| self.answers.try_next()).take(taken_max) {
                let outcome = answer.outcome.map(|published| (published[0].id, published[0].duplicate));
                if let Ok((id, _)) = outcome {
                    let commit = self.durability == Durability::Commit;
                    let promised = if commit { self.reader.durable() } else { self.reader.written() };
                    assert!(id <= promised, "{id} was acknowledged at {promised}");
                }
                let twice = outcomes.insert(answer.ticket.token, outcome);
                assert!(twice.is_none(), "{} was answered twice", answer.ticket.token);
            }
        }
        assert!(self.answers.try_next().is_none(), "one answer too many");
        saw(format!("{} writes to the eventfd", self.bell.eventfd().raises()));
        outcomes
    }
}

fn event(key: &str) -> NewEvent {
    NewEvent {
        kind: EventType::Withdrawn,
        stream: StreamId("1".to_owned()),
        data: b"{}".to_vec(),
        sender: None,
        recipient: None,
        identity: Identity::Key(key.to_owned()),
    }
}

const WRITES: [&str; 4] = [
    "1 writes to the eventfd",
    "2 writes to the eventfd",
    "3 writes to the eventfd",
    "4 writes to the eventfd",
];

/// The threads of the way in, and the worker; `body` is the worker's thread.
fn run(durability: Durability, syncs_max: Option<u64>, body: fn(Worker)) -> (MemoryDisk, Reader) {
    let (disk, log) = opened(durability);
    let (bell, reader) = (Doorbell::open().unwrap(), log.reader.clone());
    let parts = (log.writer, log.syncer, log.reader);
    let snapshot = Snapshot::read(Arc::new(disk.clone()), 8);
    let Ingest { publisher, mut answers, writer, sync, .. } =
        crate::ingest::open(parts, durability, vec![bell.clone()], snapshot);
    if let Some(count) = syncs_max {
        disk.fail_syncs_after(count);
    }
    let worker = Worker { publisher, answers: answers.remove(0), bell, reader: reader.clone(), durability };
    let threads: [JoinHandle<()>; 3] =
        [spawn(move || body(worker)), spawn(move || writer.run()), spawn(move || sync.run())];
    for thread in threads {
        thread.join().unwrap();
    }
    (disk, reader)
}

fn repeat() {
    let (_, reader) = run(Durability::Commit, None, |worker| {
        let outcomes = worker.publish(&["a", "a"], usize::MAX);
        assert_eq!(outcomes[&0], Ok((EventId(1), false)));
        assert_eq!(outcomes[&1], Ok((EventId(1), true)));
    });
    assert_eq!(reader.durable(), EventId(1));
}

fn failing() {
    let (disk, reader) = run(Durability::Commit, Some(0), |worker| {
        let outcomes = worker.publish(&["a", "a"], usize::MAX);
        assert_eq!(outcomes[&0], Err(PublishError::CommitUnknown));
        match &outcomes[&1] {
            Err(PublishError::CommitUnknown) => saw("the repeat: unknown"),
            Err(PublishError::Unavailable { .. }) => saw("the repeat: refused"),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(reader.durable(), EventId::ZERO);
    drop(disk);
}

fn interval() {
    let (_, reader) = run(Durability::Interval { ms: 5 }, None, |worker| {
        let outcomes = worker.publish(&["a", "b"], usize::MAX);
        assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
    });
    assert_eq!(reader.durable(), EventId(2));
}

fn one_answer_for_each_ring() {
    run(Durability::Commit, None, |worker| drop(worker.publish(&["a", "a"], 1)));
}

#[test]
fn a_repeat_waits_for_the_commit_of_what_it_repeats() {
    check(2, &WRITES[..2], repeat);
}

#[test]
fn a_failed_flush_answers_everyone() {
    check(2, &[WRITES[0], WRITES[1], "the repeat: refused", "the repeat: unknown"], failing);
}

#[test]
fn written_events_are_answered_before_they_are_durable() {
    check(2, &WRITES, interval);
}

#[test]
fn a_worker_that_leaves_answers_lying_is_caught() {
    fails(2, "deadlock", one_answer_for_each_ring);
}
