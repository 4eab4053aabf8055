//! Sockets, workers and routes: the only asynchronous code, on one `monoio` runtime for each worker thread.
//!
//! The export list. A worker accepts, parses, answers, and sends what its hub says; events reach the log through
//! `ingest` and come back through the commit point. Nothing here decides what a frame looks like or who an event
//! is for.

mod accept;
mod access;
mod addresses;
mod asking;
mod client_address;
mod coalesce;
mod connection;
mod deliver;
mod drain;
mod expiry;
mod exposition;
mod give_way;
mod history;
mod lines;
mod look;
mod page;
mod pager;
mod params;
mod proxied;
mod publish;
mod quota;
mod request;
mod ring;
mod route;
mod shared;
mod socket;
mod stride;
mod subscribe;
mod sweep;
mod tcp_info;
mod ticket;
mod trim;
mod waiting;
mod worker;

pub use accept::{ListenError, listen};
pub use pager::{Pager, PagerDoor, pager};
#[doc(hidden)]
pub use params::{Asked, Params, Start};
pub use quota::Limits;
pub use ring::{RingError, SendMethod, probe};
pub use shared::{Access, Settings, Shared};
pub use worker::{WorkerError, WorkerParts, run};

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
