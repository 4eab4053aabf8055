//! Origins and hosts: which pages of other sites may read answers and publish, and the rule against DNS
//! rebinding.
//!
//! An origin is judged by the browser's word for it, which a page cannot forge; a client that is no browser
//! sends none and is not this file's concern. Tokens and keys are not either.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Request headers that a page may send: those that the paths of this server read.
const ALLOWED_HEADERS: &str =
    "Authorization, Content-Type, Last-Event-ID, Cache-Control, Idempotency-Key, Prefer";
/// Answer headers that a page may read beyond the ones that every page may.
const EXPOSED_HEADERS: &str = "Location, Retry-After";
/// Seconds for which a browser may keep what a preflight said.
const MAX_AGE_SECONDS: &str = "600";

/// Which pages of other origins may read answers and publish.
#[derive(Debug, Clone)]
pub struct OriginPolicy {
    /// Allowed origins besides the page's own, as written by the operator (`https://app.example`), `*` never.
    pub allowed: Vec<String>,
    /// A keyless loopback listener: loopback origins are allowed too and `Host` must be loopback.
    pub loopback: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginVerdict {
    /// `Host` is not loopback on a keyless loopback listener: refused (403), against DNS rebinding.
    ForeignHost,
    /// No `Origin`, or the server's own: no CORS fields are needed.
    SameOrigin,
    /// CORS fields for this origin.
    Allowed(String),
    /// Not allowed: no CORS fields; publishing is 403.
    ForeignOrigin,
}

impl OriginPolicy {
    /// `host`: the host and port that the request is for, with the authority of an absolute-form target
    /// first. `None` is HTTP/1.0 without a `Host`, which no browser sends. `origin`: the `Origin` field.
    pub fn judge(&self, host: Option<&str>, origin: Option<&str>) -> OriginVerdict {
        if self.loopback && host.is_some_and(|host| !is_loopback(name_and_port(host).0)) {
            return OriginVerdict::ForeignHost;
        }
        let Some(origin) = origin else { return OriginVerdict::SameOrigin };
        // `null`, the origin of sandboxed frames and local files, is no URL and so foreign.
        let Some(asking) = Origin::parse(origin) else { return OriginVerdict::ForeignOrigin };
        if host.is_some_and(|host| asking.is_served_at(host)) {
            return OriginVerdict::SameOrigin;
        }
        let named = self.allowed.iter().any(|allowed| Origin::parse(allowed) == Some(asking));
        if named || self.loopback && asking.is_loopback() {
            return OriginVerdict::Allowed(origin.to_owned());
        }
        OriginVerdict::ForeignOrigin
    }

    /// The fields of an answer to an allowed origin (`Access-Control-Allow-Origin`, credentials, `Vary`,
    /// exposed).
    pub fn fields(origin: &str) -> Vec<(&'static str, String)> {
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Allow-Credentials", "true".to_owned()),
            ("Access-Control-Expose-Headers", EXPOSED_HEADERS.to_owned()),
            ("Vary", "Origin".to_owned()),
        ]
    }

    /// The further fields of an answer to a preflight for a path whose methods are `allow`.
    pub fn preflight_fields(allow: &str) -> Vec<(&'static str, String)> {
        vec![
            ("Access-Control-Allow-Methods", allow.to_owned()),
            ("Access-Control-Allow-Headers", ALLOWED_HEADERS.to_owned()),
            ("Access-Control-Max-Age", MAX_AGE_SECONDS.to_owned()),
        ]
    }
}

/// An origin in its parts (RFC 6454, section 6.2). Scheme and host are compared without regard to case, and a
/// missing port is the scheme's.
#[derive(Debug, Clone, Copy, Eq)]
struct Origin<'a> {
    scheme: &'a str,
    name: &'a str,
    port: Option<u16>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        // Operators write a slash at the end, browsers never do.
        let host = host.strip_suffix('/').unwrap_or(host);
        let (name, port) = name_and_port(host);
        let port = match port {
            None => default_port(scheme),
            Some(port) => Some(port_number(port)?),
        };
        let good = !scheme.is_empty() && !name.is_empty() && !name.contains(['/', '@', '*', '?', '#', ' ']);
        good.then_some(Self { scheme, name, port })
    }

    /// Whether this is the origin of pages served at `host`. The scheme is left out: a TLS proxy before us
    /// hides it.
    fn is_served_at(&self, host: &str) -> bool {
        let (name, port) = name_and_port(host);
        let default = default_port(self.scheme);
        let port = port.map_or(default, port_number);
        default.is_some() && self.name.eq_ignore_ascii_case(name) && self.port == port
    }

    fn is_loopback(&self) -> bool {
        let known = ["localhost", "127.0.0.1", "[::1]"];
        self.scheme.eq_ignore_ascii_case("http")
            && known.iter().any(|known| self.name.eq_ignore_ascii_case(known))
    }
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.name.eq_ignore_ascii_case(other.name)
            && self.port == other.port
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else if scheme.eq_ignore_ascii_case("https") {
        Some(443)
    } else {
        None
    }
}

/// Digits alone: `str::parse` takes a sign as well.
fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Host and port apart; the brackets of an IPv6 address stay. An empty port is none (RFC 3986, section
/// 6.2.3).
fn name_and_port(host: &str) -> (&str, Option<&str>) {
    let name_end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    match host[name_end..].find(':') {
        Some(colon) => {
            let (name, port) = host.split_at(name_end + colon);
            (name, Some(&port[1..]).filter(|port| !port.is_empty()))
        }
        None => (host, None),
    }
}

/// `localhost`, 127.0.0.0/8 in four numbers, or `[::1]`.
fn is_loopback(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse() == Ok(Ipv6Addr::LOCALHOST);
    }
    name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}
