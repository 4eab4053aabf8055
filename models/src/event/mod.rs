//! Events as the log and the way in know them, from the server's files; reading JSON is left out.
//!
//! The export list.

#[path = "../../../src/event/id.rs"]
mod id;
#[path = "../../../src/event/kind.rs"]
mod kind;
#[path = "../../../src/event/new_event.rs"]
mod new_event;

pub(crate) use id::EventId;
pub(crate) use kind::EventType;
pub(crate) use new_event::{Identity, NewEvent};
