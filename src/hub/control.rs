//! Control frames as the hub schedules them; their bytes are `sse`'s.
//!
//! A frame is made when it is sent. Only where a socket takes half of one is the rest kept (`Hub::halves`), which is
//! rare and bounded by the number of subscribers; none starts inside a chunk.

use crate::event::EventId;
use crate::sse;

/// A frame that is not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    Heartbeat,
    /// A quiet filtered subscriber is told how far the log is.
    Position(EventId),
    /// Events after `after` are gone; the next is `earliest`.
    Gap {
        after: EventId,
        earliest: EventId,
        missed: Option<u64>,
    },
    /// The server closes on purpose; the last chunk follows in the same bytes.
    Reconnect {
        retry_ms: u32,
        reason: sse::Reason,
    },
}

impl Control {
    /// Appends the frame's bytes to `out`.
    pub fn encode(self, out: &mut Vec<u8>, framing: sse::Framing) {
        match self {
            Self::Heartbeat => sse::heartbeat(out, framing),
            Self::Position(last) => sse::position(out, framing, last),
            Self::Gap { after, earliest, missed } => {
                let requested = after.to_string();
                sse::gap(out, framing, &sse::Gap { requested: &requested, earliest, missed });
            }
            Self::Reconnect { retry_ms, reason } => {
                sse::reconnect(out, framing, retry_ms, reason);
                sse::last_chunk(out, framing);
            }
        }
    }
}
