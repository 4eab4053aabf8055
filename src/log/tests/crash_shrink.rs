//! Makes a failing case small: proptest does the search, this says what is smaller.
//!
//! Cases come from seeds and not from proptest's own generators, which cost more than the runs; a failing one
//! is handed over as a value tree.

use std::fmt::Debug;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::log::tests::crash_sweep::asked;

/// What is enough as a rule; `TAILWIRE_SHRINK_MS` says otherwise.
const SHRINK_MS: u64 = 10_000;

/// A value that can be taken apart.
pub(crate) trait Shrinkable: Clone + Debug + PartialEq {
    /// Simpler values, the much simpler ones first.
    fn simpler(&self) -> Vec<Self>;
}

/// A failing value, and what is tried next.
pub(crate) struct Shrinking<T> {
    failing: T,
    tried: T,
    ahead: Vec<T>,
    at: usize,
    /// Candidates since the last one that failed as well.
    in_vain: usize,
}

impl<T: Shrinkable> Shrinking<T> {
    pub(crate) fn new(failing: T) -> Self {
        Self { ahead: failing.simpler(), tried: failing.clone(), failing, at: 0, in_vain: 0 }
    }

    fn next(&mut self) -> bool {
        if self.in_vain >= self.ahead.len() {
            self.tried = self.failing.clone();
            return false;
        }
        // Goes on where it was: what came before was tried on nearly the same value.
        self.tried = self.ahead[self.at % self.ahead.len()].clone();
        self.at += 1;
        self.in_vain += 1;
        true
    }
}

impl<T: Shrinkable> ValueTree for Shrinking<T> {
    type Value = T;

    fn current(&self) -> T {
        self.tried.clone()
    }

    /// The value that was tried fails as well: on from there.
    fn simplify(&mut self) -> bool {
        if self.tried != self.failing {
            self.failing = self.tried.clone();
            self.ahead = self.failing.simpler();
            self.at = self.at.saturating_sub(1);
            self.in_vain = 0;
        }
        self.next()
    }

    /// It does not: something else.
    fn complicate(&mut self) -> bool {
        self.next()
    }
}

/// Cases made from seeds, for `proptest!`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromSeed<T>(pub(crate) fn(u64) -> T);

impl<T: Shrinkable> Strategy for FromSeed<T> {
    type Tree = Shrinking<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::prelude::any::<u64>().new_tree(runner)?.current() >> 8;
        Ok(Shrinking::new(self.0(seed)))
    }
}

/// The smallest case found that fails, and how.
pub(crate) fn shrink<T: Shrinkable>(failing: T, run: impl Fn(&T) -> Result<(), String>) -> (T, String) {
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: u32::MAX - 1,
        max_shrink_time: asked("TAILWIRE_SHRINK_MS").unwrap_or(SHRINK_MS) as u32,
        ..Config::default()
    };
    let judge = |case: T| run(&case).map_err(TestCaseError::fail);
    match TestRunner::new(config).run_one(Shrinking::new(failing.clone()), judge) {
        Err(TestError::Fail(why, smallest)) => (smallest, why.message().to_owned()),
        _ => (failing, "it does not fail a second time: the run is not a function of the seed".to_owned()),
    }
}
