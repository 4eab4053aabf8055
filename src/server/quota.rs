//! What one address and one user may take: connections, subscriptions, published events, failed authentications.
//!
//! Says yes or why not, and counts refusals. How a refusal is told is for the routes. Loopback peers and trusted
//! proxies are bound by no limit of addresses; the clients that proxies speak for are, and users are wherever they are.

use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use http::StatusCode;
use ipnet::IpNet;

use crate::clock;
use crate::http::{Head, Reply};
use crate::limits;
use crate::metrics::Counter;
use crate::server::accept;
use crate::server::addresses::{Addresses, Arrival, Full, PlaceKey, PlacesMax, Site, peer_address};
use crate::server::client_address::{ClientAddress, is_trusted};
use crate::server::connection::Connection;
use crate::server::worker::Worker;
use crate::throttle::{Buckets, Rate, RetryAfterMs};
use crate::topic::User;

/// What an address and a user may take. `None`: without limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    pub connections_per_address: Option<u32>,
    pub connections_per_user: Option<u32>,
    pub subscriptions_per_address: Option<Rate>,
    pub subscriptions_per_user: Option<Rate>,
    /// In events: a batch costs as many as it holds.
    pub events_per_address: Option<Rate>,
    pub events_per_user: Option<Rate>,
    pub auth_failures_per_address: Option<Rate>,
    pub filter_terms: usize,
    /// Who may say for whom a connection or a request is.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections of trusted proxies begin with a PROXY head.
    pub proxy_protocol: bool,
}

/// Who asks for something.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) client: ClientAddress,
    /// Whom a token names.
    pub(crate) user: Option<User>,
}

/// Why something is refused for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server has no place left, or is draining.
    Capacity,
    Address,
    User,
    Rate(RetryAfterMs),
}

/// The state behind the limits, one for the whole server.
#[derive(Debug)]
pub(crate) struct Quota {
    addresses: Arc<Addresses>,
    subscriptions: Pair,
    events: Pair,
    auth_failures: Option<Buckets>,
    /// Its key is random: nobody can aim at another's bucket.
    hasher: RandomState,
}

/// Buckets of addresses and of users for the same thing.
#[derive(Debug)]
struct Pair {
    addresses: Option<Buckets>,
    users: Option<Buckets>,
}

impl Quota {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pair = |addresses: Option<Rate>, users: Option<Rate>| Pair {
            addresses: addresses.map(Buckets::new),
            users: users.map(Buckets::new),
        };
        Self {
            addresses: Arc::default(),
            subscriptions: pair(limits.subscriptions_per_address, limits.subscriptions_per_user),
            events: pair(limits.events_per_address, limits.events_per_user),
            auth_failures: limits.auth_failures_per_address.map(Buckets::new),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Takes `cost` tokens of the address's bucket and of the user's, or none.
    fn take(&self, pair: &Pair, asker: &Asker, exempt: bool, cost: u32, now_ms: u64) -> Result<(), Refusal> {
        // So that what the user's bucket refuses costs the address, which others share, nothing.
        self.look(pair, asker, exempt, now_ms)?;
        self.both(pair, asker, exempt, |buckets, key| buckets.take(key, cost, now_ms))
    }

    /// Whether each of the two has a token.
    fn look(&self, pair: &Pair, asker: &Asker, exempt: bool, now_ms: u64) -> Result<(), Refusal> {
        self.both(pair, asker, exempt, |buckets, key| buckets.look(key, now_ms))
    }

    /// Asks `judge` of the address's bucket, then of the user's.
    fn both(
        &self,
        pair: &Pair,
        asker: &Asker,
        exempt: bool,
        judge: impl Fn(&Buckets, u64) -> Result<(), RetryAfterMs>,
    ) -> Result<(), Refusal> {
        if let Some(buckets) = pair.addresses.as_ref().filter(|_| !exempt) {
            judge(buckets, self.site(&asker.client)).map_err(Refusal::Rate)?;
        }
        if let (Some(buckets), Some(user)) = (&pair.users, &asker.user) {
            judge(buckets, self.hasher.hash_one(user)).map_err(Refusal::Rate)?;
        }
        Ok(())
    }

    pub(crate) fn authentication_failed(
        &self,
        limits: &Limits,
        client: &ClientAddress,
        now_ms: u64,
    ) -> Result<(), RetryAfterMs> {
        match self.auth_failures.as_ref().filter(|_| !limits.exempts(client)) {
            Some(buckets) => buckets.take(self.site(client), 1, now_ms),
            None => Ok(()),
        }
    }

    fn site(&self, client: &ClientAddress) -> u64 {
        self.hasher.hash_one(Site::of(client.address))
    }
}

impl Limits {
    /// Loopback peers and trusted proxies, when they speak for themselves.
    fn exempts(&self, client: &ClientAddress) -> bool {
        !client.proxied && (client.address.is_loopback() || is_trusted(&self.trusted_proxies, client.address))
    }
}

impl Worker {
    /// Counts a connection that was just accepted. `None`: its address has more than enough.
    pub(crate) fn arrive(&self, socket: &OwnedFd) -> Option<(ClientAddress, Option<Arrival>)> {
        self.figures().accepts.add(1);
        let client = ClientAddress::peer(peer_address(socket.as_fd()));
        let arrival = self.arrive_from(&client)?;
        Some((client, arrival))
    }

    /// Takes a place among the connections of an address, where those are bound. `None`: there is none left.
    pub(crate) fn arrive_from(&self, client: &ClientAddress) -> Option<Option<Arrival>> {
        let limits = &self.shared.settings.limits;
        let Some(max) = limits.connections_per_address.filter(|_| !limits.exempts(client)) else {
            return Some(None);
        };
        let max = max.saturating_add(limits::ADDRESS_RESERVE);
        let arrival = self.shared.quota.addresses.arrive(Site::of(client.address), max);
        if arrival.is_none() {
            self.figures().closed_on_accept.add(1);
            if accept::may_warn(self) {
                tracing::warn!(
                    max,
                    "connections of an address that has as many as it may are closed unread: a proxy is to be named \
                     with --trusted-proxies"
                );
            }
        }
        arrival.map(Some)
    }

    /// Who sends this request.
    pub(crate) fn asker(&self, connection: &Connection, head: &Head) -> Asker {
        let client = connection.client().forwarded(&self.shared.settings.limits.trusted_proxies, head);
        Asker { client, user: None }
    }

    /// Takes a subscriber's places; `leave` gives them back.
    pub(crate) fn admit(&self, asker: &Asker) -> Result<PlaceKey, Refusal> {
        self.counted(self.try_admit(asker))
    }

    fn try_admit(&self, asker: &Asker) -> Result<PlaceKey, Refusal> {
        let (shared, now_ms) = (&self.shared, clock::monotonic_ms());
        let (quota, limits) = (&shared.quota, &shared.settings.limits);
        let exempt = limits.exempts(&asker.client);
        quota.take(&quota.subscriptions, asker, exempt, 1, now_ms)?;
        if !shared.admit() {
            return Err(Refusal::Capacity);
        }
        let max = PlacesMax {
            address: limits.connections_per_address.filter(|_| !exempt),
            user: limits.connections_per_user,
        };
        let entered = quota.addresses.enter(Site::of(asker.client.address), asker.user.as_ref(), max);
        entered.map_err(|full| {
            shared.dismiss();
            match full {
                Full::Address => Refusal::Address,
                Full::User => Refusal::User,
            }
        })
    }

    pub(crate) fn leave(&self, place: PlaceKey) {
        self.shared.quota.addresses.leave(place);
        self.shared.dismiss();
    }

    /// Whether one event may be published, before its body is looked at.
    pub(crate) fn may_publish(&self, asker: &Asker) -> Result<(), Reply> {
        let (quota, now_ms) = (&self.shared.quota, clock::monotonic_ms());
        let exempt = self.shared.settings.limits.exempts(&asker.client);
        let judged = quota.look(&quota.events, asker, exempt, now_ms);
        self.counted(judged).map_err(|refusal| refusal.reply())
    }

    /// Charges events that are about to be published.
    pub(crate) fn charge_events(&self, asker: &Asker, events: usize) -> Result<(), Reply> {
        let (quota, now_ms) = (&self.shared.quota, clock::monotonic_ms());
        let exempt = self.shared.settings.limits.exempts(&asker.client);
        let cost = u32::try_from(events).unwrap_or(u32::MAX);
        let judged = quota.take(&quota.events, asker, exempt, cost, now_ms);
        self.counted(judged).map_err(|refusal| refusal.reply())
    }

    /// Takes note that credentials were not good. An error: there were too many of them.
    pub(crate) fn authentication_failed(&self, client: &ClientAddress) -> Result<(), Refusal> {
        self.figures().auth_failures.add(1);
        let limits = &self.shared.settings.limits;
        let judged = self.shared.quota.authentication_failed(limits, client, clock::monotonic_ms());
        judged.map_err(|retry| {
            self.figures().refused_auth.add(1);
            Refusal::Rate(retry)
        })
    }

    /// Counts a refusal by its reason.
    fn counted<T>(&self, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &outcome {
            let figures = self.figures();
            let counter: &Counter = match refusal {
                Refusal::Capacity => &figures.refused_capacity,
                Refusal::Address => &figures.refused_address,
                Refusal::User => &figures.refused_user,
                Refusal::Rate(_) => &figures.refused_rate,
            };
            counter.add(1);
        }
        outcome
    }
}

impl Refusal {
    /// Milliseconds before which trying again is in vain, where that is known.
    pub(crate) fn retry_after_ms(&self) -> u64 {
        if let Self::Rate(RetryAfterMs(after_ms)) = self { *after_ms } else { 0 }
    }

    /// As a status, with `Retry-After` where the time is known.
    pub(crate) fn reply(&self) -> Reply {
        let (status, name, message) = match self {
            Self::Capacity => (
                StatusCode::SERVICE_UNAVAILABLE,
                "capacity",
                "the server has no room for another subscriber now",
            ),
            Self::Address => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_connections",
                "this address has as many subscriptions open as it may; close one first",
            ),
            Self::User => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_connections",
                "this user has as many subscriptions open as it may; close one first",
            ),
            Self::Rate(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "too much in too short a time; try again after the seconds in Retry-After",
            ),
        };
        let reply = Reply::error(status, name, message, &[]);
        match self {
            Self::Rate(RetryAfterMs(after_ms)) => {
                reply.with("Retry-After", after_ms.div_ceil(1000).to_string())
            }
            _ => reply,
        }
    }
}
