//! How long a request's body is (RFC 9112, section 6), with every doubtful case refused.
//!
//! Where a proxy before us and we would disagree about a body's end, what one takes for its rest the other
//! takes for the next request. So Content-Length stands at most once, never beside Transfer-Encoding, and
//! that is `chunked`.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use crate::http::{BodyLength, RequestError, Version};
use crate::limits::BODY_BYTES_MAX;

/// The body's length; `None`: the request says nothing and has no body.
pub(super) fn body_length(version: Version, headers: &HeaderMap) -> Result<Option<BodyLength>, RequestError> {
    let encoded = headers.contains_key(TRANSFER_ENCODING);
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if encoded && length.is_some() {
        return Err(RequestError::LengthAndEncoding);
    }
    if lengths.next().is_some() {
        return Err(RequestError::ManyLengths);
    }
    if encoded {
        chunked(version, headers)?;
        return Ok(Some(BodyLength::Chunked));
    }
    let Some(length) = length else { return Ok(None) };
    let bytes = decimal(length.as_bytes()).ok_or(RequestError::BadLength)?;
    if bytes > BODY_BYTES_MAX as u64 {
        return Err(RequestError::BodyTooLong);
    }
    Ok(Some(BodyLength::Exact(bytes)))
}

/// Whether Transfer-Encoding is `chunked` and no more.
fn chunked(version: Version, headers: &HeaderMap) -> Result<(), RequestError> {
    if version == Version::Http10 {
        return Err(RequestError::EncodingInHttp10);
    }
    let mut codings = Vec::new();
    for line in headers.get_all(TRANSFER_ENCODING) {
        codings.extend(line.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii));
    }
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    match codings.split_last() {
        Some((last, [])) if is_chunked(last) => Ok(()),
        // The body's end is known, but not how to read it; chunked twice is forbidden (RFC 9112, section
        // 6.1).
        Some((last, before)) if is_chunked(last) && !before.iter().any(is_chunked) => {
            Err(RequestError::UnknownEncoding)
        }
        _ => Err(RequestError::NotChunkedLast),
    }
}

/// `1*DIGIT`, without the sign that `str::parse` takes.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}
