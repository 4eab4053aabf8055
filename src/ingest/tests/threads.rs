//! The whole way in on its threads: two workers publish the same keys at the same time. Setup: a real log;
//! each worker keeps some submissions in flight and waits at its doorbell. Every submission gets one answer,
//! every key is stored once, and an answered event is durable.

use std::collections::HashMap;

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::doorbell::Doorbell;
use crate::event::EventId;
use crate::ingest::tests::rig::{Rig, dir};
use crate::ingest::tests::support::withdrawn;
use crate::ingest::{Answers, Ingest, Publisher, Submission, Ticket};
use crate::log::{Durability, Reader};

const SUBMISSIONS: u64 = 2000;
const IN_FLIGHT: u64 = 32;

struct Worker {
    number: usize,
    publisher: Publisher,
    answers: Answers,
    bell: Doorbell,
    reader: Reader,
    durability: Durability,
}

impl Worker {
    /// Publishes `SUBMISSIONS` keys and returns the id answered for each, and how many of them were new.
    fn run(self) -> (HashMap<u64, EventId>, usize) {
        let (mut submitted, mut ids, mut stored) = (0, HashMap::new(), 0);
        while (ids.len() as u64) < SUBMISSIONS {
            while submitted < SUBMISSIONS && submitted - (ids.len() as u64) < IN_FLIGHT {
                let events = vec![withdrawn("7").key(&submitted.to_string())];
                let ticket = Ticket { worker: self.number, token: submitted };
                self.publisher.submit(Submission { ticket, events }).unwrap();
                submitted += 1;
            }
            self.wait();
            while let Some(answer) = self.answers.try_next() {
                let published = answer.outcome.unwrap()[0];
                let promised = if self.durability == Durability::Commit {
                    self.reader.durable()
                } else {
                    self.reader.written()
                };
                assert!(published.id <= promised, "{published:?} was answered too early");
                stored += usize::from(!published.duplicate);
                assert_eq!(ids.insert(answer.ticket.token, published.id), None, "answered twice");
            }
        }
        (ids, stored)
    }

    fn wait(&self) {
        let fd = self.bell.eventfd();
        let deadline = Timespec { tv_sec: 20, tv_nsec: 0 };
        let ready = rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&deadline)).unwrap();
        assert!(ready > 0, "nobody rang");
        self.bell.answer();
    }
}

fn check(durability: Durability) {
    let dir = dir();
    let Rig { ingest, reader, bells, preparer, .. } = Rig::open(dir.path(), durability);
    let Ingest { publisher, answers, writer, sync, snapshotter, .. } = ingest;
    drop(snapshotter);
    let writer = std::thread::spawn(move || writer.run());
    let sync = std::thread::spawn(move || sync.run());
    let workers = answers.into_iter().zip(&bells).enumerate().map(|(number, (answers, bell))| {
        let (publisher, bell, reader) = (publisher.clone(), bell.clone(), reader.clone());
        let worker = Worker { number, publisher, answers, bell, reader, durability };
        std::thread::spawn(move || worker.run())
    });
    let workers: Vec<_> = workers.collect();
    drop(publisher);
    let results: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    writer.join().unwrap();
    sync.join().unwrap();
    assert_eq!(results[0].0, results[1].0, "both workers got the same id for a key");
    assert_eq!(results[0].1 + results[1].1, SUBMISSIONS as usize, "each key was new once");
    let last = EventId(SUBMISSIONS);
    assert_eq!((reader.visible(), reader.durable()), (last, last), "and nothing else was stored");
    drop(reader);
    preparer.join().unwrap();
    let again = Rig::open(dir.path(), durability);
    assert!(again.recovered.clean, "{:?}", again.recovered);
    again.stop();
}

#[test]
fn concurrent_publishers_of_the_same_keys_store_each_once() {
    check(Durability::Commit);
    check(Durability::Interval { ms: 5 });
    // The end does not wait for the interval.
    check(Durability::Interval { ms: 3_600_000 });
    check(Durability::None);
}

#[test]
fn an_idle_log_notes_its_commit_point() {
    let dir = dir();
    let Rig { ingest, bells, preparer, .. } = Rig::open(dir.path(), Durability::Commit);
    let Ingest { publisher, answers, writer, sync, snapshotter, .. } = ingest;
    drop(snapshotter);
    let writer = std::thread::spawn(move || writer.run());
    let sync = std::thread::spawn(move || sync.run());
    let ticket = Ticket { worker: 0, token: 1 };
    publisher.submit(Submission { ticket, events: vec![withdrawn("7")] }).unwrap();
    let disk = crate::log::RealDisk::open_existing(dir.path()).unwrap();
    let noted = || crate::log::inspect(&disk).unwrap().checkpoint.map(|checkpoint| checkpoint.durable);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while noted() != Some(EventId(1)) {
        assert!(std::time::Instant::now() < deadline, "{:?} is noted", noted());
        std::thread::yield_now();
    }
    drop((publisher, answers, bells));
    writer.join().unwrap();
    sync.join().unwrap();
    preparer.join().unwrap();
}
