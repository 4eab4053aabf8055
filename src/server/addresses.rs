//! How many subscribers each address has. Touched when one comes or goes, never when events flow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::SocketAddrAny;
use slab::Slab;

use crate::hub::Hub;

/// A subscriber's connection, with its place in the table of addresses.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) socket: OwnedFd,
    pub(crate) address: AddressKey,
}

const _: () = assert!(Hub::<Peer>::SLOT_BYTES == 48, "the memory of an idle subscriber");

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressKey(u32);

/// The table, at most as long as there are subscribers.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    keys: HashMap<IpAddr, u32>,
    counts: Slab<(IpAddr, u32)>,
}

impl Addresses {
    /// Counts a subscriber from the socket's peer address.
    pub(crate) fn enter(&self, socket: BorrowedFd<'_>) -> AddressKey {
        let address = peer_address(socket);
        let mut table = self.table();
        let Table { keys, counts } = &mut *table;
        let key = *keys.entry(address).or_insert_with(|| counts.insert((address, 0)) as u32);
        if let Some((_, count)) = counts.get_mut(key as usize) {
            *count += 1;
        }
        AddressKey(key)
    }

    pub(crate) fn leave(&self, key: AddressKey) {
        let mut table = self.table();
        let Some((address, count)) = table.counts.get_mut(key.0 as usize) else { return };
        *count -= 1;
        if *count == 0 {
            let address = *address;
            table.counts.remove(key.0 as usize);
            table.keys.remove(&address);
        }
    }

    /// Addresses with subscribers, and the most subscribers of one of them.
    pub(crate) fn figures(&self) -> (usize, u32) {
        let table = self.table();
        (table.counts.len(), table.counts.iter().map(|(_, (_, count))| *count).max().unwrap_or(0))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The peer's address; the unspecified one where it has gone already.
pub(crate) fn peer_address(socket: BorrowedFd<'_>) -> IpAddr {
    let address: Option<SocketAddrAny> = rustix::net::getpeername(socket).ok().flatten();
    address
        .and_then(|address| std::net::SocketAddr::try_from(address).ok())
        .map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip().to_canonical())
}
