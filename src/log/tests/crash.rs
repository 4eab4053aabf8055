//! Simulated crashes: power cuts at any call to the disk, with any mix of old and new sectors and names, kills,
//! failed and torn calls, cuts inside recovery.
//!
//! After each the log is opened again and must hold every event that was acknowledged, nothing that was not
//! written, dense and byte for byte, and a recovery that is cut off must come to the same when it is done again.
//! The last tests let the disk lie: the simulator must notice, or it would notice nothing.

use std::sync::Arc;

use proptest::prelude::ProptestConfig;
use proptest::{prop_assert_eq, proptest};

use crate::event::EventId;
use crate::log::tests::crash_case::{Case, LYING_SEEDS};
use crate::log::tests::crash_run::run;
use crate::log::tests::crash_shrink::{FromSeed, shrink};
use crate::log::tests::crash_sweep::Sweep;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, frame, options};
use crate::log::{Durability, LogOptions};

#[test]
fn nothing_acknowledged_is_lost_and_nothing_else_appears() {
    let test = "log::tests::crash::nothing_acknowledged";
    let _done = Sweep { test, make: Case::from_seed, run, crashes: 10_000, share: 1000 }.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_case_holds(case in FromSeed(Case::from_seed)) {
        prop_assert_eq!(run(&case).map(drop), Ok(()));
    }
}

/// The seeds of the first cases in which a sync lies and it is noticed.
fn noticed_lies(cases: u64) -> Vec<u64> {
    (LYING_SEEDS..LYING_SEEDS + cases).filter(|&seed| run(&Case::from_seed(seed)).is_err()).collect()
}

#[test]
fn a_disk_that_lies_is_noticed() {
    let noticed = noticed_lies(60).len();
    assert!(noticed > 20, "only {noticed} of 60 cases with lying syncs were noticed");
}

#[test]
fn a_failing_case_shrinks_to_what_matters() {
    let seed = noticed_lies(30)[0];
    let (smallest, fault) = shrink(Case::from_seed(seed), |case| run(case).map(drop));
    assert_eq!(run(&smallest), Err(fault), "{smallest:#?}");
    let ops: usize = smallest.lives.iter().map(|life| life.ops.len()).sum();
    assert!(smallest.lives.len() <= 3 && ops <= 8, "{smallest:#?}");
}

#[test]
fn a_killed_server_and_a_power_cut_in_the_recovery_lose_nothing() {
    // The server is killed at each call of a roll's first sync, the recovery after it is cut off at each of
    // its calls.
    for durability in [Durability::Commit, Durability::Interval { ms: 5 }] {
        for (killed_at, cut_at, seed) in
            (0..9).flat_map(|k| (0..30).flat_map(move |c| (0..6).map(move |s| (k, c, s))))
        {
            check_killed_and_cut(durability, killed_at, cut_at, seed);
        }
    }
}

fn check_killed_and_cut(durability: Durability, killed_at: u64, cut_at: u64, seed: u64) {
    let disk = SimDisk::new(seed);
    let options = LogOptions { durability, ..options() };
    let mut log = Log::open_with(Arc::new(disk.clone()), options.clone()).unwrap();
    while log.reader.view().segments().len() == 1 {
        log.append(4, NOW_MS).unwrap();
        if log.writer.next_id() <= EventId(21) {
            log.syncer.sync().unwrap();
        }
    }
    disk.set_faults(Faults { crash_after: Some(killed_at), ..Faults::default() });
    let _killed = log.syncer.sync();
    let durable = log.reader.durable();
    assert!(durable >= EventId(20), "there is something to lose");
    drop(log);
    disk.set_faults(Faults { crash_after: Some(cut_at), ..Faults::default() });
    let _cut = Log::open_with(Arc::new(disk.clone()), options.clone());
    let place = format!("{durability:?}, killed at {killed_at}, cut at {cut_at}, seed {seed}");
    match Log::open_with(Arc::new(disk.crash(seed)), options) {
        Err(error) => panic!("{place}: {error}"),
        // A new epoch's commit point is past every old id: look at the events themselves.
        Ok(log) => (1..=durable.0).map(EventId).for_each(|id| {
            let view = log.reader.view();
            let segment = view.segment(id).filter(|segment| segment.last(id) == id);
            assert!(
                segment.is_some_and(|segment| segment.frame(id) == frame(id, 0)),
                "{place}: {id} is gone"
            );
        }),
    }
}

#[test]
fn a_log_that_is_being_made_may_be_killed_and_then_lose_its_power() {
    for (killed_at, cut_at, seed) in
        (0..24).flat_map(|k| (0..24).flat_map(move |c| (0..8).map(move |s| (k, c, s))))
    {
        let disk = SimDisk::new(seed);
        for calls in [killed_at, cut_at] {
            disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
            let _cut = Log::open_with(Arc::new(disk.clone()), options());
        }
        if let Err(error) = Log::open_with(Arc::new(disk.crash(seed)), options()) {
            panic!("killed at {killed_at}, cut at {cut_at}, seed {seed}: {error}");
        }
    }
}
