//! How many connections and subscribers each address has, and how many subscribers each user. Touched when one comes or
//! goes, never when events flow.
//!
//! Exact: one lock covers looking and counting, so that many at once are admitted up to the limit and no further. It
//! knows what is counted, not who is exempt.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::net::SocketAddrAny;
use slab::Slab;

use crate::hub::Hub;
use crate::topic::User;

/// A subscriber's connection, with its places in the table of addresses.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) socket: OwnedFd,
    pub(crate) place: PlaceKey,
}

const _: () = assert!(Hub::<Peer>::SLOT_BYTES == 48, "the memory of an idle subscriber");

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// An address as it is counted: of IPv6 the first 64 bits, which is what one site has at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Site(IpAddr);

impl Site {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))))
            }
            address => Self(address),
        }
    }
}

/// The places of a subscriber: of its address, and of its user where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceKey(u32);

/// How many there may be; `None`: any number.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PlacesMax {
    pub(crate) address: Option<u32>,
    pub(crate) user: Option<u32>,
}

/// Whose places are all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Address,
    User,
}

/// What the table holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceFigures {
    /// Addresses with subscribers, and the most subscribers of one of them.
    pub(crate) addresses: usize,
    pub(crate) address_peak: u32,
    pub(crate) users: usize,
    pub(crate) user_peak: u32,
}

/// The tables, at most as long as there are connections and subscribers.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sites: HashMap<Site, Count>,
    users: HashMap<User, u32>,
    /// Who has which places together; many subscribers share one.
    keys: HashMap<(Site, Option<User>), u32>,
    holders: Slab<Holder>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    /// In the HTTP phase.
    connections: u32,
    subscribers: u32,
}

#[derive(Debug)]
struct Holder {
    site: Site,
    user: Option<User>,
    subscribers: u32,
}

impl Addresses {
    /// Counts a connection from this site, unless it has `max` already, subscribers among them.
    pub(crate) fn arrive(self: &Arc<Self>, site: Site, max: u32) -> Option<Arrival> {
        let mut table = self.table();
        let count = table.sites.entry(site).or_default();
        if count.connections.saturating_add(count.subscribers) >= max {
            table.tidy(site);
            return None;
        }
        count.connections += 1;
        Some(Arrival { addresses: Arc::clone(self), site })
    }

    /// Takes a subscriber's places, both or none.
    pub(crate) fn enter(&self, site: Site, user: Option<&User>, max: PlacesMax) -> Result<PlaceKey, Full> {
        let mut table = self.table();
        let of_site = table.sites.get(&site).map_or(0, |count| count.subscribers);
        if max.address.is_some_and(|max| of_site >= max) {
            return Err(Full::Address);
        }
        let of_user = user.and_then(|user| table.users.get(user)).copied().unwrap_or(0);
        if user.is_some() && max.user.is_some_and(|max| of_user >= max) {
            return Err(Full::User);
        }
        table.sites.entry(site).or_default().subscribers += 1;
        if let Some(user) = user {
            *table.users.entry(user.clone()).or_default() += 1;
        }
        Ok(table.hold(site, user))
    }

    pub(crate) fn leave(&self, PlaceKey(key): PlaceKey) {
        let mut table = self.table();
        let Some(holder) = table.holders.get_mut(key as usize) else { return };
        holder.subscribers -= 1;
        let (site, user, last) = (holder.site, holder.user.clone(), holder.subscribers == 0);
        if let Some(count) = table.sites.get_mut(&site) {
            count.subscribers -= 1;
        }
        table.tidy(site);
        if let Some(user) = &user
            && let Some(count) = table.users.get_mut(user)
        {
            *count -= 1;
            if *count == 0 {
                table.users.remove(user);
            }
        }
        if last {
            table.holders.remove(key as usize);
            table.keys.remove(&(site, user));
        }
    }

    pub(crate) fn figures(&self) -> PlaceFigures {
        let table = self.table();
        let sites = table.sites.values().map(|count| count.subscribers).filter(|count| *count > 0);
        PlaceFigures {
            addresses: sites.clone().count(),
            address_peak: sites.max().unwrap_or(0),
            users: table.users.len(),
            user_peak: table.users.values().copied().max().unwrap_or(0),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn hold(&mut self, site: Site, user: Option<&User>) -> PlaceKey {
        let Self { keys, holders, .. } = self;
        let holder = || Holder { site, user: user.cloned(), subscribers: 0 };
        let key = *keys.entry((site, user.cloned())).or_insert_with(|| holders.insert(holder()) as u32);
        if let Some(holder) = holders.get_mut(key as usize) {
            holder.subscribers += 1;
        }
        PlaceKey(key)
    }

    /// Forgets a site that has nothing.
    fn tidy(&mut self, site: Site) {
        let nothing = |count: &Count| count.connections == 0 && count.subscribers == 0;
        if self.sites.get(&site).is_some_and(nothing) {
            self.sites.remove(&site);
        }
    }
}

/// A connection's place in its HTTP phase; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Arrival {
    addresses: Arc<Addresses>,
    site: Site,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut table = self.addresses.table();
        if let Some(count) = table.sites.get_mut(&self.site) {
            count.connections -= 1;
        }
        table.tidy(self.site);
    }
}

/// The peer's address; the unspecified one where it has gone already.
pub(crate) fn peer_address(socket: BorrowedFd<'_>) -> IpAddr {
    let address: Option<SocketAddrAny> = rustix::net::getpeername(socket).ok().flatten();
    address
        .and_then(|address| std::net::SocketAddr::try_from(address).ok())
        .map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip().to_canonical())
}
