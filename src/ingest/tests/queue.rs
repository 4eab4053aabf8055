//! The bounds of the queues: what is over a bound is refused at once and can be submitted again later. Setup:
//! a publisher and its queue without a writer thread.

use crate::doorbell::Doorbell;
use crate::ingest::answer::Desk;
use crate::ingest::publisher::Queue;
use crate::ingest::tests::support::withdrawn;
use crate::ingest::{Answers, Publisher, Submission, SubmitError, Ticket};
use crate::limits;

fn open(workers: usize) -> (Publisher, Queue, Desk, Vec<Answers>) {
    let bells = (0..workers).map(|_| Doorbell::open().unwrap()).collect();
    let (desk, answers) = Desk::new(bells);
    let (publisher, queue) = Publisher::new(desk.clone());
    (publisher, queue, desk, answers)
}

fn submission(worker: usize, token: usize, data_bytes: usize) -> Submission {
    let ticket = Ticket { worker, token: token as u64 };
    Submission { ticket, events: vec![withdrawn("7").data(&"x".repeat(data_bytes))] }
}

/// Submits until refused; returns how many were taken.
fn fill(publisher: &Publisher, worker: usize, data_bytes: usize) -> usize {
    let taken = |token: &usize| publisher.submit(submission(worker, *token, data_bytes)).is_ok();
    let count = (0..100_000).take_while(taken).count();
    assert_eq!(publisher.submit(submission(worker, 0, data_bytes)), Err(SubmitError::Full));
    count
}

#[test]
fn the_queue_is_bounded_by_submissions() {
    let (publisher, queue, ..) = open(1);
    assert_eq!(fill(&publisher, 0, 10), limits::INGEST_QUEUE_MAX);
    assert_eq!(queue.next().unwrap().ticket.token, 0);
    assert_eq!(fill(&publisher, 0, 10), 1, "one place became free");
    for token in 0..limits::WORKER_IN_FLIGHT_MAX {
        assert_eq!(publisher.submit(submission(0, token, 10)), Err(SubmitError::Full));
    }
    while queue.try_next().is_some() {}
    assert_eq!(fill(&publisher, 0, 10), limits::INGEST_QUEUE_MAX, "the refused hold no place for an answer");
}

#[test]
fn the_queue_is_bounded_by_bytes() {
    let (publisher, queue, ..) = open(1);
    let megabyte = 1024 * 1024;
    assert_eq!(fill(&publisher, 0, megabyte), limits::INGEST_QUEUE_BYTES_MAX / megabyte - 1);
    assert!(publisher.submit(submission(0, 0, 10)).is_ok(), "something small still fits");
    while queue.try_next().is_some() {}
    assert_eq!(fill(&publisher, 0, megabyte), limits::INGEST_QUEUE_BYTES_MAX / megabyte - 1);
}

#[test]
fn a_worker_that_takes_no_answers_is_refused_alone() {
    let (publisher, queue, mut desk, answers) = open(2);
    let mut taken = 0;
    while publisher.submit(submission(0, taken, 10)).is_ok() {
        taken += 1;
        desk.answer(queue.next().unwrap().ticket, Ok(Vec::new()));
    }
    assert_eq!(taken, limits::WORKER_IN_FLIGHT_MAX, "answers that nobody fetched count");
    assert!(publisher.submit(submission(1, 0, 10)).is_ok());
    assert!(answers[1].try_next().is_none());
    assert_eq!(answers[0].try_next().unwrap().ticket.token, 0, "in the order of answering");
    assert!(publisher.submit(submission(0, 0, 10)).is_ok());
    assert_eq!(publisher.submit(submission(0, 0, 10)), Err(SubmitError::Full));
}

#[test]
fn without_a_writer_everything_is_refused_and_without_publishers_the_writer_ends() {
    let (publisher, queue, ..) = open(1);
    publisher.submit(submission(0, 3, 10)).unwrap();
    let clone = publisher.clone();
    drop(publisher);
    drop(clone);
    assert_eq!(queue.next().unwrap().ticket.token, 3, "what was queued is still handed out");
    assert!(queue.next().is_none());

    let (publisher, queue, ..) = open(1);
    drop(queue);
    assert_eq!(publisher.submit(submission(0, 0, 10)), Err(SubmitError::Closed));
}
