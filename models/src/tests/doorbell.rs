//! The doorbell: no ring is lost, and the eventfd is written once for each answer at the most.
//!
//! The worker sleeps when it has found nothing more to do, so a lost ring is a worker that sleeps for ever: the checker
//! calls it a deadlock. What it looks for is stored `Relaxed`: the bell alone brings it to the worker.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread::spawn;

use crate::doorbell::Doorbell;
use crate::sync::Fault;
use crate::tests::rig::{catches, check, fails, saw};

/// Two threads that ring, as the writer and the sync thread do, each for its own work; and the worker.
fn rings(worker: fn(&Doorbell, &dyn Fn() -> u64) -> u64) {
    let bell = Doorbell::open().unwrap();
    let work: [Arc<AtomicU64>; 2] = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
    let ringing = [2, 1].into_iter().zip(work.clone()).map(|(rings, work)| {
        let bell = bell.clone();
        spawn(move || {
            for done in 1..=rings {
                work.store(done, Ordering::Relaxed);
                bell.ring();
            }
        })
    });
    let ringing: Vec<_> = ringing.collect();
    let turns = worker(&bell, &|| work.iter().map(|work| work.load(Ordering::Relaxed)).sum());
    for thread in ringing {
        thread.join().unwrap();
    }
    let raises = bell.eventfd().raises();
    // The worker ends here when all is done, and the last ring may come after that.
    assert!(raises <= turns + 1, "{raises} writes for {turns} turns");
    saw(format!("{raises} writes"));
}

/// `server::deliver`'s loop: answers first, then looks until nothing is left.
fn worker(bell: &Doorbell, done: &dyn Fn() -> u64) -> u64 {
    let mut turns = 0;
    loop {
        bell.eventfd().wait();
        bell.answer();
        turns += 1;
        if done() == 3 {
            return turns;
        }
    }
}

/// A turn without a ring, as a runtime may give one.
fn woken_for_nothing(bell: &Doorbell, done: &dyn Fn() -> u64) -> u64 {
    bell.answer();
    if done() == 3 { 1 } else { worker(bell, done) + 1 }
}

fn answers_after_looking(bell: &Doorbell, done: &dyn Fn() -> u64) -> u64 {
    let mut turns = 0;
    loop {
        bell.eventfd().wait();
        let seen = done();
        bell.answer();
        turns += 1;
        if seen == 3 {
            return turns;
        }
    }
}

#[test]
fn no_ring_is_lost() {
    check(3, &["1 writes", "2 writes", "3 writes"], || rings(worker));
}

#[test]
fn a_turn_for_nothing_loses_no_ring() {
    check(3, &["1 writes", "2 writes", "3 writes"], || rings(woken_for_nothing));
}

#[test]
fn a_bell_that_orders_nothing_is_caught() {
    catches(Fault::Relaxed("doorbell/bell.rs"), 3, "deadlock", || rings(worker));
}

#[test]
fn a_worker_that_answers_after_it_has_looked_is_caught() {
    fails(3, "deadlock", || rings(answers_after_looking));
}
