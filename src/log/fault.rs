//! What is wrong at one place of a log directory, for people and for programs. It decides nothing.

use std::fmt;
use std::io;

use crate::event::EventId;

/// One place that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Relative to the log's directory.
    pub file: String,
    pub kind: FaultKind,
    /// The event it is about, or the first of several.
    pub event: Option<EventId>,
    /// Where in the file.
    pub offset: Option<u64>,
    pub expected: String,
    pub found: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    Meta,
    Checkpoint,
    /// The first 4 KiB of a segment.
    Header,
    /// The seal, or the CRCs of the blocks behind it.
    Seal,
    /// 64 KiB of frames that are not what was sealed.
    Block,
    /// All entries together are not what was sealed.
    Index,
    Entry,
    Frame,
    /// Segments are missing, or do not follow each other.
    Chain,
    /// A damaged file that an earlier repair has put aside.
    Aside,
    /// The disk gave an error.
    Unreadable,
}

impl FaultKind {
    /// As JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Checkpoint => "checkpoint",
            Self::Header => "header",
            Self::Seal => "seal",
            Self::Block => "block",
            Self::Index => "index",
            Self::Entry => "entry",
            Self::Frame => "frame",
            Self::Chain => "chain",
            Self::Aside => "aside",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Fault {
    pub(in crate::log) fn new(file: &str, kind: FaultKind, expected: &str, found: impl fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            kind,
            event: None,
            offset: None,
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    pub(in crate::log) fn at(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }

    pub(in crate::log) fn of(self, event: EventId) -> Self {
        Self { event: Some(event), ..self }
    }

    pub(in crate::log) fn unreadable(file: &str, offset: u64, error: &io::Error) -> Self {
        Self::new(file, FaultKind::Unreadable, "bytes", error).at(offset)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.file, self.kind.name())?;
        if let Some(event) = self.event {
            write!(out, " of event {event}")?;
        }
        if let Some(offset) = self.offset {
            write!(out, " at byte {offset}")?;
        }
        write!(out, ": expected {}, found {}", self.expected, self.found)
    }
}
