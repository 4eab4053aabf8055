//! The workloads, one file each. A workload measures and returns an outcome; only `main` prints. The export
//! list.

pub(crate) mod fanout;
pub(crate) mod filtered;
pub(crate) mod herd_helper;
pub(crate) mod hostile;
pub(crate) mod idle;
pub(crate) mod publish;
pub(crate) mod replay;
pub(crate) mod restart;
pub(crate) mod resume;
pub(crate) mod run_server;
pub(crate) mod saturate;
pub(crate) mod sendloop_server;
pub(crate) mod slow;
pub(crate) mod soak;
pub(crate) mod storm;

mod backlog;
mod compare;
mod measure;
mod outcome;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
mod trend;

pub(crate) use compare::median;
pub(crate) use idle::settled;
pub(crate) use measure::{Accounts, Load, Plan as Stretches, measure, measure_plan};
pub(crate) use outcome::{CommandError, Outcome, progress};
