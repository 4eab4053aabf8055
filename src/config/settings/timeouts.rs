//! How long things may take. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

const HOUR_MS: u64 = 3_600_000;

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
];
