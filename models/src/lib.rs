//! The server's own files for what several threads share, compiled over checked locks and atomics: `tests` runs them
//! in every order of their threads that the bounds allow, and lets every load see every value that it may.
//!
//! The export list. `log`, `doorbell`, `ingest`, `event`, `sse` and `limits` name files of the server by their path;
//! the rest stands in for what those files use. There is nothing to run here but tests.
#![cfg(test)]
#![allow(
    dead_code,
    unused_imports,
    reason = "the server's files are compiled whole, and the models use parts of them"
)]

// What the server's files import by these names is found below.
extern crate self as arc_swap;
extern crate self as crossbeam;

pub mod channel;
mod clock;
mod doorbell;
mod event;
mod ingest;
#[path = "../../src/limits.rs"]
mod limits;
mod log;
mod memory;
pub mod queue;
mod sse;
mod sync;
mod tests;
mod topic;

pub use sync::ArcSwap;
