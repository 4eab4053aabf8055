//! Runs many seeds on all cores until so many crashes are done, and says of a violation how to see it again.
//!
//! `TAILWIRE_CRASHES`: how many; `TAILWIRE_FIRST_SEED`: from where on; `TAILWIRE_SEED`: that one alone. It knows
//! nothing of what a case is.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::log::tests::crash_run::Tally;
use crate::log::tests::crash_shrink::{Shrinkable, shrink};

/// Seeds that a thread takes at once.
const STRIDE: u64 = 64;

/// One kind of simulation.
pub(crate) struct Sweep<T> {
    /// The test that runs it, as cargo names it.
    pub(crate) test: &'static str,
    pub(crate) make: fn(u64) -> T,
    pub(crate) run: fn(&T) -> Result<Tally, String>,
    /// Crashes where the environment asks for no other number: what an ordinary test run can afford.
    pub(crate) crashes: u64,
    /// This many in a thousand of the crashes the environment asks for.
    pub(crate) share: u64,
}

/// The number in a variable of the environment.
pub(crate) fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

impl<T: Shrinkable> Sweep<T> {
    /// What was done. Panics at the first violation, with the smallest case that shows it. `None` where one seed
    /// alone was asked for.
    pub(crate) fn check(&self) -> Option<Tally> {
        if let Some(seed) = asked("TAILWIRE_SEED") {
            self.replay(seed);
            return None;
        }
        let first_seed = asked("TAILWIRE_FIRST_SEED").unwrap_or(0);
        let crashes = asked("TAILWIRE_CRASHES").map_or(self.crashes, |crashes| crashes * self.share / 1000);
        let begun = Instant::now();
        let (total, seeds, violation) = self.sweep(first_seed, crashes, begun);
        let rate = total.cuts as f64 / begun.elapsed().as_secs_f64();
        say(&format!(
            "{}: {} power cuts ({} in recovery), {} kills, {} events, seeds {first_seed}..{seeds}, {rate:.0} cuts/s, \
             {} violations\n",
            self.test,
            total.cuts,
            total.cuts_in_recovery,
            total.kills,
            total.events,
            u8::from(violation.is_some())
        ));
        if let Some((seed, fault)) = violation {
            say(&format!("seed {seed}: {fault}\n"));
            self.replay(seed);
            panic!("seed {seed} failed once and not again: the run is not a function of the seed");
        }
        Some(total)
    }

    fn replay(&self, seed: u64) {
        let case = (self.make)(seed);
        if (self.run)(&case).is_ok() {
            return say(&format!("{}: no violation with seed {seed}\n", self.test));
        }
        let (smallest, fault) = shrink(case, |case| (self.run)(case).map(drop));
        panic!(
            "{fault}\nthe smallest case: {smallest:#?}\n\
             seed {seed}; replay: TAILWIRE_SEED={seed} cargo test --lib {}",
            self.test
        );
    }

    fn sweep(&self, first_seed: u64, crashes: u64, begun: Instant) -> (Tally, u64, Option<(u64, String)>) {
        let progress = Progress { next: AtomicU64::new(first_seed), ..Progress::default() };
        let total = Mutex::new(Tally::default());
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for number in 0..threads {
                let (progress, total) = (&progress, &total);
                scope.spawn(move || {
                    let mut own = Tally::default();
                    while !progress.ended.load(Ordering::Relaxed) {
                        self.stride(progress, crashes, &mut own);
                        if number == 0 {
                            show(self.test, progress.done.load(Ordering::Relaxed), crashes, begun);
                        }
                    }
                    total.lock().unwrap().add(own);
                });
            }
        });
        let violation = progress.violation.into_inner().unwrap();
        (total.into_inner().unwrap(), progress.next.into_inner(), violation)
    }

    /// Runs the next seeds.
    fn stride(&self, progress: &Progress, crashes: u64, own: &mut Tally) {
        let first = progress.next.fetch_add(STRIDE, Ordering::Relaxed);
        for seed in first..first + STRIDE {
            match (self.run)(&(self.make)(seed)) {
                Ok(tally) => {
                    own.add(tally);
                    if progress.done.fetch_add(tally.cuts, Ordering::Relaxed) + tally.cuts >= crashes {
                        progress.ended.store(true, Ordering::Relaxed);
                    }
                }
                Err(fault) => {
                    progress.ended.store(true, Ordering::Relaxed);
                    let mut violation = progress.violation.lock().unwrap();
                    if violation.as_ref().is_none_or(|(other, _)| seed < *other) {
                        *violation = Some((seed, fault));
                    }
                    return;
                }
            }
        }
    }
}

/// What the threads share.
#[derive(Default)]
struct Progress {
    next: AtomicU64,
    done: AtomicU64,
    ended: AtomicBool,
    /// Of the lowest seed that was found to fail.
    violation: Mutex<Option<(u64, String)>>,
}

/// One line that is written over, on a terminal alone.
fn show(test: &str, done: u64, crashes: u64, begun: Instant) {
    if std::io::stderr().is_terminal() {
        let rate = done as f64 / begun.elapsed().as_secs_f64();
        say(&format!("\r{test}: {done} of {crashes} power cuts, {rate:.0}/s \r"));
    }
}

/// Past the test runner, which keeps what passing tests print to itself.
pub(crate) fn say(text: &str) {
    let _closed = std::io::stderr().write_all(text.as_bytes());
}
