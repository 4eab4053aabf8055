//! What the client commands were asked to do: `publish`, `tail` and `log inspect`, read from their flags.

use std::path::PathBuf;

use crate::event::EventType;

/// `tailwire publish`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishOptions {
    /// The server, without a slash at the end.
    pub url: String,
    pub what: What,
}

/// What `tailwire publish` sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One event from the command line.
    Event { kind: EventType, fields: Vec<Field>, idempotency_key: Option<String> },
    /// NDJSON or JSON from standard input.
    Stdin,
}

/// One `name=value` or `name:=json` of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub value: String,
    /// The value is JSON already (`:=`).
    pub json: bool,
}

/// Where `tailwire tail` starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Latest,
    Earliest,
    /// After this event id.
    After(u64),
    /// At the first event at or after a time: unix milliseconds or RFC 3339, judged by the server.
    Since(String),
}

/// `tailwire tail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailOptions {
    /// The server, without a slash at the end.
    pub url: String,
    pub all: bool,
    pub streams: Vec<String>,
    pub users: Vec<String>,
    pub types: Vec<String>,
    pub start: Start,
    pub json: bool,
    /// Colours are welcome where a person looks: `NO_COLOR` (no-color.org) is not set.
    pub colours: bool,
    /// End after this many events.
    pub count: Option<u64>,
}

/// `tailwire log inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectOptions {
    pub data_dir: PathBuf,
    pub json: bool,
}
