//! Request targets (RFC 9112, section 3.2): the forms, the path, the query, and hosts.
//!
//! A path is decoded once and never rewritten: a path with dot segments or encoded slashes, which a proxy
//! before us may have read otherwise, is refused. Which paths exist is `server`'s to know.

use http::Method;

use crate::http::RequestError;
use crate::http::percent;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The host and port of an absolute-form target.
    pub(super) authority: Option<&'a str>,
    /// Decoded, without the prefix `/v1`; `*` for a whole-server `OPTIONS`.
    pub(super) path: String,
    pub(super) query: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn parse(method: &Method, target: &'a str) -> Result<Self, RequestError> {
        if method == Method::CONNECT {
            return Err(RequestError::Connect);
        }
        if target == "*" && method == Method::OPTIONS {
            return Ok(Self { authority: None, path: "*".to_owned(), query: "" });
        }
        if target.starts_with('/') {
            let (path, query) = split_query(target);
            return Ok(Self { authority: None, path: decode_path(path)?, query });
        }
        let rest = after_scheme(target).ok_or(RequestError::BadTarget)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.is_empty() || !is_host(authority) {
            return Err(RequestError::BadTarget);
        }
        let (path, query) = split_query(rest);
        let path = match path {
            // RFC 9112, section 3.2.4: an OPTIONS for an address without a path is about the whole server.
            "" if method == Method::OPTIONS && rest.is_empty() => "*".to_owned(),
            "" => "/".to_owned(),
            _ => decode_path(path)?,
        };
        Ok(Self { authority: Some(authority), path, query })
    }
}

/// Whether `text` is a host with an optional port (RFC 9110, section 7.2); empty is. Names are held to
/// letters, digits and `-._~`: what else RFC 3986 allows there no real host has.
pub(super) fn is_host(text: &str) -> bool {
    let (host_is_good, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address.parse::<std::net::Ipv6Addr>().is_ok(), port),
            None => return false,
        },
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            (name.bytes().all(good) && (!name.is_empty() || port.is_empty()), port)
        }
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    host_is_good && port_is_good
}

fn after_scheme(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")).then_some(rest)
}

fn split_query(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

fn decode_path(raw: &str) -> Result<String, RequestError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        match percent::octet(rest).ok_or(RequestError::BadPercent)? {
            b'/' => return Err(RequestError::SlashInPath),
            octet if octet.is_ascii_control() => return Err(RequestError::ControlInPath),
            octet => decoded.push(octet),
        }
        rest = &rest[2..];
    }
    let path = String::from_utf8(decoded).map_err(|_| RequestError::PathNotUtf8)?;
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(RequestError::DotSegment);
    }
    Ok(match path.strip_prefix("/v1") {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    })
}
