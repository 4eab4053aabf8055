//! Which events are taken. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, values};

const PAYMENT_STREAMS_MAX: usize = 100_000_000;

pub(in crate::config) const ROWS: &[Setting] = &[
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
];
