//! The client commands: publish from a terminal, follow events in it, look into a log directory, make
//! and look at tokens.
//!
//! The export list. A client like any other: it talks to a server over HTTP by the public contract and shares no
//! state with one.

mod answer;
mod backoff;
mod batch;
mod exit;
mod inspect;
mod log_dump;
mod log_export;
mod log_frame;
mod log_place;
mod log_repair;
mod log_verify;
mod log_words;
mod notice;
mod publish;
mod sentence;
mod show;
mod tail;
mod terminal;
mod token;
mod token_place;
mod transport;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use log_place::log;
pub use publish::publish;
pub use sentence::sentence;
pub use tail::tail;
pub use token::token;
