//! What one address and one user may take, and whom to believe about addresses. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, limit_values};
use crate::limits;

const RATE: &str = "RATE";

pub(in crate::config) const ROWS: &[Setting] = &[
    row(
        Group::Limits,
        "max-connections-per-address",
        Form::Value("COUNT"),
        "auto",
        "Open subscriptions of one address, and with a few more its connections; of IPv6 a /64 is one. 0 is any \
         number; auto is 256, and any number on a loopback --listen. Loopback addresses and trusted proxies \
         themselves have no limits",
        |config, text| limit_values::count(text).map(|choice| config.limits.connections_per_address = choice),
    ),
    row(
        Group::Limits,
        "max-connections-per-user",
        Form::Value("COUNT"),
        "auto",
        "Open subscriptions of one user (the `sub` of tokens); 0 and auto as above",
        |config, text| limit_values::count(text).map(|choice| config.limits.connections_per_user = choice),
    ),
    row(
        Group::Limits,
        "subscribe-rate-per-address",
        Form::Value(RATE),
        "auto",
        "Subscriptions that one address may try: COUNT/s or COUNT/m and the burst, like 5/s:512, which auto is but on \
         a loopback --listen; off is any number",
        |config, text| {
            limit_values::rate(text).map(|choice| config.limits.subscriptions_per_address = choice)
        },
    ),
    row(
        Group::Limits,
        "subscribe-rate-per-user",
        Form::Value(RATE),
        "auto",
        "The same for one user",
        |config, text| limit_values::rate(text).map(|choice| config.limits.subscriptions_per_user = choice),
    ),
    row(
        Group::Limits,
        "publish-rate-per-address",
        Form::Value(RATE),
        "auto",
        "Events that one address may publish, each event of a batch counted; auto is 10000/s:40000, and off on a \
         loopback --listen",
        |config, text| limit_values::rate(text).map(|choice| config.limits.events_per_address = choice),
    ),
    row(
        Group::Limits,
        "publish-rate-per-user",
        Form::Value(RATE),
        "auto",
        "The same for one user",
        |config, text| limit_values::rate(text).map(|choice| config.limits.events_per_user = choice),
    ),
    row(
        Group::Limits,
        "auth-failure-rate-per-address",
        Form::Value(RATE),
        "auto",
        "Bad credentials that one address may send before they are answered 429 and no longer 401; good ones are taken \
         all the same. auto is 30/m:60, and off on a loopback --listen",
        |config, text| {
            limit_values::rate(text).map(|choice| config.limits.auth_failures_per_address = choice)
        },
    ),
    row(
        Group::Limits,
        "filter-terms-max",
        Form::Value("COUNT"),
        "1024",
        "Payment streams and users that one filter may name, 1 to 1024",
        |config, text| {
            crate::config::values::count(text, limits::FILTER_TERMS_MAX)
                .map(|count| config.limits.filter_terms = count)
        },
    ),
    row(
        Group::Limits,
        "trusted-proxies",
        Form::List("CIDR"),
        "",
        "Proxies that are believed when they say for whom a request is (X-Forwarded-For or Forwarded): an address or a \
         range like 10.0.0.0/8; repeatable",
        |config, text| limit_values::range(text).map(|range| config.limits.trusted_proxies.push(range)),
    ),
    row(
        Group::Limits,
        "proxy-protocol",
        Form::Switch,
        "",
        "Every connection of a trusted proxy begins with a PROXY head, version 1 or 2",
        |config, text| crate::config::values::switch(text).map(|value| config.limits.proxy_protocol = value),
    ),
];
