//! Event frames: one chunk, `event:`, one `data:` line, `id:` last.
//!
//! A frame is what the log keeps and what the wire carries, so its bytes are the same for every subscriber
//! and every replay. `id:` stands last so that a connection cut inside the data does not move a client past
//! an event it lost. Whether the data is good JSON is not asked here.

use crate::event::{EventId, EventType};
use crate::limits::{FRAME_BYTES_MAX, FRAME_OVERHEAD_MAX};

/// How a response body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// HTTP/1.1: chunked; a chunk holds whole frames.
    Chunked,
    /// HTTP/1.0: the body ends with the connection.
    Close,
}

/// `hhhh\r\n` before a block; four hexadecimal digits always.
pub const CHUNK_HEAD_BYTES: usize = 6;
/// The `\r\n` behind a block.
pub const CHUNK_TAIL_BYTES: usize = 2;

const EVENT: &[u8] = b"event: ";
const DATA: &[u8] = b"\ndata: ";
pub(super) const ID: &[u8] = b"\nid: ";
pub(super) const END: &[u8] = b"\n\n";
pub(super) const ID_DIGITS_MAX: usize = 20;
const KIND_BYTES_MAX: usize = 20;

const OVERHEAD: usize = CHUNK_HEAD_BYTES
    + EVENT.len()
    + KIND_BYTES_MAX
    + DATA.len()
    + ID.len()
    + ID_DIGITS_MAX
    + END.len()
    + CHUNK_TAIL_BYTES;

const _: () = assert!(OVERHEAD <= FRAME_OVERHEAD_MAX);
const _: () = assert!(FRAME_BYTES_MAX <= 0xffff, "four hexadecimal digits say a chunk's length");
const _: () = {
    let mut each = 0;
    while each < EventType::ALL.len() {
        assert!(EventType::ALL[each].name().len() <= KIND_BYTES_MAX, "the payload offset has a bound");
        each += 1;
    }
};

/// What an index entry says of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLayout {
    /// The whole frame, chunk framing included.
    pub frame_bytes: usize,
    /// Where the data begins within the frame.
    pub payload_offset: u8,
}

/// The frame would be over `limits::FRAME_BYTES_MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is {bytes} bytes long on the wire; at most {max} are allowed")]
pub struct FrameTooLong {
    pub bytes: usize,
    pub max: usize,
}

/// Appends one event's frame to `out`, chunk framing included: `event: <type>\ndata: <data>\nid: <id>\n\n`.
/// `data` is one line (no CR, LF). Nothing is appended when the frame would be too long.
pub fn event(
    out: &mut Vec<u8>,
    id: EventId,
    kind: EventType,
    data: &[u8],
) -> Result<FrameLayout, FrameTooLong> {
    debug_assert!(!data.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "data is one line");
    let name = kind.name().as_bytes();
    let mut digits = [0; ID_DIGITS_MAX];
    let id = decimal(&mut digits, id.0);

    let payload_offset = CHUNK_HEAD_BYTES + EVENT.len() + name.len() + DATA.len();
    let frame_bytes = payload_offset + data.len() + ID.len() + id.len() + END.len() + CHUNK_TAIL_BYTES;
    if frame_bytes > FRAME_BYTES_MAX {
        return Err(FrameTooLong { bytes: frame_bytes, max: FRAME_BYTES_MAX });
    }
    out.reserve(frame_bytes);
    out.extend_from_slice(&chunk_head(frame_bytes - CHUNK_HEAD_BYTES - CHUNK_TAIL_BYTES));
    for part in [EVENT, name, DATA, data, ID, id, END, b"\r\n"] {
        out.extend_from_slice(part);
    }
    Ok(FrameLayout { frame_bytes, payload_offset: payload_offset as u8 })
}

/// The data within a frame, by the payload offset of its entry. Empty when `frame` is none of ours.
pub fn payload(frame: &[u8], payload_offset: usize) -> &[u8] {
    let Some(block) = frame.len().checked_sub(END.len() + CHUNK_TAIL_BYTES).and_then(|end| frame.get(..end))
    else {
        return &[];
    };
    // From behind: the id is short, the data may be long.
    let Some(end) = block.iter().rposition(|&byte| byte == b'\n') else { return &[] };
    block.get(payload_offset..end).unwrap_or_default()
}

/// A frame without its chunk framing, for HTTP/1.0. Empty when `frame` is too short to be one.
pub fn unchunked(frame: &[u8]) -> &[u8] {
    let end = frame.len().saturating_sub(CHUNK_TAIL_BYTES);
    frame.get(CHUNK_HEAD_BYTES..end).unwrap_or_default()
}

/// `hhhh\r\n`. `bytes` is at most 0xffff.
pub(super) fn chunk_head(bytes: usize) -> [u8; CHUNK_HEAD_BYTES] {
    debug_assert!(bytes <= 0xffff);
    let digit = |shift: u32| b"0123456789abcdef"[(bytes >> shift) & 0x0f];
    [digit(12), digit(8), digit(4), digit(0), b'\r', b'\n']
}

/// `number` in decimal, at the end of `digits`.
pub(super) fn decimal(digits: &mut [u8; ID_DIGITS_MAX], mut number: u64) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}

/// Appends `number` in decimal digits.
pub fn push_decimal(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(decimal(&mut [0; ID_DIGITS_MAX], number));
}
