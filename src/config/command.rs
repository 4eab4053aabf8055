//! The command line: which command, and its options. Help texts stand here and in `settings`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::config::layers::{Environment, Flags, ReadFile, merge};
use crate::config::log_command::LogSub;
use crate::config::token_command::{TokenSub, token_source};
use crate::config::{
    Config, ConfigError, Field, LogCommand, Place, PublishOptions, Start, TailOptions, TokenCommand,
    TokenSource, What, values,
};
use crate::event::{EventId, EventType};

const DEFAULT_URL: &str = "http://localhost:3001";

/// What the process shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Serve(Box<Config>),
    Publish(PublishOptions),
    Tail(TailOptions),
    Log(LogCommand),
    Token(TokenCommand),
}

/// Reads a command line (with the program's name first), the environment and the configuration file it names.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: Environment<'_>,
    read_file: ReadFile<'_>,
) -> Result<Command, ConfigError> {
    let cli = Cli::try_parse_from(args)?;
    match cli.command {
        None => merge(&cli.serve, env, read_file).map(|config| Command::Serve(Box::new(config))),
        Some(Sub::Serve(flags)) => {
            merge(&flags, env, read_file).map(|config| Command::Serve(Box::new(config)))
        }
        Some(Sub::Publish(flags)) => {
            let url = url(flags.url.as_deref(), env)?;
            let token = token_source(flags.token_file.clone(), env)?;
            Ok(Command::Publish(PublishOptions { url, token, what: flags.what() }))
        }
        Some(Sub::Tail(flags)) => {
            let url = url(flags.url.as_deref(), env)?;
            let colours = env("NO_COLOR").is_none_or(|value| value.is_empty());
            let token = token_source(flags.token_file.clone(), env)?;
            Ok(Command::Tail(flags.options(url, token, colours)))
        }
        Some(Sub::Log { command }) => Ok(Command::Log(command.command())),
        Some(Sub::Token { command }) => command.command(env).map(Command::Token),
    }
}

/// The server of a client command: the flag, then the environment, then the default.
fn url(flag: Option<&str>, env: Environment<'_>) -> Result<String, ConfigError> {
    const VARIABLE: &str = "TAILWIRE_URL";
    let (place, text) = match (flag, env(VARIABLE).filter(|value| !value.is_empty())) {
        (Some(text), _) => (Place::Flag("url"), text.to_owned()),
        // What is not UTF-8 is no URL either.
        (None, Some(value)) => {
            (Place::Environment(VARIABLE.to_owned()), value.to_string_lossy().into_owned())
        }
        (None, None) => return Ok(DEFAULT_URL.to_owned()),
    };
    values::url(&text).map_err(|problem| ConfigError::Value { place, value: text, problem })
}

const EXAMPLES: &str = "\
Examples:
  tailwire                                       serve on 127.0.0.1:3001, keep events in ./data
  tailwire --listen 127.0.0.1:0 --data-dir /srv/tailwire --durability interval:50
  tailwire --config /etc/tailwire.toml           a file with lines like: segment-bytes = \"64MiB\"
  TAILWIRE_HEARTBEAT_MS=30000 tailwire           --heartbeat-ms by the environment, and so any setting
  tailwire tail --streams 7                      watch one payment stream in a terminal
  tailwire publish withdrawn streamId=7 amount=250
  tailwire --listen 0.0.0.0:3001 --jwt-secret-file secret      with tokens: see tailwire token mint --help

A flag wins over the environment, the environment over the file, the file over the default.
Times end in -ms and are milliseconds. SIGTERM ends in order, see --drain-timeout-ms.";

const PUBLISH_EXAMPLES: &str = "\
Examples:
  tailwire publish created streamId=7 sender=GABC... recipient=GDEF... tokenAddress=CUSDC... \\
      ratePerSecond=1000000 depositedAmount=86400000000 startTime=1708560000
  tailwire publish --idempotency-key tx-9f-0 topped_up streamId=7 amount=5000
  tailwire publish withdrawn streamId=7 amount=250 'memo:={\"invoice\":\"12\"}'
  tailwire publish --stdin < events.ndjson

NAME=VALUE sends a whole number of up to 64 bits as a number and anything else as text;
NAME:=JSON sends JSON as it is.
With --stdin a line is an event: {\"type\":...,\"data\":{...}} or the indexer form. Lines that wait
are sent together. A JSON array, or one object over several lines, is accepted too.

Prints one event id a line. Ends with 0 when stored (now or before), 1 when the server refused, 2 when
the command line is wrong, 75 when trying again later may work.";

const TAIL_EXAMPLES: &str = "\
Examples:
  tailwire tail                                  everything, from now on
  tailwire tail --streams 7,8 --types stream.withdrawn
  tailwire tail --users GABC... --from earliest
  tailwire tail --json --since 2026-01-01T00:00:00Z | jq .data

The filter is the union of streams and users; types narrows it. Cut off, it goes on after the
last event it printed. Notices (gaps, reconnects) go to standard error.

A line is: time (UTC), event id, type, payment stream, data. The time is `timestamp` of the event's
data; without one it is when the event was received here, and - for an event older than the
connection. GET /events says when each event was published.";

#[derive(Debug, clap::Parser)]
#[command(
    name = "tailwire",
    version,
    about = "A real-time event server: payment-stream events in over HTTP, out as Server-Sent Events",
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    max_term_width = 110
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Sub>,
    #[command(flatten)]
    serve: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    /// Run the server (what `tailwire` does when no command is named)
    #[command(after_help = EXAMPLES)]
    Serve(Flags),
    /// Publish one event from the command line, or many from standard input
    Publish(PublishFlags),
    /// Follow events in the terminal, resuming after any cut
    Tail(TailFlags),
    /// Look into a log directory: inspect, verify, dump, export, repair
    Log {
        #[command(subcommand)]
        command: LogSub,
    },
    /// Make and look at access tokens: mint, inspect
    Token {
        #[command(subcommand)]
        command: TokenSub,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = PUBLISH_EXAMPLES)]
struct PublishFlags {
    /// The server [default: http://localhost:3001] [env: TAILWIRE_URL]
    #[arg(long)]
    url: Option<String>,
    /// A file with the token for a server that has keys [or the token itself in env: TAILWIRE_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Stores the event once only, however often it is sent with this key
    #[arg(long, value_name = "KEY", conflicts_with = "stdin")]
    idempotency_key: Option<String>,
    /// Read events from standard input
    #[arg(long, conflicts_with_all = ["kind", "fields"])]
    stdin: bool,
    /// The event's type: created, topped_up, withdrawn, cancelled, completed, paused, resumed, fee_collected
    #[arg(value_name = "TYPE", value_parser = event_type, required_unless_present = "stdin")]
    kind: Option<EventType>,
    /// The event's data
    #[arg(value_name = "NAME=VALUE", value_parser = field)]
    fields: Vec<Field>,
}

impl PublishFlags {
    fn what(self) -> What {
        match self.kind {
            Some(kind) => What::Event { kind, fields: self.fields, idempotency_key: self.idempotency_key },
            None => What::Stdin,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = TAIL_EXAMPLES)]
struct TailFlags {
    /// The server [default: http://localhost:3001] [env: TAILWIRE_URL]
    #[arg(long)]
    url: Option<String>,
    /// A file with the token for a server that has keys [or the token itself in env: TAILWIRE_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Every event (so it is without --streams and --users)
    #[arg(long, conflicts_with_all = ["streams", "users"])]
    all: bool,
    /// Only these payment streams
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    streams: Vec<String>,
    /// Only events for these users, as sender or recipient
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    users: Vec<String>,
    /// Only these event types; `withdrawn` is short for `stream.withdrawn`
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = event_type)]
    types: Vec<EventType>,
    /// Where to start: latest is now, earliest the oldest event that is kept
    #[arg(long, value_name = "WHERE", value_parser = ["latest", "earliest"], default_value = "latest")]
    from: String,
    /// Start after this event
    #[arg(long, value_name = "ID", value_parser = event_id, conflicts_with_all = ["from", "since"])]
    last_event_id: Option<u64>,
    /// Start at a time: RFC 3339 or unix milliseconds
    #[arg(long, value_name = "TIME", conflicts_with = "from")]
    since: Option<String>,
    /// Print JSON lines: {"id","type","data"}
    #[arg(long)]
    json: bool,
    /// End after this many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

impl TailFlags {
    fn options(self, url: String, token: TokenSource, colours: bool) -> TailOptions {
        let start = match (self.last_event_id, self.since, self.from.as_str()) {
            (Some(id), _, _) => Start::After(id),
            (None, Some(time), _) => Start::Since(time),
            (None, None, "earliest") => Start::Earliest,
            (None, None, _) => Start::Latest,
        };
        TailOptions {
            url,
            token,
            all: self.streams.is_empty() && self.users.is_empty(),
            streams: self.streams,
            users: self.users,
            types: self.types.iter().map(|kind| kind.name().to_owned()).collect(),
            start,
            json: self.json,
            colours,
            count: self.count,
        }
    }
}

pub(in crate::config) fn event_id(text: &str) -> Result<u64, NotAnId> {
    EventId::parse(text.as_bytes()).map(|id| id.0).ok_or(NotAnId)
}

#[derive(Debug, thiserror::Error)]
#[error("not an event id; write a whole number without leading zeros, like 41")]
pub(in crate::config) struct NotAnId;

pub(in crate::config) fn event_type(text: &str) -> Result<EventType, UnknownType> {
    let short = || EventType::from_name(&format!("stream.{text}"));
    EventType::from_name(text).or_else(short).ok_or(UnknownType)
}

#[derive(Debug, thiserror::Error)]
#[error(
    "not an event type; choose created, topped_up, withdrawn, cancelled, completed, paused, resumed or \
     fee_collected"
)]
pub(in crate::config) struct UnknownType;

fn field(text: &str) -> Result<Field, NotAField> {
    let (name, value) = text.split_once('=').ok_or(NotAField)?;
    let (name, json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
    if name.is_empty() {
        return Err(NotAField);
    }
    Ok(Field { name: name.to_owned(), value: value.to_owned(), json })
}

#[derive(Debug, thiserror::Error)]
#[error("write NAME=VALUE, like amount=250, or NAME:=JSON")]
struct NotAField;
