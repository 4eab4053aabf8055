//! Why a body holds no publishable events: what is wrong, where, and what to send instead.
//!
//! The sentences here are read by publishers. This file decides no HTTP status; it only keeps "too many
//! events" apart from the rest, because that one has a status of its own.

use crate::limits;

/// Why a body holds no publishable events. Nothing of the body is published then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The whole body, or the one event of a batch that `index` counts from 0, is not JSON as we take it.
    #[error("{}{fault}", prefix(*index))]
    Json { index: Option<usize>, fault: JsonFault },
    /// Fields of one event are missing or wrong; one fault at least, `limits::FAULTS_MAX` at most.
    #[error("{}", summary(faults))]
    Fields { index: Option<usize>, faults: Vec<Fault> },
    /// More than `limits::BATCH_EVENTS_MAX` events.
    #[error("a batch holds at most {max} events: send the rest in another")]
    TooMany { max: usize },
}

/// One field at fault. `path` is like `data.sender`, or `[3].data.amount` in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub path: String,
    pub message: String,
}

/// Why a text is not JSON as we take it. Offsets are bytes from the start of the body, or of the event where
/// it is one of a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    #[error("the body is empty: send an event as a JSON object")]
    Empty,
    #[error("the batch holds no events: send at least one")]
    NoEvents,
    #[error("the body starts with a byte order mark: send UTF-8 without one")]
    ByteOrderMark,
    #[error("not UTF-8 at byte {offset}: send the body in UTF-8")]
    Utf8 { offset: usize },
    #[error("not JSON: unexpected text at byte {offset}")]
    Syntax { offset: usize },
    #[error("not JSON: a string or a bracket is not closed")]
    Unclosed,
    #[error("not JSON: there is more text after its end, at byte {offset}")]
    Trailing { offset: usize },
    #[error("not JSON: a bare control character in a string at byte {offset}; write it as an escape")]
    Control { offset: usize },
    #[error(
        "half a surrogate pair at byte {offset}: write both halves as \\u escapes, or the character itself"
    )]
    Surrogate { offset: usize },
    #[error("an integer outside i64 and u64 at byte {offset}: send it as a string")]
    Integer { offset: usize },
    #[error("a number too large for a double at byte {offset}: send it as a string")]
    Float { offset: usize },
    #[error("nested deeper than {max} levels")]
    Depth { max: usize },
    #[error("the member {name:?} stands twice in one object: send it once")]
    Duplicate { name: String },
    #[error("the member name {name:?} holds a control character")]
    Name { name: String },
    #[error("an event is a JSON object, not {found}")]
    NotAnObject { found: &'static str },
}

/// Collects the faults of one event.
#[derive(Debug)]
pub(super) struct Faults {
    index: Option<usize>,
    list: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(index: Option<usize>) -> Self {
        Self { index, list: Vec::new() }
    }

    pub(super) fn add(&mut self, parent: &str, name: &str, message: impl Into<String>) {
        if self.list.len() < limits::FAULTS_MAX {
            let index = self.index.map(|index| format!("[{index}].")).unwrap_or_default();
            let path = format!("{index}{parent}{}", clip(name));
            self.list.push(Fault { path, message: message.into() });
        }
    }

    /// The event, when nothing was found wrong with it.
    pub(super) fn into_result<T>(self, event: Option<T>) -> Result<T, EventError> {
        match event {
            Some(event) if self.list.is_empty() => Ok(event),
            _ => Err(EventError::Fields { index: self.index, faults: self.list }),
        }
    }
}

/// The start of a name that a publisher chose, short enough to stand in an answer.
pub(super) fn clip(name: &str) -> String {
    const CHARACTERS_MAX: usize = 64;
    match name.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn prefix(index: Option<usize>) -> String {
    index.map(|index| format!("event [{index}]: ")).unwrap_or_default()
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "a field is at fault".to_owned(),
        [Fault { path, message }] => format!("{path}: {message}"),
        [Fault { path, message }, more @ ..] => format!("{path}: {message} (and {} more)", more.len()),
    }
}
