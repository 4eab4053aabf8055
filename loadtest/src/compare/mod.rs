//! `loadtest compare`: Tailwire beside what a user would pick instead, in one run on one pinned CPU. Every
//! stage starts each contender afresh, in turn, round after round, so that whatever drifts on the machine
//! drifts under all of them. The export list.

mod chart;
mod contender;
mod figure;
mod goal;
mod options;
mod plan;
mod report;
mod results;
mod run;
mod stage;
mod table;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
mod workload;

pub(crate) use options::Options;
pub(crate) use run::{CompareError, run};
