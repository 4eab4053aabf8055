//! What was chosen of the limits for addresses and users, and what it comes to on a given address.

use ipnet::IpNet;

use crate::server::Limits;
use crate::throttle::{Rate, RateError};

/// A limit as it was chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice<T> {
    /// The default, and off where only this machine can reach the server.
    #[default]
    Auto,
    Off,
    Set(T),
}

/// The settings under "Limits".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitChoices {
    pub connections_per_address: Choice<u32>,
    pub connections_per_user: Choice<u32>,
    pub subscriptions_per_address: Choice<Rate>,
    pub subscriptions_per_user: Choice<Rate>,
    pub events_per_address: Choice<Rate>,
    pub events_per_user: Choice<Rate>,
    pub auth_failures_per_address: Choice<Rate>,
    pub filter_terms: usize,
    pub trusted_proxies: Vec<IpNet>,
    pub proxy_protocol: bool,
}

/// One household or office behind one address, all of its pages open.
const CONNECTIONS: u32 = 256;
/// All subscribers of an address come back at once after a restart, and most of them twice.
const SUBSCRIPTIONS: Result<Rate, RateError> = Rate::per_second(5, 512);
/// Ten of the largest batches at once.
const EVENTS: Result<Rate, RateError> = Rate::per_second(10_000, 40_000);
const AUTH_FAILURES: Result<Rate, RateError> = Rate::per_minute(30, 60);

impl LimitChoices {
    /// `loopback`: only this machine can reach the server.
    pub fn on(&self, loopback: bool) -> Limits {
        let count = |choice: Choice<u32>| choice.or(loopback, Some(CONNECTIONS));
        let rate = |choice: Choice<Rate>, default: Result<Rate, RateError>| choice.or(loopback, default.ok());
        Limits {
            connections_per_address: count(self.connections_per_address),
            connections_per_user: count(self.connections_per_user),
            subscriptions_per_address: rate(self.subscriptions_per_address, SUBSCRIPTIONS),
            subscriptions_per_user: rate(self.subscriptions_per_user, SUBSCRIPTIONS),
            events_per_address: rate(self.events_per_address, EVENTS),
            events_per_user: rate(self.events_per_user, EVENTS),
            auth_failures_per_address: rate(self.auth_failures_per_address, AUTH_FAILURES),
            filter_terms: self.filter_terms,
            trusted_proxies: self.trusted_proxies.clone(),
            proxy_protocol: self.proxy_protocol,
        }
    }
}

impl<T> Choice<T> {
    fn or(self, loopback: bool, default: Option<T>) -> Option<T> {
        match self {
            Self::Auto => default.filter(|_| !loopback),
            Self::Off => None,
            Self::Set(value) => Some(value),
        }
    }
}
