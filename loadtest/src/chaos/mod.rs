//! The crash harness: a server under load is killed at random moments, and an oracle judges what every
//! subscriber saw.
//!
//! The export list. A SIGKILL leaves the page cache alone, so that proves the order of ack, write and delivery and
//! the recovery, not that the disk was flushed. With `--power-cuts` the file system under the data is cut off instead,
//! and what was not flushed is gone.

mod args;
mod cutting;
mod http;
mod ledger;
mod lives;
mod oracle;
mod power;
mod publisher;
mod random;
mod report;
mod run;
mod server;
mod sse;
mod subscriber;
mod trap;
mod violation;
mod world;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub(crate) use args::Args;
pub(crate) use run::main;
