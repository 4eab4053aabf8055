//! A whole HTTP response with its body, and the event ids in a publish answer. Bodies end by `Content-Length`
//! or by the chunked coding; a body that ends with the connection is a fault, for the contract keeps
//! connections open.

use memchr::memmem;

use crate::client::chunk::{ChunkError, Extent, extent};
use crate::client::head::{Head, HeadError};

/// Longest body that is waited for.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The server closes the connection after this answer.
    pub(crate) closes: bool,
}

/// How an answer is broken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResponseError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    #[error("an answer of status {status} says neither Content-Length nor chunked")]
    NoLength { status: u16 },
    #[error("an answer's body is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
}

impl Response {
    /// The response that `bytes` begins with, and its length; `None` while it is not whole.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Response, usize)>, ResponseError> {
        let Some((head, head_bytes)) = Head::parse(bytes)? else { return Ok(None) };
        let rest = bytes.get(head_bytes..).unwrap_or_default();
        let found = if head.is_chunked() { chunked_body(rest)? } else { counted_body(&head, rest)? };
        let closes = head.field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(found.map(|(body, length)| (Response { status: head.status, body, closes }, head_bytes + length)))
    }

    /// The body as text for messages, cut to a readable length.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(200).collect()
    }
}

fn counted_body(head: &Head<'_>, rest: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ResponseError> {
    if matches!(head.status, 100..=199 | 204 | 304) {
        return Ok(Some((Vec::new(), 0)));
    }
    let length = head.field("Content-Length").and_then(|value| value.parse::<usize>().ok());
    let length = length.ok_or(ResponseError::NoLength { status: head.status })?;
    if length > BODY_BYTES_MAX {
        return Err(ResponseError::TooLong);
    }
    Ok(rest.get(..length).map(|body| (body.to_vec(), length)))
}

fn chunked_body(rest: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ResponseError> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let bytes = rest.get(at..).unwrap_or_default();
        let Extent::Whole { payload, end } = extent(bytes)? else { return Ok(None) };
        at += end;
        if payload.is_empty() {
            return Ok(Some((body, at)));
        }
        body.extend_from_slice(bytes.get(payload).unwrap_or_default());
        if body.len() > BODY_BYTES_MAX {
            return Err(ResponseError::TooLong);
        }
    }
}

/// The event ids of a publish answer, in order: one of a single event, all of a batch.
pub(crate) fn event_ids(body: &[u8]) -> impl Iterator<Item = u64> + '_ {
    const MARK: &[u8] = b"\"eventId\":\"";
    memmem::find_iter(body, MARK).filter_map(|at| {
        let digits = body.get(at + MARK.len()..)?;
        let end = memchr::memchr(b'"', digits)?;
        let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
        digits.iter().try_fold(0_u64, |id, digit| {
            let digit = u64::from(digit.wrapping_sub(b'0'));
            id.checked_mul(10)?.checked_add(digit).filter(|_| digit < 10)
        })
    })
}
