//! The client commands: publish from a terminal, follow events in it, look into a log directory.
//!
//! The export list. A client like any other: it talks to a server over HTTP by the public contract and shares no
//! state with one.

mod answer;
mod backoff;
mod batch;
mod exit;
mod inspect;
mod notice;
mod publish;
mod sentence;
mod show;
mod tail;
mod terminal;
mod transport;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use inspect::inspect;
pub use publish::publish;
pub use sentence::sentence;
pub use tail::tail;
