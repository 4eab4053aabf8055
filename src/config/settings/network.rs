//! Where to listen, with how many threads, and how events are sent. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};
use crate::limits;

const WORKERS_MAX: usize = 256;
const CONNECTIONS_MAX: usize = 1_000_000;

pub(in crate::config) const ROWS: &[Setting] = &[
    row(
        Group::Network,
        "listen",
        Form::Value("ADDRESS:PORT"),
        "127.0.0.1:3001",
        "Where to listen; port 0 takes a free one. Any address but a loopback one needs keys (--jwt-...) or --insecure",
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
];
