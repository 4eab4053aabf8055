//! What the client commands were asked to do: `publish`, `tail` and `log …`, read from their flags.

use std::path::PathBuf;

use crate::config::TokenSource;
use crate::event::EventType;
use crate::topic::{StreamId, User};

/// `tailwire publish`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishOptions {
    /// The server, without a slash at the end.
    pub url: String,
    pub token: TokenSource,
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
    pub token: TokenSource,
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

/// `tailwire log …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogCommand {
    Inspect(InspectOptions),
    Verify(VerifyOptions),
    Dump(DumpOptions),
    Export(ExportOptions),
    Repair(RepairOptions),
}

/// `tailwire log inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectOptions {
    pub data_dir: PathBuf,
    pub json: bool,
}

/// `tailwire log verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyOptions {
    pub data_dir: PathBuf,
    pub json: bool,
    /// Read past the page cache.
    pub uncached: bool,
    /// Check the checksum of each frame, whatever its block's says.
    pub deep: bool,
}

/// `tailwire log dump`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpOptions {
    pub data_dir: PathBuf,
    pub json: bool,
    /// The first and the last event id.
    pub from: u64,
    pub until: u64,
    /// Most events that are printed.
    pub limit: u64,
}

/// `tailwire log export`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    pub data_dir: PathBuf,
    /// The closing words on standard error are JSON.
    pub json: bool,
    /// The first and the last event id.
    pub from: u64,
    pub until: u64,
    /// Without any, everything.
    pub streams: Vec<StreamId>,
    pub users: Vec<User>,
    /// Without any, all.
    pub types: Vec<EventType>,
    /// Give each event a `dedupeKey` of the log's own.
    pub keys: bool,
}

/// `tailwire log repair`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairOptions {
    pub data_dir: PathBuf,
    pub json: bool,
    /// Do it, and not only say what would be done.
    pub yes: bool,
}
