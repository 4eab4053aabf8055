//! Where a run may aim: `http://` on a loopback address, and nothing else. A load tool that can be pointed at
//! somebody else's machine by a typing mistake is a weapon.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A server on this machine, such as `http://127.0.0.1:3001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoopbackUrl {
    pub(crate) addr: SocketAddr,
}

/// Why an address is not one that a run may aim at.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the address must begin with http:// (the load tool speaks plain HTTP/1.1)")]
    NotHttp,
    #[error("the address has a path or a query; give only http://HOST:PORT")]
    HasPath,
    #[error("the address needs a host and a port, as in http://127.0.0.1:3001")]
    NoPort,
    #[error("{0} is not a loopback address; the load tool aims at this machine alone")]
    NotLoopback(SocketAddr),
}

impl FromStr for LoopbackUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<LoopbackUrl, AddressError> {
        let rest = text.strip_prefix("http://").ok_or(AddressError::NotHttp)?;
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.contains(['/', '?', '#', '@']) {
            return Err(AddressError::HasPath);
        }
        // "localhost" is not looked up: a hosts file may name another machine.
        let numeric = match host.strip_prefix("localhost:") {
            Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
            None => host.to_owned(),
        };
        let addr: SocketAddr = numeric.parse().map_err(|_| AddressError::NoPort)?;
        if !is_loopback(&addr) {
            return Err(AddressError::NotLoopback(addr));
        }
        Ok(LoopbackUrl { addr })
    }
}

fn is_loopback(addr: &SocketAddr) -> bool {
    match addr {
        SocketAddr::V4(v4) => v4.ip().is_loopback(),
        SocketAddr::V6(v6) => *v6.ip() == Ipv6Addr::LOCALHOST,
    }
}
