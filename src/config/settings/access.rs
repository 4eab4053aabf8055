//! Who may ask for what. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

pub(in crate::config) const ROWS: &[Setting] = &[
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
];
