//! The incremental decoder of one subscription: response head, chunks, frames, from pieces of any length. It
//! checks every byte against the contract and keeps only what the last piece left unfinished, so that ten
//! thousand idle subscriptions cost the tool next to nothing.

use crate::client::chunk::{ChunkError, Extent, extent};
use crate::client::frame::{Frame, FrameError, next_frame};
use crate::client::head::{Head, HeadError};

/// Reads one response of `GET /events/subscribe`.
#[derive(Debug)]
pub(crate) struct Decoder {
    phase: Phase,
    /// The beginning of a head or of a chunk that is not whole yet.
    pending: Vec<u8>,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    /// The greeting, or a refusal by `reconnect`.
    Greeting,
    /// The greeting had no id: the gap must follow in its chunk.
    Gap,
    Live,
    /// After `reconnect`: only the last chunk.
    Closing,
    Ended,
}

/// How a stream breaks the contract, or why it is not one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("the subscription was answered with status {status}: {body}")]
    Status { status: u16, body: String },
    #[error("the response head lacks {field}: {wanted}")]
    Field { field: &'static str, wanted: &'static str },
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a frame came where the contract has none of its kind: {found} while waiting for {phase}")]
    Order { found: &'static str, phase: &'static str },
    #[error("bytes follow the last chunk")]
    AfterEnd,
}

impl Decoder {
    pub(crate) fn new() -> Decoder {
        Decoder { phase: Phase::Head, pending: Vec::new() }
    }

    /// Takes the next bytes of the stream and hands each whole frame to `sink`.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        if self.phase == Phase::Head {
            return self.feed_head(bytes, sink);
        }
        let mut rest = bytes;
        while !rest.is_empty() || !self.pending.is_empty() {
            if self.phase == Phase::Ended {
                return Err(StreamError::AfterEnd);
            }
            // A chunk begun in an earlier piece is completed first, and only it is copied.
            let looked_at = if self.pending.is_empty() { rest } else { self.pending.as_slice() };
            match extent(looked_at)? {
                Extent::Need(_) if rest.is_empty() => break,
                Extent::Need(_) if self.pending.is_empty() => {
                    self.pending.extend_from_slice(rest);
                    break;
                }
                Extent::Need(count) => {
                    let (head, tail) = rest.split_at(count.min(rest.len()));
                    self.pending.extend_from_slice(head);
                    rest = tail;
                }
                Extent::Whole { payload, end } if self.pending.is_empty() => {
                    self.phase = chunk_frames(self.phase, rest.get(payload).unwrap_or_default(), sink)?;
                    rest = rest.get(end..).unwrap_or_default();
                }
                Extent::Whole { payload, .. } => {
                    let chunk = std::mem::take(&mut self.pending);
                    self.phase = chunk_frames(self.phase, chunk.get(payload).unwrap_or_default(), sink)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the next byte begins a chunk of a stream that was greeted and goes on.
    pub(crate) fn is_between_chunks(&self) -> bool {
        self.phase == Phase::Live && self.pending.is_empty()
    }

    /// Bytes that the chunk under way needs at the least before it can be whole; none without one.
    pub(crate) fn lacks(&self) -> Option<usize> {
        if self.phase == Phase::Head || self.pending.is_empty() {
            return None;
        }
        match extent(&self.pending) {
            Ok(Extent::Need(count)) => Some(count),
            // For feeding to tell.
            Ok(Extent::Whole { .. }) | Err(_) => None,
        }
    }

    /// The last chunk has come: the server ended the stream in good order.
    pub(crate) fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    fn feed_head(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        self.pending.extend_from_slice(bytes);
        let Some((head, length)) = Head::parse(&self.pending)? else { return Ok(()) };
        let begun = self.pending.get(length..).unwrap_or_default();
        check_head(&head, begun)?;
        let body = begun.to_vec();
        self.pending = Vec::new();
        self.phase = Phase::Greeting;
        self.feed(&body, sink)
    }
}

fn check_head(head: &Head<'_>, begun: &[u8]) -> Result<(), StreamError> {
    if head.status != 200 {
        let body = String::from_utf8_lossy(begun).chars().take(200).collect();
        return Err(StreamError::Status { status: head.status, body });
    }
    const FIELDS: [(&str, &str); 4] = [
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("Cache-Control", "no-cache, no-transform"),
        ("X-Accel-Buffering", "no"),
        ("Transfer-Encoding", "chunked"),
    ];
    for (field, wanted) in FIELDS {
        if head.field(field) != Some(wanted) {
            return Err(StreamError::Field { field, wanted });
        }
    }
    Ok(())
}

/// Hands on the frames of one chunk and returns the phase after it. An empty payload is the last chunk.
fn chunk_frames(phase: Phase, payload: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<Phase, StreamError> {
    if payload.is_empty() {
        return match phase {
            Phase::Greeting | Phase::Gap => {
                Err(StreamError::Order { found: "the end", phase: phase.waits_for() })
            }
            _ => Ok(Phase::Ended),
        };
    }
    let mut phase = phase;
    let mut at = 0;
    while at < payload.len() {
        let (frame, length) = next_frame(payload.get(at..).unwrap_or_default())?;
        phase = phase.after(&frame)?;
        at += length;
        sink(frame);
    }
    match phase {
        Phase::Gap => Err(StreamError::Order { found: "the chunk's end", phase: phase.waits_for() }),
        _ => Ok(phase),
    }
}

impl Phase {
    fn after(self, frame: &Frame<'_>) -> Result<Phase, StreamError> {
        match (self, frame) {
            (Phase::Greeting, Frame::Greeting { has_id: true, .. }) => Ok(Phase::Live),
            (Phase::Greeting, Frame::Greeting { has_id: false, .. }) => Ok(Phase::Gap),
            (Phase::Gap, Frame::Gap { .. }) => Ok(Phase::Live),
            (Phase::Greeting | Phase::Live, Frame::Reconnect { .. }) => Ok(Phase::Closing),
            (
                Phase::Live,
                Frame::Event { .. } | Frame::Gap { .. } | Frame::Position { .. } | Frame::Heartbeat,
            ) => Ok(Phase::Live),
            (phase, frame) => Err(StreamError::Order { found: name(frame), phase: phase.waits_for() }),
        }
    }

    fn waits_for(self) -> &'static str {
        match self {
            Phase::Head => "the head",
            Phase::Greeting => "the greeting",
            Phase::Gap => "the gap that a greeting without id announces",
            Phase::Live => "events",
            Phase::Closing | Phase::Ended => "the end",
        }
    }
}

fn name(frame: &Frame<'_>) -> &'static str {
    match frame {
        Frame::Greeting { .. } => "a greeting",
        Frame::Event { .. } => "an event",
        Frame::Gap { .. } => "a gap",
        Frame::Position { .. } => "a position",
        Frame::Reconnect { .. } => "a reconnect",
        Frame::Heartbeat => "a heartbeat",
    }
}
