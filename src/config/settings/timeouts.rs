//! How long things may take, and how slow they may be. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

const HOUR_MS: u64 = 3_600_000;
const RATE_MAX: u64 = 1024 * 1024 * 1024;

pub(in crate::config) const ROWS: &[Setting] = &[
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
        "Time for a request's head to arrive, however its bytes trickle in; a body or an answer may be slower than \
         --min-rate-bytes for this long",
        |config, text| {
            values::milliseconds(text, 100, HOUR_MS).map(|value| config.request_timeout_ms = value)
        },
    ),
    row(
        Group::Timeouts,
        "min-rate-bytes",
        Form::Value("COUNT"),
        "4096",
        "Bytes a second at which a request's body must come and its answer be taken, on the whole",
        |config, text| {
            values::number(text, 1, RATE_MAX, " bytes a second").map(|value| config.min_rate_bytes = value)
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
];
