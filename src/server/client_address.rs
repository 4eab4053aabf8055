//! Whom a connection or a request comes from: the peer, or whom trusted proxies say it comes from.
//!
//! What a proxy says is believed only where the connection comes from one, and only as far back as trusted proxies go.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::http::{FORWARDED, Head, Hop, Proxied, X_FORWARDED_FOR, forwarded, x_forwarded_for};
use crate::limits::HOPS_MAX;

/// Whom something comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    pub(crate) address: IpAddr,
    /// A proxy says so, or says that it does not know: whoever it is, it is not the peer itself.
    pub(crate) proxied: bool,
    /// The connection's proxy does not say for whom it is: what is written in its requests is nobody's word.
    pub(in crate::server) nameless: bool,
}

impl ClientAddress {
    pub(crate) fn peer(address: IpAddr) -> Self {
        Self { address, proxied: false, nameless: false }
    }

    /// A process of this machine, as far as can be told.
    pub(crate) fn is_local(&self) -> bool {
        !self.proxied && self.address.is_loopback()
    }

    /// As a PROXY head of a trusted peer has it.
    pub(crate) fn said(self, proxied: Proxied) -> Self {
        match proxied {
            Proxied::Itself => self,
            Proxied::Unknown => Self { proxied: true, nameless: true, ..self },
            Proxied::Client(address) => {
                Self { address: address.to_canonical(), proxied: true, nameless: false }
            }
        }
    }

    /// As the fields of a request have it: the right-most hop that is no trusted proxy. A hop that is not understood
    /// ends the walk at the proxy that named it. Where both fields are there and do not name the same client, one of
    /// them was not written by the proxy: neither is believed, and the request is the peer's, though not its own.
    pub(crate) fn forwarded(self, trusted: &[IpNet], head: &Head) -> Self {
        let there = |name| head.headers.contains_key(name);
        let (by_common, by_standard) = (there(X_FORWARDED_FOR), there(FORWARDED));
        if self.nameless || !(by_common || by_standard) || !is_trusted(trusted, self.address) {
            return self;
        }
        let common = || walk(trusted, self.address, x_forwarded_for(&head.headers));
        let standard = || walk(trusted, self.address, forwarded(&head.headers));
        let address = match (by_common, by_standard) {
            (true, false) => common(),
            (false, _) => standard(),
            (true, true) => Some(common()).filter(|address| *address == standard()).unwrap_or(self.address),
        };
        Self { address, proxied: true, nameless: false }
    }
}

/// The last address on the way back that a trusted proxy (or the connection) vouches for.
fn walk(trusted: &[IpNet], peer: IpAddr, hops: impl Iterator<Item = Hop>) -> IpAddr {
    let mut vouched = peer;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = hop else { return vouched };
        vouched = address;
        if !is_trusted(trusted, address) {
            return vouched;
        }
    }
    vouched
}

pub(crate) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|range| range.contains(&address))
}
