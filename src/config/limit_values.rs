//! From the text of a limit to its value.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::limit_choices::Choice;
use crate::config::{ValueError, values};
use crate::throttle::{Rate, RateError};

const CONNECTIONS_MAX: u64 = 1_000_000;

/// A count, 0 for none, or `auto`.
pub(in crate::config) fn count(text: &str) -> Result<Choice<u32>, ValueError> {
    if text == "auto" {
        return Ok(Choice::Auto);
    }
    let count = values::number(text, 0, CONNECTIONS_MAX, "")? as u32;
    Ok(if count == 0 { Choice::Off } else { Choice::Set(count) })
}

/// `COUNT/s:BURST` or `COUNT/m:BURST`, `off` or 0, `auto`.
pub(in crate::config) fn rate(text: &str) -> Result<Choice<Rate>, ValueError> {
    match text {
        "auto" => return Ok(Choice::Auto),
        "off" | "0" => return Ok(Choice::Off),
        _ => {}
    }
    let (count, rest) = text.split_once('/').ok_or(ValueError::Rate)?;
    let (unit, burst) = rest.split_once(':').ok_or(ValueError::Rate)?;
    let number = |text: &str| match values::number(text, 0, u64::from(u32::MAX), "") {
        Ok(number) => Ok(number as u32),
        Err(_) => Err(ValueError::Rate),
    };
    let (count, burst) = (number(count)?, number(burst)?);
    let rate = match unit {
        "s" => Rate::per_second(count, burst),
        "m" => Rate::per_minute(count, burst),
        _ => return Err(ValueError::Rate),
    };
    rate.map(Choice::Set).map_err(|problem: RateError| ValueError::RateRange { problem })
}

/// A range of addresses, or one.
pub(in crate::config) fn range(text: &str) -> Result<IpNet, ValueError> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let range: IpNet = text.parse().map_err(|_| ValueError::Cidr)?;
    // Addresses are compared as IPv4 where they are: a range written otherwise would match none.
    let mapped = matches!(range, IpNet::V6(range) if range.addr().to_ipv4_mapped().is_some());
    if mapped { Err(ValueError::Cidr) } else { Ok(range) }
}
