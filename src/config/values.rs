//! From a setting's text to its value. One function for each kind of value; none knows where the text came from.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::ValueError;
use crate::limits;
use crate::log::Durability;
use crate::server::SendMethod;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const INTERVAL_MS_MAX: u64 = 60_000;
/// A page and a disk block: the parts of a segment file lie on such borders.
const SEGMENT_STEP: u64 = 4096;
/// More than any disk: 1 EiB.
const SIZE_MAX: u64 = 1 << 60;
const DAY_S: u64 = 86_400;
const AGE_DAYS_MAX: u64 = 36_500;
const RATE_MAX: u64 = 1 << 30;

pub(in crate::config) fn address(text: &str) -> Result<SocketAddr, ValueError> {
    text.parse().map_err(|_| ValueError::Address)
}

pub(in crate::config) fn directory(text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() { Err(ValueError::EmptyPath) } else { Ok(PathBuf::from(text)) }
}

pub(in crate::config) fn file(text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() { Err(ValueError::EmptyFile) } else { Ok(PathBuf::from(text)) }
}

pub(in crate::config) fn name(text: &str) -> Result<String, ValueError> {
    if text.is_empty() { Err(ValueError::EmptyName) } else { Ok(text.to_owned()) }
}

/// A whole number of `unit` (with its leading space, or empty) from `min` to `max`.
pub(in crate::config) fn number(
    text: &str,
    min: u64,
    max: u64,
    unit: &'static str,
) -> Result<u64, ValueError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value: u64 = digits.then(|| text.parse().unwrap_or(u64::MAX)).ok_or(ValueError::Number { unit })?;
    if (min..=max).contains(&value) { Ok(value) } else { Err(ValueError::Range { min, max, unit }) }
}

pub(in crate::config) fn milliseconds(text: &str, min: u64, max: u64) -> Result<u64, ValueError> {
    number(text, min, max, " milliseconds")
}

/// A count from 1 to `max`.
pub(in crate::config) fn count(text: &str, max: usize) -> Result<usize, ValueError> {
    number(text, 1, max as u64, "").map(|value| value as usize)
}

/// A count from 1 to `max`, or `auto`.
pub(in crate::config) fn count_or_auto(text: &str, max: usize) -> Result<Option<usize>, ValueError> {
    if text == "auto" { Ok(None) } else { count(text, max).map(Some) }
}

pub(in crate::config) fn switch(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ValueError::Choice { choices: "true or false" }),
    }
}

/// Bytes: a number, perhaps with a binary suffix.
fn bytes(text: &str) -> Result<u64, ValueError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, suffix) = text.split_at(digits);
    let factor: u64 = match suffix.trim_start().to_ascii_lowercase().as_str() {
        "" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return Err(ValueError::Size),
    };
    Ok(number.parse::<u64>().map_err(|_| ValueError::Size)?.saturating_mul(factor))
}

/// Room on a disk.
pub(in crate::config) fn size(text: &str) -> Result<u64, ValueError> {
    match bytes(text)? {
        value if value <= SIZE_MAX => Ok(value),
        _ => Err(ValueError::Range { min: 0, max: SIZE_MAX >> 40, unit: " TiB" }),
    }
}

pub(in crate::config) fn size_or_none(text: &str) -> Result<Option<u64>, ValueError> {
    if text == "none" { Ok(None) } else { size(text).map(Some) }
}

/// An age in milliseconds from a number with its unit, or `none`.
pub(in crate::config) fn age_ms_or_none(text: &str) -> Result<Option<u64>, ValueError> {
    if text == "none" {
        return Ok(None);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds: u64 = match unit.trim_start() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => DAY_S,
        _ => return Err(ValueError::Age),
    };
    let age_s = number.parse::<u64>().map_err(|_| ValueError::Age)?.saturating_mul(seconds);
    if (1..=AGE_DAYS_MAX * DAY_S).contains(&age_s) {
        Ok(Some(age_s * 1000))
    } else {
        Err(ValueError::AgeRange { days: AGE_DAYS_MAX })
    }
}

/// A time in seconds from a number with its unit.
pub(in crate::config) fn age_s(text: &str) -> Result<u64, ValueError> {
    age_ms_or_none(text)?.map(|age_ms| age_ms / 1000).ok_or(ValueError::Age)
}

/// Bytes a second, at most 1 GiB of them; 0 is off.
pub(in crate::config) fn rate(text: &str) -> Result<u64, ValueError> {
    let (value, max) = (bytes(text)?, RATE_MAX);
    if value <= max { Ok(value) } else { Err(ValueError::Range { min: 0, max: max >> 20, unit: " MiB" }) }
}

/// A segment's size: bytes, or a number with a binary suffix.
pub(in crate::config) fn segment_bytes(text: &str) -> Result<u64, ValueError> {
    let value = bytes(text)?;
    let (min, max) = (limits::SEGMENT_BYTES_MIN, limits::SEGMENT_BYTES_MAX);
    if !(min..=max).contains(&value) {
        return Err(ValueError::Range { min: min >> 20, max: max >> 20, unit: " MiB" });
    }
    match value % SEGMENT_STEP {
        0 => Ok(value),
        over => Err(ValueError::Step { step: SEGMENT_STEP, below: value - over }),
    }
}

pub(in crate::config) fn durability(text: &str) -> Result<Durability, ValueError> {
    const UNKNOWN: ValueError =
        ValueError::Choice { choices: "commit, interval:<milliseconds> (like interval:50) or none" };
    match text.split_once(':') {
        None if text == "commit" => Ok(Durability::Commit),
        None if text == "none" => Ok(Durability::None),
        Some(("interval", ms)) => match milliseconds(ms, 1, INTERVAL_MS_MAX) {
            Err(ValueError::Number { .. }) => Err(UNKNOWN),
            ms => Ok(Durability::Interval { ms: ms? }),
        },
        _ => Err(UNKNOWN),
    }
}

pub(in crate::config) fn send_method(text: &str) -> Result<SendMethod, ValueError> {
    match text {
        "auto" => Ok(SendMethod::Auto),
        "ring" => Ok(SendMethod::Ring),
        "plain" => Ok(SendMethod::Plain),
        _ => Err(ValueError::Choice { choices: "auto, ring or plain" }),
    }
}

/// Whether diagnostics are JSON lines.
pub(in crate::config) fn log_json(text: &str) -> Result<bool, ValueError> {
    match text {
        "human" => Ok(false),
        "json" => Ok(true),
        _ => Err(ValueError::Choice { choices: "human or json" }),
    }
}

/// A level, or a comma list of levels and `target=level`. Checked here because a misspelt level would otherwise be
/// taken for the name of a target and silence everything else.
pub(in crate::config) fn log_filter(text: &str) -> Result<String, ValueError> {
    let known = |level: &str| LEVELS.iter().any(|name| name.eq_ignore_ascii_case(level));
    let good = |item: &str| match item.split_once('=') {
        None => known(item),
        Some((target, level)) => {
            let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-');
            !target.is_empty() && target.bytes().all(named) && known(level)
        }
    };
    if text.split(',').all(|item| good(item.trim())) { Ok(text.to_owned()) } else { Err(ValueError::Filter) }
}

/// An origin as a browser writes it (RFC 6454, section 6.2): scheme, host, port; never `*`, which would let any page
/// read and publish.
pub(in crate::config) fn origin(text: &str) -> Result<String, ValueError> {
    let (scheme, host) = text.split_once("://").ok_or(ValueError::Origin)?;
    let visible =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'*' | b',');
    if matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(visible) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(ValueError::Origin)
    }
}

/// The address of a server, as the client commands take it: scheme, host, perhaps a port and the path of a proxy.
/// Given back without a slash at its end.
pub(in crate::config) fn url(text: &str) -> Result<String, ValueError> {
    let (scheme, rest) = text.split_once("://").ok_or(ValueError::Url)?;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let visible = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@');
    let authority = rest.split('/').next().unwrap_or_default();
    // The colons of an IPv6 address stand within its brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let host_known = bracketed || !(host.is_empty() || host.contains(['[', ']', ':']));
    let port_known = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if known && host_known && port_known && rest.bytes().all(visible) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(ValueError::Url)
    }
}
