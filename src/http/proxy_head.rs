//! The head that a proxy sends before the first request of a connection (the PROXY protocol of HAProxy, versions 1
//! and 2): bytes in, whom the connection is for out.
//!
//! It does not judge whether the sender may say so, and reads only addresses: the further fields (TLVs) of version 2
//! are passed over, their checksum included.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::PROXY_HEAD_BYTES_MAX;

/// What a proxy says of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxied {
    /// The client's address.
    Client(IpAddr),
    /// A client whose address it does not say.
    Unknown,
    /// The proxy itself, looking whether the server is well (`LOCAL`).
    Itself,
}

/// What is at the front of the bytes is no such head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection does not begin with a head of the PROXY protocol")]
pub struct NoProxyHead;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const V1: &[u8] = b"PROXY ";
/// Longest line of version 1, its end included.
const V1_BYTES_MAX: usize = 107;
const V2_FIXED_BYTES: usize = 16;

/// Reads a head from the front of `input`: with the bytes it takes. `None`: more bytes are needed.
pub fn parse_proxy_head(input: &[u8]) -> Result<Option<(Proxied, usize)>, NoProxyHead> {
    let begins = |whole: &[u8]| {
        let common = whole.len().min(input.len());
        input.get(..common) == whole.get(..common)
    };
    if begins(SIGNATURE) {
        version_2(input)
    } else if begins(V1) {
        version_1(input)
    } else {
        Err(NoProxyHead)
    }
}

/// `PROXY TCP4 <source> <destination> <port> <port>` and CRLF, or `PROXY UNKNOWN` and anything.
fn version_1(input: &[u8]) -> Result<Option<(Proxied, usize)>, NoProxyHead> {
    let within = input.get(..V1_BYTES_MAX.min(input.len())).unwrap_or_default();
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return if input.len() < V1_BYTES_MAX { Ok(None) } else { Err(NoProxyHead) };
    };
    let line = std::str::from_utf8(within.get(V1.len()..end).unwrap_or_default()).map_err(|_| NoProxyHead)?;
    let mut words = line.split(' ');
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(Some((Proxied::Unknown, end + 2)));
    }
    let (Some(source), Some(destination), Some(from), Some(to), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Err(NoProxyHead);
    };
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse().ok().map(IpAddr::V4),
            "TCP6" => text.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
    match (address(source), address(destination)) {
        (Some(source), Some(_)) if port(from) && port(to) => Ok(Some((Proxied::Client(source), end + 2))),
        _ => Err(NoProxyHead),
    }
}

/// Signature, version and command, family, length, addresses, further fields.
fn version_2(input: &[u8]) -> Result<Option<(Proxied, usize)>, NoProxyHead> {
    let Some(fixed) = input.first_chunk::<V2_FIXED_BYTES>() else { return Ok(None) };
    let [.., version_command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let whole = V2_FIXED_BYTES + length;
    if whole > PROXY_HEAD_BYTES_MAX || version_command >> 4 != 2 {
        return Err(NoProxyHead);
    }
    let Some(body) = input.get(V2_FIXED_BYTES..whole) else { return Ok(None) };
    // Of an address's octets and both ports: what is shorter than its family says is no head.
    let proxied = match (version_command & 0xf, family) {
        (0, _) => Proxied::Itself,
        (1, 0x11) if length >= 12 => octets::<4>(body).map(|octets| Ipv4Addr::from(octets).into())?,
        (1, 0x21) if length >= 36 => octets::<16>(body).map(|octets| Ipv6Addr::from(octets).into())?,
        (1, 0x11 | 0x21) => return Err(NoProxyHead),
        (1, _) => Proxied::Unknown,
        _ => return Err(NoProxyHead),
    };
    Ok(Some((proxied, whole)))
}

fn octets<const N: usize>(body: &[u8]) -> Result<[u8; N], NoProxyHead> {
    body.first_chunk::<N>().copied().ok_or(NoProxyHead)
}

impl From<Ipv4Addr> for Proxied {
    fn from(address: Ipv4Addr) -> Self {
        Self::Client(IpAddr::V4(address))
    }
}

impl From<Ipv6Addr> for Proxied {
    fn from(address: Ipv6Addr) -> Self {
        Self::Client(IpAddr::V6(address))
    }
}
