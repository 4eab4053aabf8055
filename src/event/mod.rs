//! Events: their ids, their types, and how a publisher's JSON becomes one.
//!
//! The export list. This module knows no log, no wire framing and no HTTP; it does not decide who an event is
//! for (`ingest` does, from what an event says of its parties).

mod data;
mod elements;
mod envelope;
mod fault;
mod fields;
mod id;
mod json;
mod kind;
mod lexis;
mod members;
mod new_event;
mod parse;
mod quick;
mod readings;
mod strkey;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
mod walk;

pub use data::PENDING_PREFIX;
pub use fault::{EventError, Fault, JsonFault};
pub use fields::Rules;
pub use id::EventId;
pub use kind::EventType;
pub use members::members;
pub use new_event::{Identity, NewEvent};
pub use parse::{Events, parse_action, parse_json, parse_ndjson, parse_new_stream};
#[doc(hidden)]
pub use readings::readings;
