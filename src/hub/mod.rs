//! The way out, one hub for each worker: who is subscribed to what, where each stands in the log, and which bytes each
//! gets next.
//!
//! The export list. The hub reads the log and says what to send; it does no input or output, knows no socket (`K` is
//! whatever the server holds a subscriber by), reads no clock, and is neither `Send` nor locked.

mod advance;
mod complete;
mod control;
mod dispatch;
mod fill;
mod filter;
mod filters;
mod index;
mod matches;
mod pages;
mod piece;
mod places;
mod queue;
mod schedule;
mod slots;
mod table;
mod tick;
mod trim;

pub use control::Control;
pub use fill::Filled;
pub use filter::{Filter, TypeSet};
pub use pages::{Memory, Need, Supply};
pub use piece::{Bytes, Job};
pub use schedule::{Hub, HubCounts, Outcome, Sent};
pub use slots::{Subscriber, SubscriberId};
pub use tick::Health;
pub(crate) use trim::is_roomy;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
