//! The decoder of a rival's stream. It is as lenient as an EventSource where the rival may choose (field
//! order, blanks, plain or chunked bodies) and exact about what counts: each event is handed on once, whole,
//! in the order it came. Ids are not read; accounting gives events their place in the order.

use memchr::memchr;

use crate::client::chunk::{CHUNK_BYTES_MAX, ChunkError};
use crate::client::decoder::StreamError;
use crate::client::dialect::Dialect;
use crate::client::frame::{Frame, FrameError};
use crate::client::head::Head;

/// Longest line, or event of a JSON array, that is waited for.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// Reads one subscription of Nchan or Durable Streams.
#[derive(Debug)]
pub(crate) struct RivalDecoder {
    framing: Framing,
    text: Text,
    /// The beginning of the head or of a chunk's size line.
    pending: Vec<u8>,
}

/// How the body's bytes are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Head,
    /// Until the connection ends.
    Plain,
    SizeLine,
    /// Bytes of the chunk that are still to come.
    Chunk(usize),
    /// Of the CR LF after a chunk, this many bytes.
    ChunkEnd(usize),
    Ended,
}

/// The event stream inside the body.
#[derive(Debug)]
struct Text {
    dialect: Dialect,
    greeted: bool,
    /// Between the brackets of a JSON array of events.
    in_array: bool,
    carry: Vec<u8>,
}

impl RivalDecoder {
    pub(crate) fn new(dialect: Dialect) -> RivalDecoder {
        let text = Text { dialect, greeted: false, in_array: false, carry: Vec::new() };
        RivalDecoder { framing: Framing::Head, text, pending: Vec::new() }
    }

    /// Takes the next bytes of the stream and hands each whole frame to `sink`. Events have the id 0.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.framing {
                Framing::Head => self.head(rest)?,
                Framing::Plain => {
                    self.text.feed(rest, sink)?;
                    &[]
                }
                Framing::SizeLine => self.size_line(rest)?,
                Framing::Chunk(left) => {
                    let (payload, after) = rest.split_at(left.min(rest.len()));
                    self.text.feed(payload, sink)?;
                    let left = left - payload.len();
                    self.framing = if left == 0 { Framing::ChunkEnd(2) } else { Framing::Chunk(left) };
                    after
                }
                Framing::ChunkEnd(left) => {
                    let (_, after) = rest.split_at(left.min(rest.len()));
                    let left = left - (rest.len() - after.len());
                    self.framing = if left == 0 { Framing::SizeLine } else { Framing::ChunkEnd(left) };
                    after
                }
                Framing::Ended => &[],
            };
        }
        Ok(())
    }

    /// The last chunk has come.
    pub(crate) fn has_ended(&self) -> bool {
        self.framing == Framing::Ended
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], StreamError> {
        let held = self.pending.len();
        self.pending.extend_from_slice(bytes);
        let Some((head, length)) = Head::parse(&self.pending)? else { return Ok(&[]) };
        if head.status != 200 {
            let body = self.pending.get(length..).unwrap_or_default();
            let body = String::from_utf8_lossy(body).chars().take(200).collect();
            return Err(StreamError::Status { status: head.status, body });
        }
        self.framing = if head.is_chunked() { Framing::SizeLine } else { Framing::Plain };
        self.pending = Vec::new();
        Ok(bytes.get(length - held..).unwrap_or_default())
    }

    fn size_line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], StreamError> {
        let end = memchr(b'\n', bytes);
        let (line, after) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
        self.pending.extend_from_slice(line);
        if self.pending.len() > 32 {
            return Err(ChunkError::Digits.into());
        }
        if end.is_none() {
            return Ok(after);
        }
        let digits = std::str::from_utf8(self.pending.trim_ascii()).map_err(|_| ChunkError::Digits)?;
        let size = usize::from_str_radix(digits, 16).map_err(|_| ChunkError::Digits)?;
        self.pending.clear();
        self.framing = if size == 0 { Framing::Ended } else { Framing::Chunk(size) };
        // A batch of what a subscriber missed may be one long chunk; nothing of it is kept but its tail.
        if size > 64 * CHUNK_BYTES_MAX { Err(ChunkError::TooLong(size).into()) } else { Ok(after) }
    }
}

impl Text {
    fn feed(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        if self.carry.is_empty() {
            let used = self.pieces(bytes, sink)?;
            self.carry.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut held = std::mem::take(&mut self.carry);
            held.extend_from_slice(bytes);
            let used = self.pieces(&held, sink)?;
            held.drain(..used);
            self.carry = held;
        }
        if self.carry.is_empty() {
            // Ten thousand idle subscriptions must cost this tool next to nothing.
            self.carry = Vec::new();
        }
        let too_long = self.carry.len() > PIECE_BYTES_MAX;
        if too_long { Err(FrameError::Line("a line without end".to_owned()).into()) } else { Ok(()) }
    }

    /// Takes whole lines and whole events of arrays; returns the bytes taken.
    fn pieces(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<usize, StreamError> {
        const ARRAY: &[u8] = b"data:[";
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.in_array {
                let Some((event, used, last)) = array_event(rest) else { return Ok(at) };
                self.event(event, sink)?;
                self.in_array = !last;
                at += used;
                continue;
            }
            if self.dialect == Dialect::DurableStreams && rest.starts_with(ARRAY) {
                self.in_array = true;
                at += ARRAY.len();
                continue;
            }
            let Some(end) = memchr(b'\n', rest) else { return Ok(at) };
            self.line(rest.get(..end).unwrap_or_default(), sink)?;
            at += end + 1;
        }
    }

    fn line(&mut self, line: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        let data = line.strip_prefix(b"data:").map(|data| data.strip_prefix(b" ").unwrap_or(data));
        match (self.dialect, data) {
            (Dialect::Nchan, Some(data)) => return self.event(data, sink),
            // Nchan greets with a comment, Durable Streams with a control event once it has caught up.
            (Dialect::Nchan, None) if line.starts_with(b":") => self.greet(sink),
            (Dialect::DurableStreams, Some(_)) => self.greet(sink),
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, data: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), StreamError> {
        self.greet(sink);
        let data = std::str::from_utf8(data).map_err(|_| FrameError::NotUtf8)?;
        sink(Frame::Event { kind: "message", data, id: 0 });
        Ok(())
    }

    fn greet(&mut self, sink: &mut dyn FnMut(Frame<'_>)) {
        if !std::mem::replace(&mut self.greeted, true) {
            sink(Frame::Greeting { retry_ms: 0, last_event_id: 0, earliest_event_id: 1, has_id: true });
        }
    }
}

/// The event an array goes on with, the bytes up to the next one, and whether it is the last. The events of
/// this tool are flat objects without braces in their strings, so the first closing brace ends one.
fn array_event(bytes: &[u8]) -> Option<(&[u8], usize, bool)> {
    let end = memchr(b'}', bytes)? + 1;
    let last = *bytes.get(end)? == b']';
    Some((bytes.get(..end)?, end + 1, last))
}
