//! Server-Sent Events on the wire (WHATWG HTML, section 9.2): event frames, control frames, and a decoder for
//! clients.
//!
//! The export list. Frames carry their HTTP/1.1 chunk framing (RFC 9112, section 7.1) so that the log can be
//! sent as it lies. This module does no input or output.

mod check;
mod control;
mod decode;
mod frame;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use check::{Malformed, check};
pub use control::{Gap, Greeting, Reason, gap, greeting, heartbeat, last_chunk, position, reconnect};
pub use decode::{DecodeError, Decoder, Event};
pub use frame::{
    CHUNK_HEAD_BYTES, CHUNK_TAIL_BYTES, FrameLayout, FrameTooLong, Framing, event, payload, push_decimal,
    unchunked,
};
