//! Whether bytes are one event's frame, byte for byte as `event` makes it.
//!
//! For those who read frames from a disk; the server itself trusts the checksums. Whether the data is good JSON is
//! not asked here either.

use crate::event::{EventId, EventType};
use crate::sse::frame::{CHUNK_HEAD_BYTES, CHUNK_TAIL_BYTES, END, ID, ID_DIGITS_MAX, chunk_head, decimal};

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a chunk's size line and end that fit its length")]
    Chunk,
    #[error("an event line with the type that the entry says")]
    Kind,
    #[error("data that begins where the entry says")]
    Payload,
    #[error("data in one line")]
    Data,
    #[error("an id line with the entry's id at the end")]
    Id,
}

/// The data of the frame of event `id`. `kind` and `payload_offset`: what its entry says.
pub fn check(
    frame: &[u8],
    id: EventId,
    kind: Option<EventType>,
    payload_offset: usize,
) -> Result<&[u8], Malformed> {
    let block_bytes = frame.len().checked_sub(CHUNK_HEAD_BYTES + CHUNK_TAIL_BYTES).ok_or(Malformed::Chunk)?;
    let (head, rest) = frame.split_at(CHUNK_HEAD_BYTES);
    let block = rest.strip_suffix(b"\r\n").ok_or(Malformed::Chunk)?;
    if block_bytes > 0xffff || head != chunk_head(block_bytes) {
        return Err(Malformed::Chunk);
    }
    let mut digits = [0; ID_DIGITS_MAX];
    let block = block.strip_suffix(END).ok_or(Malformed::Id)?;
    let block = block.strip_suffix(decimal(&mut digits, id.0)).ok_or(Malformed::Id)?;
    let block = block.strip_suffix(ID).ok_or(Malformed::Id)?;
    let kind = kind.ok_or(Malformed::Kind)?;
    let block = block.strip_prefix(b"event: ").ok_or(Malformed::Kind)?;
    let block = block.strip_prefix(kind.name().as_bytes()).ok_or(Malformed::Kind)?;
    let data = block.strip_prefix(b"\ndata: ").ok_or(Malformed::Kind)?;
    if payload_offset != CHUNK_HEAD_BYTES + b"event: ".len() + kind.name().len() + b"\ndata: ".len() {
        return Err(Malformed::Payload);
    }
    if data.contains(&b'\n') || data.contains(&b'\r') { Err(Malformed::Data) } else { Ok(data) }
}
