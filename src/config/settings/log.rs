//! Where the event log lies, when events count as stored, and how long they are kept. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

pub(in crate::config) const ROWS: &[Setting] = &[
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
];
