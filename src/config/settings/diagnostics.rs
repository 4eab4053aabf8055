//! What is written to standard error. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

pub(in crate::config) const ROWS: &[Setting] = &[
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
