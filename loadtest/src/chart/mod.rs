//! Charts of a finished run, drawn from its JSON: latency by percentile, and memory over time where there is
//! any. What is drawn is what is recorded, and a workload that records a distribution has its chart. The
//! export list.

mod find;
mod panel;
mod svg;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub(crate) use svg::draw;
