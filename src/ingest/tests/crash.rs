//! Publishers through simulated crashes: who was told that an event is stored finds it stored once, under that
//! id, and the same event is answered the same after every start.
//!
//! The log alone is in `log::tests::crash`; here the whole way in stands on the simulated disk.

use proptest::prelude::ProptestConfig;
use proptest::{prop_assert_eq, proptest};

use crate::ingest::tests::crash_case::Case;
use crate::ingest::tests::crash_run::run;
use crate::log::tests::crash_shrink::FromSeed;
use crate::log::tests::crash_sweep::{Sweep, say};

#[test]
fn answers_hold_through_crashes() {
    let test = "ingest::tests::crash::answers_hold";
    let done = Sweep { test, make: Case::from_seed, run, crashes: 3000, share: 100 }.check();
    let Some(done) = done.filter(|done| done.cuts > 100) else { return };
    let (taken, used, sidecars) = (done.snapshots, done.snapshots_used, done.sidecars);
    say(&format!("{test}: {taken} snapshots, {used} starts from one, {sidecars} sidecars\n"));
    // Or the crashes would say nothing of them.
    assert!(taken.min(used).min(sidecars) > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_case_holds(case in FromSeed(Case::from_seed)) {
        prop_assert_eq!(run(&case).map(drop), Ok(()));
    }
}
