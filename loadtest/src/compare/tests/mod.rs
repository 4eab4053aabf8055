//! Tests of the comparison's logic on made-up figures: who is skipped, what the table shows and whom it marks,
//! which goals are met. Whole comparisons are run, not unit-tested.

mod goals;
mod options;
mod skipping;
mod table;

use crate::compare::contender::Contender;
use crate::compare::figure::{Figure, Measure};
use crate::compare::results::Results;
use crate::compare::stage::Stage;

/// Results with these values: contender, stage, measure, and a value for each round.
fn results(values: &[(Contender, Stage, Measure, &[f64])]) -> Results {
    let mut results = Results::default();
    for (contender, stage, measure, rounds) in values {
        for (round, value) in (0..).zip(rounds.iter().copied()) {
            results.enter(*contender, Figure::of(*stage, *measure), round, value);
        }
    }
    results
}
