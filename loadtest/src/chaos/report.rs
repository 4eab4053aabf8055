//! What the run prints: its seed, its counts, and the first of each kind of violation.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::ledger::{Ledger, Record};
use super::lives::Moment;
use super::power::PowerError;
use super::run::RunError;
use super::server::Recipe;
use super::violation::Violation;

/// Violations of each kind that are printed.
const EACH_KIND_PRINTED: usize = 5;

/// A finished run.
pub(super) struct Summary {
    pub(super) seed: u64,
    /// What was done to the server.
    pub(super) what: &'static str,
    pub(super) ledger: Ledger,
    pub(super) records: Vec<Record>,
    pub(super) violations: Vec<Violation>,
    pub(super) complete: bool,
    /// Where the data directory and the server's log were kept.
    pub(super) kept: Option<PathBuf>,
    pub(super) took: Duration,
}

pub(super) fn begin(seed: u64, recipe: &Recipe) {
    say(&format!("chaos: seed {seed}, {} on {}", recipe.binary.display(), recipe.address));
}

pub(super) fn fail(error: &RunError) {
    let _unwritable = writeln!(io::stderr().lock(), "chaos: {error}");
}

/// Not tried is not the same as well: it must be seen.
pub(super) fn skip(why: &PowerError) {
    say(&format!("SKIPPED: real power cuts: {why}"));
}

/// Prints the summary and says how the command ends.
pub(super) fn print(summary: &Summary) -> ExitCode {
    let deliveries: usize = summary.records.iter().map(|record| record.deliveries.len()).sum();
    let connections: u64 = summary.records.iter().map(|record| u64::from(record.connections)).sum();
    let (requests, retries, given_up) = summary.ledger.requests();
    say(&format!("chaos: {}: {}", summary.what, moments(&summary.ledger.ends())));
    say(&format!(
        "chaos: {} events in {requests} requests ({retries} repeated, {given_up} given up), \
         {} acknowledged, \
         {deliveries} deliveries to {} subscribers over {connections} connections, {:.1} s",
        summary.ledger.events().len(),
        summary.ledger.acks().len(),
        summary.records.len(),
        summary.took.as_secs_f64()
    ));
    if summary.ledger.bus_errors() > 0 {
        say(&format!("chaos: {} servers died of SIGBUS on a dead disk", summary.ledger.bus_errors()));
    }
    if !summary.complete {
        say("chaos: the run was cut short, so nothing is said about missing events");
    }
    if summary.violations.is_empty() {
        say("chaos: every event reached everyone it is for exactly once, in order");
        return ExitCode::SUCCESS;
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in &summary.violations {
        let count = kinds.entry(violation.name()).or_default();
        *count += 1;
        if *count <= EACH_KIND_PRINTED {
            say(&format!("  {violation}"));
        }
    }
    let counts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    say(&format!("chaos: FAILED, {} violations: {}", summary.violations.len(), counts.join(", ")));
    if let Some(kept) = &summary.kept {
        say(&format!("chaos: kept {}; the same choices again: --seed {}", kept.display(), summary.seed));
    }
    ExitCode::FAILURE
}

/// How often the server ended, and when.
fn moments(ends: &[Moment]) -> String {
    let count = |moment| ends.iter().filter(|end| **end == moment).count();
    let counts = Moment::ALL.map(|moment| (count(moment), moment.name()));
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!("{} in all, {}", ends.len(), counts.join(", "))
}

fn say(line: &str) {
    // A report that nobody can read any more is not worth an error.
    let _unwritable = writeln!(io::stdout().lock(), "{line}");
}
