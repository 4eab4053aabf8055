//! Request bodies: by length or chunked (RFC 9112, section 7.1), at any split of the input.
//!
//! Chunk extensions and trailers are read to find where they end, bounded, and dropped. A body's content is
//! not looked at.

use crate::http::RequestError;
use crate::http::scan::{is_token, is_value};
use crate::limits::BODY_BYTES_MAX;

/// Digits of a chunk's size, leading zeros included.
const SIZE_DIGITS_MAX: u8 = 16;
/// Bytes of all chunk extensions of a body: they are free for a client to send and of no use to us.
const EXTENSION_BYTES_MAX: usize = 4096;
const TRAILER_BYTES_MAX: usize = 8192;

/// How the length of a request body is known (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// So many bytes follow the head.
    Exact(u64),
    /// Chunks follow the head; the last says so.
    Chunked,
}

/// How far one call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyProgress {
    /// Bytes of the input that were used.
    pub consumed: usize,
    /// Whether the body is complete.
    pub done: bool,
}

/// Where in a chunk extension's quoted string (RFC 9112, section 7.1.1) the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Quoted {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes of an unchunked body are to come.
    Exact(u64),
    Size {
        digits: u8,
        size: u64,
    },
    /// White space behind a size: an extension must follow.
    SizeSpace(u64),
    Extension(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

/// Takes a body's bytes as they come.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    body_bytes: u64,
    extension_bytes: usize,
    quoted: Quoted,
    trailer_bytes: usize,
}

impl BodyDecoder {
    pub fn new(length: BodyLength) -> Self {
        let state = match length {
            BodyLength::Exact(bytes) => State::Exact(bytes),
            BodyLength::Chunked => State::Size { digits: 0, size: 0 },
        };
        Self { state, body_bytes: 0, extension_bytes: 0, quoted: Quoted::Outside, trailer_bytes: 0 }
    }

    /// So many of the next bytes are the body's own and may be read to its end without `read`; 0: those of its framing
    /// come first. Never more than what is left of `limits::BODY_BYTES_MAX`.
    pub fn plain_bytes(&self) -> usize {
        match self.state {
            State::Exact(left) | State::Data(left) => usize::try_from(left).unwrap_or(0).min(BODY_BYTES_MAX),
            _ => 0,
        }
    }

    /// Takes note of so many of `plain_bytes` that did not come by way of `read`.
    pub fn passed(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.plain_bytes(), "{bytes} bytes passed of {}", self.plain_bytes());
        self.state = match self.state {
            State::Exact(left) => State::Exact(left.saturating_sub(bytes as u64)),
            State::Data(left) if left > bytes as u64 => State::Data(left - bytes as u64),
            State::Data(_) => State::DataCr,
            state => state,
        };
    }

    /// Decodes what it can of `input` to the end of `out`. Bytes behind the body's end are not touched. An
    /// error when the body grows over `limits::BODY_BYTES_MAX` or its chunk framing is wrong; the decoder is
    /// of no use then.
    pub fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<BodyProgress, RequestError> {
        let mut consumed = 0;
        while self.state != State::Done {
            let rest = &input[consumed..];
            match self.state {
                State::Exact(0) => self.state = State::Done,
                State::Exact(left) => {
                    if left > BODY_BYTES_MAX as u64 {
                        return Err(RequestError::BodyTooLong);
                    }
                    let taken = take(rest, left, out);
                    self.state = State::Exact(left - taken as u64);
                    consumed += taken;
                }
                State::Data(left) => {
                    let taken = take(rest, left, out);
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::DataCr } else { State::Data(left) };
                    consumed += taken;
                }
                state => {
                    let Some(&byte) = rest.first() else { break };
                    self.state = self.framing(state, byte)?;
                    consumed += 1;
                }
            }
            if consumed == input.len() && self.state != State::Exact(0) {
                break;
            }
        }
        Ok(BodyProgress { consumed, done: self.state == State::Done })
    }

    /// What one byte outside the chunks' data leads to.
    fn framing(&mut self, state: State, byte: u8) -> Result<State, RequestError> {
        match (state, byte) {
            (State::Size { digits, size }, _) => self.size(digits, size, byte),
            (State::SizeSpace(size), b' ' | b'\t' | b';') => self.extension(size, byte),
            (State::SizeSpace(_), _) => Err(RequestError::BadChunkSize),
            // To a reader that honours quotes, a line end inside them is not the size's.
            (State::Extension(size), b'\r') if self.quoted == Quoted::Outside => Ok(State::SizeLf(size)),
            (State::Extension(size), _) => self.extension(size, byte),
            (State::SizeLf(0), b'\n') => Ok(State::TrailerStart),
            (State::SizeLf(size), b'\n') => Ok(State::Data(size)),
            (State::SizeLf(_), _) => Err(RequestError::BadChunkSize),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size { digits: 0, size: 0 }),
            (State::DataCr | State::DataLf, _) => Err(RequestError::BadChunkEnd),
            (State::EndLf, b'\n') => Ok(State::Done),
            _ => self.trailer(state, byte),
        }
    }

    fn size(&mut self, digits: u8, size: u64, byte: u8) -> Result<State, RequestError> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if digits == SIZE_DIGITS_MAX {
                return Err(RequestError::BadChunkSize);
            }
            let size = size << 4 | u64::from(digit);
            if self.body_bytes.saturating_add(size) > BODY_BYTES_MAX as u64 {
                return Err(RequestError::BodyTooLong);
            }
            return Ok(State::Size { digits: digits + 1, size });
        }
        if digits == 0 {
            return Err(RequestError::BadChunkSize);
        }
        self.body_bytes += size;
        match byte {
            b'\r' => Ok(State::SizeLf(size)),
            b' ' | b'\t' | b';' => self.extension(size, byte),
            _ => Err(RequestError::BadChunkSize),
        }
    }

    fn extension(&mut self, size: u64, byte: u8) -> Result<State, RequestError> {
        self.extension_bytes += 1;
        if !is_value(byte) || self.extension_bytes > EXTENSION_BYTES_MAX {
            return Err(RequestError::BadChunkExtension);
        }
        self.quoted = match (self.quoted, byte) {
            (Quoted::Outside, b'"') | (Quoted::Escaped, _) => Quoted::Inside,
            (Quoted::Inside, b'"') => Quoted::Outside,
            (Quoted::Inside, b'\\') => Quoted::Escaped,
            (quoted, _) => quoted,
        };
        let in_front = !matches!(self.state, State::Extension(_)) && byte != b';';
        Ok(if in_front { State::SizeSpace(size) } else { State::Extension(size) })
    }

    fn trailer(&mut self, state: State, byte: u8) -> Result<State, RequestError> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > TRAILER_BYTES_MAX {
            return Err(RequestError::BadTrailer);
        }
        match (state, byte) {
            (State::TrailerStart, b'\r') => Ok(State::EndLf),
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => Ok(State::TrailerName),
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if is_value(byte) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            _ => Err(RequestError::BadTrailer),
        }
    }
}

fn take(input: &[u8], left: u64, out: &mut Vec<u8>) -> usize {
    let taken = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
    out.extend_from_slice(&input[..taken]);
    taken
}
