//! Tailwire: payment-stream events in over HTTP, kept in an append-only log, tailed onto the wire as Server-Sent
//! Events.
//!
//! Modules stand in ranks; each may use lower ranks only (kept true by `tidy`):
//! 0 `limits`, `clock`, `json`, `sync` · 1 `topic` · 2 `event` · 3 `log`, `http`, `sse`, `auth`, `throttle`,
//! `metrics`, `doorbell` · 4 `ingest` (the way in), `hub` (the way out) · 5 `server` · 6 `config` · 7 `app`, `cli` ·
//! 8 the binary.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doorbell;
pub mod event;
pub mod http;
pub mod hub;
pub mod ingest;
pub mod json;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod server;
pub mod sse;
mod sync;
pub mod throttle;
pub mod topic;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
mod tidy;
