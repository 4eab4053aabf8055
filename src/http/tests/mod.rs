//! Tests of requests and answers, through the public face of the module.

mod bodies;
mod bodies_refused;
mod body_splits;
mod errors;
mod forwarded;
mod head_limits;
mod head_splits;
mod heads;
mod heads_refused;
mod lengths;
mod negotiation;
mod proxy_heads;
mod queries;
mod replies;
mod targets;

use crate::http::{Head, HeadReader, RequestError, parse_head};

/// Reads a head that arrives a byte at a time; how many bytes it took to decide.
fn drip(input: &[u8]) -> (Result<Option<Head>, RequestError>, usize) {
    let mut reader = HeadReader::default();
    for length in 0..=input.len() {
        let outcome = reader.read(&input[..length]);
        if outcome != Ok(None) {
            return (outcome, length);
        }
    }
    (Ok(None), input.len())
}

/// Parses a head whole, after having made sure that a byte at a time comes to the same.
#[track_caller]
fn parse(input: &str) -> Result<Option<Head>, RequestError> {
    let whole = parse_head(input.as_bytes());
    assert_eq!(drip(input.as_bytes()).0, whole, "dripped {input:?}");
    whole
}

/// A head with these further field lines.
fn with_fields(request_line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{request_line}\r\n{fields}\r\n")
}
