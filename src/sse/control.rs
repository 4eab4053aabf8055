//! Control frames: greeting, gap, heartbeat, position, reconnect, and the last chunk.
//!
//! Each is a pure function of its arguments, so that a half-sent one can be made again and resumed at a byte
//! offset. When one is due is `hub`'s to know. The forms answer to what real clients were seen to do:
//! `retry:` never stands in a block of its own and a heartbeat has no blank line, for either makes some of
//! them hand out an empty message.

use crate::event::EventId;
use crate::json;
use crate::sse::Framing;
use crate::sse::frame::{CHUNK_HEAD_BYTES, chunk_head, push_decimal};

/// Characters of a text from outside that a control frame repeats.
const TEXT_CHARS_MAX: usize = 64;

/// The `gap` frame: events between the position and `earliest` are gone. Its id is `earliest - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap<'a> {
    /// The position as the client gave it; escaped here, cut to 64 characters.
    pub requested: &'a str,
    /// The first event that is kept.
    pub earliest: EventId,
    /// How many events of the whole log are gone, where that can be known.
    pub missed: Option<u64>,
}

/// The first block of a subscription. With a gap, the greeting has no `id:` line and the gap follows in the
/// same chunk.
#[derive(Debug, Clone, Copy)]
pub struct Greeting<'a> {
    pub retry_ms: u32,
    /// Opaque to the client; escaped here, cut to 64 characters.
    pub client_id: &'a str,
    /// The position the subscriber starts after.
    pub last_event_id: EventId,
    /// The first event that is kept, or that will be.
    pub earliest_event_id: EventId,
    /// Set when events between the client's position and the first that follows are gone.
    pub gap: Option<Gap<'a>>,
}

/// Why the server ends a subscription on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The server stops or drains.
    Shutdown,
    /// The token that opened the subscription is no longer good.
    TokenExpired,
    /// There is no room for this subscriber now.
    Capacity,
}

impl Reason {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::TokenExpired => "token_expired",
            Self::Capacity => "capacity",
        }
    }
}

/// The unnamed message that opens a subscription: retry time and position.
pub fn greeting(out: &mut Vec<u8>, framing: Framing, greeting: &Greeting<'_>) {
    chunk(out, framing, |out| {
        out.extend_from_slice(b"retry: ");
        push_decimal(out, greeting.retry_ms.into());
        out.extend_from_slice(b"\ndata: {\"type\":\"connected\",\"clientId\":");
        json::string(out, cut(greeting.client_id));
        out.extend_from_slice(b",\"lastEventId\":\"");
        push_decimal(out, greeting.last_event_id.0);
        out.extend_from_slice(b"\",\"earliestEventId\":\"");
        push_decimal(out, greeting.earliest_event_id.0);
        out.extend_from_slice(b"\"}");
        match &greeting.gap {
            // The position must not move before the client has read that something is missing.
            Some(gap) => {
                out.extend_from_slice(b"\n\n");
                gap_block(out, gap);
            }
            None => end_with_id(out, greeting.last_event_id),
        }
    });
}

/// `event: gap`, where a hole or retention is met on the way.
pub fn gap(out: &mut Vec<u8>, framing: Framing, gap: &Gap<'_>) {
    chunk(out, framing, |out| gap_block(out, gap));
}

/// `: hb\n`, no blank line.
pub fn heartbeat(out: &mut Vec<u8>, framing: Framing) {
    chunk(out, framing, |out| out.extend_from_slice(b": hb\n"));
}

/// `event: position`, for a quiet filtered subscriber.
pub fn position(out: &mut Vec<u8>, framing: Framing, last: EventId) {
    chunk(out, framing, |out| {
        out.extend_from_slice(b"event: position\ndata: {\"lastEventId\":\"");
        push_decimal(out, last.0);
        out.extend_from_slice(b"\"}");
        end_with_id(out, last);
    });
}

/// `event: reconnect`, before the server closes on purpose. It has no id: the position stays where it is.
pub fn reconnect(out: &mut Vec<u8>, framing: Framing, retry_ms: u32, reason: Reason) {
    chunk(out, framing, |out| {
        out.extend_from_slice(b"event: reconnect\nretry: ");
        push_decimal(out, retry_ms.into());
        out.extend_from_slice(b"\ndata: {\"reason\":\"");
        out.extend_from_slice(reason.name().as_bytes());
        out.extend_from_slice(b"\"}\n\n");
    });
}

/// The end of a chunked body; nothing for `Framing::Close`.
pub fn last_chunk(out: &mut Vec<u8>, framing: Framing) {
    if framing == Framing::Chunked {
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

fn gap_block(out: &mut Vec<u8>, gap: &Gap<'_>) {
    out.extend_from_slice(b"event: gap\ndata: {\"requested\":");
    json::string(out, cut(gap.requested));
    out.extend_from_slice(b",\"earliest\":\"");
    push_decimal(out, gap.earliest.0);
    out.extend_from_slice(b"\",\"missed\":");
    match gap.missed {
        Some(missed) => push_decimal(out, missed),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
    end_with_id(out, gap.earliest.previous());
}

fn end_with_id(out: &mut Vec<u8>, id: EventId) {
    out.extend_from_slice(b"\nid: ");
    push_decimal(out, id.0);
    out.extend_from_slice(b"\n\n");
}

/// Appends what `blocks` writes as one chunk.
fn chunk(out: &mut Vec<u8>, framing: Framing, blocks: impl FnOnce(&mut Vec<u8>)) {
    if framing == Framing::Close {
        return blocks(out);
    }
    let start = out.len();
    out.extend_from_slice(&chunk_head(0));
    blocks(out);
    let head = chunk_head(out.len() - start - CHUNK_HEAD_BYTES);
    out[start..start + CHUNK_HEAD_BYTES].copy_from_slice(&head);
    out.extend_from_slice(b"\r\n");
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
