//! HTTP/1.1 chunked transfer coding (RFC 9112, section 7.1), one chunk at a time, without keeping anything.
//! Chunk extensions and trailers are faults here: the contract has neither.

use std::ops::Range;

/// Longest chunk that is waited for. A frame has at most 60 KiB, but a chunk may hold several.
pub(crate) const CHUNK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Digits of `CHUNK_BYTES_MAX` and a few leading zeros.
const SIZE_DIGITS_MAX: usize = 8;

/// What the first bytes of a buffer are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Not yet a whole chunk; at least this many bytes more are needed.
    Need(usize),
    /// A chunk with its payload, ending before `end`. An empty payload is the last chunk.
    Whole { payload: Range<usize>, end: usize },
}

/// How a body breaks the chunked coding.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkError {
    #[error("a chunk's size line holds the byte {0:#04x}, which is no hexadecimal digit")]
    Digit(u8),
    #[error("a chunk's size line has no or too many digits")]
    Digits,
    #[error("a chunk of {0} bytes is longer than any this client waits for")]
    TooLong(usize),
    #[error("a chunk's size line or payload is not followed by CR LF")]
    NoCrLf,
}

/// Looks at the chunk that `bytes` begins with.
pub(crate) fn extent(bytes: &[u8]) -> Result<Extent, ChunkError> {
    let (size, head) = match size_line(bytes)? {
        Some(line) => line,
        None => return Ok(Extent::Need(1)),
    };
    let payload_end = head + size;
    let end = payload_end + 2;
    if bytes.len() < end {
        return Ok(Extent::Need(end - bytes.len()));
    }
    if bytes.get(payload_end..end) != Some(b"\r\n") {
        return Err(ChunkError::NoCrLf);
    }
    Ok(Extent::Whole { payload: head..payload_end, end })
}

/// The chunk's size and the length of its size line; `None` while the line is not whole.
fn size_line(bytes: &[u8]) -> Result<Option<(usize, usize)>, ChunkError> {
    let mut size = 0usize;
    for (digits, &byte) in bytes.iter().enumerate() {
        if byte == b'\r' {
            if digits == 0 {
                return Err(ChunkError::Digits);
            }
            return match bytes.get(digits + 1) {
                None => Ok(None),
                Some(b'\n') => Ok(Some((size, digits + 2))),
                Some(_) => Err(ChunkError::NoCrLf),
            };
        }
        if digits == SIZE_DIGITS_MAX {
            return Err(ChunkError::Digits);
        }
        let digit = char::from(byte).to_digit(16).ok_or(ChunkError::Digit(byte))?;
        size = size * 16 + digit as usize;
        if size > CHUNK_BYTES_MAX {
            return Err(ChunkError::TooLong(size));
        }
    }
    Ok(None)
}
