//! The hops that proxies say a request came over: `X-Forwarded-For`, and the `for` of `Forwarded` (RFC 7239).
//!
//! Hops come from the last one back. Which of them is believed is for whoever knows the proxies. Unlike other lists
//! these are read strictly: of a hop that makes no sense nothing is guessed.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderValue};

use crate::http::list::unquoted_split;

pub const X_FORWARDED_FOR: &str = "x-forwarded-for";
pub const FORWARDED: &str = "forwarded";

/// One hop; `None` where its address is not said (`unknown`, a made-up name) or is not understood.
pub type Hop = Option<IpAddr>;

/// The hops of all `X-Forwarded-For` lines, the last first.
pub fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    lines.flat_map(|line| text(line).rsplit(',').map(|hop| node(hop.trim_matches([' ', '\t']))))
}

/// The hops of all `Forwarded` lines, the last first. An element without `for` is a hop that says nothing.
pub fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let lines = headers.get_all(FORWARDED).iter().rev();
    lines.flat_map(|line| {
        let elements: Vec<_> = unquoted_split(text(line), ',').collect();
        elements.into_iter().rev().map(element)
    })
}

/// What is not text is one hop that makes no sense.
fn text(line: &HeaderValue) -> &str {
    line.to_str().unwrap_or("?")
}

/// The `for` of one element: once, and a token or a whole quoted string.
fn element(element: &str) -> Hop {
    let mut found = None;
    for pair in unquoted_split(element, ';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        // A quote that another pair leaves open would swallow what the proxy put behind it.
        let value = plain(value)?;
        if name.eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            found = Some(value);
        }
    }
    node(found?)
}

/// A token, or the inside of a whole quoted string; no address holds what would have to be escaped there.
fn plain(value: &str) -> Option<&str> {
    let inside = match value.strip_prefix('"') {
        None => value,
        Some(quoted) => quoted.strip_suffix('"')?,
    };
    (!inside.contains(['"', '\\'])).then_some(inside)
}

/// An address, perhaps with a port; one of IPv6 perhaps in brackets, and with a port always so.
fn node(text: &str) -> Hop {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, port) = rest.split_once(']')?;
        let address: Ipv6Addr = inside.parse().ok()?;
        return (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
            .then(|| IpAddr::V6(address).to_canonical());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port) = text.rsplit_once(':')?;
    if is_port(port) { address.parse().ok().map(IpAddr::V4) } else { None }
}

/// A number, or a made-up name as RFC 7239, section 6.3 has it.
fn is_port(text: &str) -> bool {
    let obscured = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let number = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    number || text.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(obscured))
}
