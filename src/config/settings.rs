//! The one table of the server's settings. Flags, environment names, file keys, `--help` and the table in
//! docs/operations.md all come from it; a setting that is not here does not exist.

use crate::config::{Config, ValueError, values};
use crate::limits;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value; the text is its name in `--help`.
    Value(&'static str),
    /// Any number of values: a repeated flag, a comma list in the environment, an array in the file.
    List(&'static str),
    /// On when the flag is there; `true` or `false` elsewhere.
    Switch,
}

/// The headings of `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Network,
    Access,
    Log,
    Events,
    Timeouts,
    Diagnostics,
}

impl Group {
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Access => "Access",
            Self::Log => "The event log",
            Self::Events => "Events",
            Self::Timeouts => "Timeouts, in milliseconds",
            Self::Diagnostics => "Diagnostics",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag without its dashes, which is the key in the file as well.
    pub name: &'static str,
    pub form: Form,
    pub group: Group,
    /// As the operator would write it; empty for switches (off) and lists (none).
    pub default: &'static str,
    pub help: &'static str,
    pub(in crate::config) apply: fn(&mut Config, &str) -> Result<(), ValueError>,
}

impl Setting {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("TAILWIRE_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// The setting of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

const WORKERS_MAX: usize = 256;
const CONNECTIONS_MAX: usize = 1_000_000;
const PAYMENT_STREAMS_MAX: usize = 100_000_000;
const HOUR_MS: u64 = 3_600_000;

const fn row(
    group: Group,
    name: &'static str,
    form: Form,
    default: &'static str,
    help: &'static str,
    apply: fn(&mut Config, &str) -> Result<(), ValueError>,
) -> Setting {
    Setting { name, form, group, default, help, apply }
}

/// Every setting of `tailwire serve`, in the order of `--help`.
pub const SETTINGS: &[Setting] = &[
    row(
        Group::Network,
        "listen",
        Form::Value("ADDRESS:PORT"),
        "127.0.0.1:3001",
        "Where to listen; port 0 takes a free one. Any address but a loopback one needs --insecure",
        |config, text| values::address(text).map(|value| config.listen = value),
    ),
    row(
        Group::Network,
        "workers",
        Form::Value("COUNT"),
        "auto",
        "Worker threads, 1 to 256; auto is one for each CPU this process may use",
        |config, text| values::count_or_auto(text, WORKERS_MAX).map(|value| config.workers = value),
    ),
    row(
        Group::Network,
        "max-connections",
        Form::Value("COUNT"),
        "auto",
        "Open connections over all workers; auto is 10000, or the file limit less 256 where that is smaller",
        |config, text| {
            values::count_or_auto(text, CONNECTIONS_MAX).map(|value| config.max_connections = value)
        },
    ),
    row(
        Group::Network,
        "send",
        Form::Value("METHOD"),
        "auto",
        "How events are sent: ring (io_uring), plain (send), or auto: ring where the kernel has it",
        |config, text| values::send_method(text).map(|value| config.send = value),
    ),
    row(
        Group::Network,
        "coalesce-us",
        Form::Value("US"),
        "0",
        "Least microseconds between two deliveries, up to 100000: events that come closer together share a send, each \
         delayed by no more than this. 0 delays nothing",
        |config, text| {
            values::number(text, 0, limits::COALESCE_US_MAX, " microseconds")
                .map(|value| config.coalesce_us = value)
        },
    ),
    row(
        Group::Access,
        "insecure",
        Form::Switch,
        "",
        "Allow an address that other machines can reach, without keys: anybody there may publish",
        |config, text| values::switch(text).map(|value| config.insecure = value),
    ),
    row(
        Group::Access,
        "cors-origin",
        Form::List("ORIGIN"),
        "",
        "A page origin that may read and publish, like https://app.example; repeatable. Loopback pages may \
         while the server itself listens on loopback",
        |config, text| values::origin(text).map(|value| config.cors_origins.push(value)),
    ),
    row(
        Group::Log,
        "data-dir",
        Form::Value("DIR"),
        "./data",
        "The directory of the event log; made if it is missing, locked while in use",
        |config, text| values::directory(text).map(|value| config.data_dir = value),
    ),
    row(
        Group::Log,
        "durability",
        Form::Value("MODE"),
        "commit",
        "When an event counts as stored: commit (acked and shown once flushed to disk), interval:MS (acked \
         when written, shown when flushed, at most that much later) or none (both when written)",
        |config, text| values::durability(text).map(|value| config.durability = value),
    ),
    row(
        Group::Log,
        "segment-bytes",
        Form::Value("SIZE"),
        "128MiB",
        "Size of one segment file, 4MiB to 512MiB; bytes, or a number with KiB or MiB",
        |config, text| values::segment_bytes(text).map(|value| config.segment_bytes = value),
    ),
    row(
        Group::Log,
        "retain-bytes",
        Form::Value("SIZE"),
        "none",
        "The oldest segments are removed when the log's files take more than this, like 20GiB; none keeps \
         everything. At least three times --segment-bytes",
        |config, text| values::size_or_none(text).map(|value| config.retain_bytes = value),
    ),
    row(
        Group::Log,
        "retain-age",
        Form::Value("AGE"),
        "none",
        "Segments are removed when their last event is older than this: a number with s, m, h or d, like 7d; \
         none keeps everything",
        |config, text| values::age_ms_or_none(text).map(|value| config.retain_age_ms = value),
    ),
    row(
        Group::Log,
        "min-free-bytes",
        Form::Value("SIZE"),
        "1GiB",
        "Publishing answers 503 while less than this is free on the disk of --data-dir; reading goes on. 0 \
         waits until the disk is full",
        |config, text| values::size(text).map(|value| config.min_free_bytes = value),
    ),
    row(
        Group::Log,
        "scrub-bytes-per-second",
        Form::Value("SIZE"),
        "8MiB",
        "How fast closed segments are read in the background to find damage, once a week; bytes, or a number with \
         KiB or MiB; 0 is not at all",
        |config, text| values::rate(text).map(|value| config.scrub_bytes_per_second = value),
    ),
    row(
        Group::Log,
        "new-epoch",
        Form::Switch,
        "",
        "Begin a new epoch of event ids at this start. Needed once after restoring a backup, so that no id \
         can name two events; take it away again, for every start with it begins another",
        |config, text| values::switch(text).map(|value| config.new_epoch = value),
    ),
    row(
        Group::Log,
        "accept-gap",
        Form::Switch,
        "",
        "Start although durable events are corrupt: set the damaged segment aside and announce the hole",
        |config, text| values::switch(text).map(|value| config.accept_gap = value),
    ),
    row(
        Group::Events,
        "strict-addresses",
        Form::Switch,
        "",
        "Accept only valid Stellar addresses (StrKey, G… or C… with a right checksum) as users",
        |config, text| values::switch(text).map(|value| config.strict_addresses = value),
    ),
    row(
        Group::Events,
        "payment-streams-max",
        Form::Value("COUNT"),
        "1000000",
        "Payment streams whose parties are remembered; over it, the oldest finished ones are forgotten",
        |config, text| {
            values::count(text, PAYMENT_STREAMS_MAX).map(|value| config.payment_streams_max = value)
        },
    ),
    row(
        Group::Timeouts,
        "heartbeat-ms",
        Form::Value("MS"),
        "15000",
        "Silence after which a subscriber gets a comment line",
        |config, text| values::milliseconds(text, 100, HOUR_MS).map(|value| config.heartbeat_ms = value),
    ),
    row(
        Group::Timeouts,
        "write-timeout-ms",
        Form::Value("MS"),
        "60000",
        "A subscriber whose machine acknowledges nothing for this long is closed; it may resume where it was",
        |config, text| values::milliseconds(text, 100, HOUR_MS).map(|value| config.write_timeout_ms = value),
    ),
    row(
        Group::Timeouts,
        "request-timeout-ms",
        Form::Value("MS"),
        "10000",
        "Time for a request's head and body to arrive",
        |config, text| {
            values::milliseconds(text, 100, HOUR_MS).map(|value| config.request_timeout_ms = value)
        },
    ),
    row(
        Group::Timeouts,
        "idle-timeout-ms",
        Form::Value("MS"),
        "75000",
        "Time a connection is kept between two requests",
        |config, text| values::milliseconds(text, 100, HOUR_MS).map(|value| config.idle_timeout_ms = value),
    ),
    row(
        Group::Timeouts,
        "drain-timeout-ms",
        Form::Value("MS"),
        "10000",
        "Time that SIGTERM gives to acknowledgements and open streams before the process ends",
        |config, text| values::milliseconds(text, 0, HOUR_MS).map(|value| config.drain_timeout_ms = value),
    ),
    row(
        Group::Diagnostics,
        "log-format",
        Form::Value("FORMAT"),
        "human",
        "Diagnostics on standard error: human lines or json lines",
        |config, text| values::log_json(text).map(|value| config.log_json = value),
    ),
    row(
        Group::Diagnostics,
        "log-filter",
        Form::Value("FILTER"),
        "info",
        "A level (off to trace) or a list like info,tailwire::log=debug; also --log-level",
        |config, text| values::log_filter(text).map(|value| config.log_filter = value),
    ),
];
