//! Query strings (application/x-www-form-urlencoded, WHATWG URL section 5.1).
//!
//! As browsers do, `+` is a space and a `%` without two hexadecimal digits stands for itself. Unlike them,
//! what does not decode to UTF-8 is refused: a name that was replaced would be another name. What a pair
//! means is the caller's.

use crate::http::percent;

/// A query that has no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `pair` counts from 1. The text is not repeated: it may be a token.
    #[error("query parameter {pair} is not UTF-8 once it is percent-decoded; encode it as UTF-8")]
    NotUtf8 { pair: usize },
}

/// The decoded pairs of a query, in order. A pair takes a byte and a separator at the least, so the longest
/// target bounds their number.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, QueryError> {
    let written = query.split('&').filter(|pair| !pair.is_empty());
    written
        .enumerate()
        .map(|(index, pair)| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| String::from_utf8(decode(text));
            match (decode(name), decode(value)) {
                (Ok(name), Ok(value)) => Ok((name, value)),
                _ => Err(QueryError::NotUtf8 { pair: index + 1 }),
            }
        })
        .collect()
}

fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, percent::octet(after)) {
            (b'+', _) => decoded.push(b' '),
            (b'%', Some(octet)) => {
                decoded.push(octet);
                rest = &after[2..];
            }
            _ => decoded.push(*byte),
        }
    }
    decoded
}
