//! What the server can do wrong, each with the numbers by which to find it.

/// A broken promise. `Display` is one line of the report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("missing: {subscriber} never got event {id} (event no. {tag}){}", standing(*acked))]
    Missing { subscriber: String, id: u64, tag: u32, acked: bool },
    #[error("repeated: {subscriber} got event {id} on connection {first} and again on connection {again}")]
    Repeated { subscriber: String, id: u64, first: u32, again: u32 },
    #[error("misordered: {subscriber} got event {id} after event {after}, on connection {connection}")]
    Misordered { subscriber: String, id: u64, after: u64, connection: u32 },
    #[error("not for: {subscriber} got event {id} (event no. {tag}, {kind} of payment stream {stream})")]
    NotFor { subscriber: String, id: u64, tag: u32, kind: &'static str, stream: u64 },
    #[error("two events: id {id} named event no. {one} ({one_by}) and event no. {other} ({other_by})")]
    TwoEvents { id: u64, one: u32, one_by: String, other: u32, other_by: String },
    #[error("two ids: event no. {tag} had id {one} ({one_by}) and id {other} ({other_by})")]
    TwoIds { tag: u32, one: u64, one_by: String, other: u64, other_by: String },
    #[error("changed: {subscriber} got event {id} as {got}; published was {published}")]
    Changed { subscriber: String, id: u64, got: String, published: String },
    #[error("unknown: {subscriber} got event {id}, which nobody published: {data}")]
    Unknown { subscriber: String, id: u64, data: String },
    #[error("hole: no event has id {id}, though the ids go up to {last}")]
    Hole { id: u64, last: u64 },
    #[error(
        "torn batch: {stored} of the {sent} events of request {request} were stored, event no. {tag} was not"
    )]
    TornBatch { request: u32, stored: usize, sent: usize, tag: u32 },
    #[error(
        "gap: {subscriber} was told {data} at connection {connection} after event {after}; nothing was lost"
    )]
    Gap { subscriber: String, data: String, connection: u32, after: String },
    #[error("wire: {subscriber} on connection {connection} after event {after}: {fault}")]
    Wire { subscriber: String, connection: u32, after: String, fault: String },
    #[error("answer: publisher {publisher} asked for {sent} events and got {status} {body}")]
    Answer { publisher: u32, sent: usize, status: u16, body: String },
    #[error("died: the server ended by itself ({status}) {when}; its last words: {words}")]
    Died { status: String, when: &'static str, words: String },
    #[error("panicked: the server said {words}")]
    Panicked { words: String },
    #[error("silent: the server did not {what} within {deadline_s} s; its last words: {words}")]
    Silent { what: &'static str, deadline_s: u64, words: String },
}

impl Violation {
    /// The kind alone, by which the report counts.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Repeated { .. } => "repeated",
            Self::Misordered { .. } => "misordered",
            Self::NotFor { .. } => "not for",
            Self::TwoEvents { .. } => "two events",
            Self::TwoIds { .. } => "two ids",
            Self::Changed { .. } => "changed",
            Self::Unknown { .. } => "unknown",
            Self::Hole { .. } => "hole",
            Self::TornBatch { .. } => "torn batch",
            Self::Gap { .. } => "gap",
            Self::Wire { .. } => "wire",
            Self::Answer { .. } => "answer",
            Self::Died { .. } => "died",
            Self::Panicked { .. } => "panicked",
            Self::Silent { .. } => "silent",
        }
    }
}

fn standing(acked: bool) -> &'static str {
    if acked { ", which was acknowledged" } else { ", which others got" }
}
