//! An event that was read and found good, before it has an id.

use crate::event::EventType;
use crate::topic::{StreamId, User};

/// What tells a repeated event from a new one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    #[default]
    None,
    /// An idempotency key: 1–128 visible ASCII characters.
    Key(String),
    /// A monotone position within a source that can replay.
    Source { source: String, position: u64 },
}

/// A validated event, ready for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub kind: EventType,
    pub stream: StreamId,
    /// One line of canonical JSON: an object, no white space outside strings, no CR or LF.
    pub data: Vec<u8>,
    /// The parties as far as this event names them: from its data, else from `parties` beside it.
    pub sender: Option<User>,
    pub recipient: Option<User>,
    pub identity: Identity,
}
