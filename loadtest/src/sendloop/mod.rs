//! The baseline: what fanning out costs when a program does nothing else. One thread, one epoll set; each
//! event that is published is framed once and sent to every subscriber by a loop of `send(2)`. The export
//! list.

mod connection;
mod server;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub(crate) use server::{SendLoop, SendLoopError};
