//! Finding the end of a request head, byte by byte, and refusing what can never become one as early as its
//! bytes show it.
//!
//! Each byte is looked at once however the head is split, so a client that drips it costs no more than one
//! that sends it at once. The grammar is RFC 9112's (sections 2 to 5) without what it lets a recipient
//! forgive: those leniences are where two readers of one request part. Slicing a complete head into fields is
//! `request`'s.

use crate::http::RequestError;
use crate::limits::{HEAD_BYTES_MAX, HEADER_FIELDS_MAX, TARGET_BYTES_MAX};

/// Empty lines before a request line that are passed over (RFC 9112, section 2.2: at least one).
pub(super) const EMPTY_LINES_MAX: usize = 4;
/// No method that anybody registered is longer.
const METHOD_BYTES_MAX: usize = 32;
/// The first byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Where in a head the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    EmptyLineLf,
    Method,
    Target,
    Version,
    RequestLineLf,
    FieldStart,
    FieldName,
    FieldValue,
    FieldLf,
    EndLf,
}

/// How far a head has been read.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    /// Bytes of the head that were looked at and found good.
    position: usize,
    /// Where the element under way (method, target, version) begins.
    start: usize,
    empty_lines: usize,
    fields: usize,
    major: u8,
}

impl Scanner {
    /// Goes on with `input`, which holds the head from its first byte on. Returns the length of the complete
    /// head.
    pub(super) fn scan(&mut self, input: &[u8]) -> Result<Option<usize>, RequestError> {
        let input = &input[..input.len().min(HEAD_BYTES_MAX)];
        while let Some(&byte) = input.get(self.position) {
            match self.state {
                State::Start => self.start(byte)?,
                State::Method => self.method(byte)?,
                State::Target => self.target(input)?,
                State::Version => self.version(byte)?,
                State::FieldStart => self.field_start(byte)?,
                State::FieldName => self.field_name(input)?,
                State::FieldValue => self.field_value(input)?,
                State::EmptyLineLf => self.line_feed(byte, State::Start)?,
                State::RequestLineLf | State::FieldLf => self.line_feed(byte, State::FieldStart)?,
                State::EndLf => {
                    self.line_feed(byte, State::Start)?;
                    return Ok(Some(self.position));
                }
            }
        }
        if self.position >= HEAD_BYTES_MAX { Err(RequestError::HeadTooLong) } else { Ok(None) }
    }

    fn start(&mut self, byte: u8) -> Result<(), RequestError> {
        match byte {
            b'\r' if self.empty_lines == EMPTY_LINES_MAX => return Err(RequestError::TooManyEmptyLines),
            b'\r' => {
                self.empty_lines += 1;
                self.step(State::EmptyLineLf);
            }
            b'\n' => return Err(RequestError::BareLineEnd),
            TLS_HANDSHAKE if self.position == 0 => return Err(RequestError::TlsHandshake),
            _ if is_token(byte) => {
                self.start = self.position;
                self.step(State::Method);
            }
            _ => return Err(RequestError::BadRequestLine),
        }
        Ok(())
    }

    fn method(&mut self, byte: u8) -> Result<(), RequestError> {
        if byte == b' ' {
            self.step(State::Target);
            self.start = self.position;
        } else if !is_token(byte) {
            return Err(RequestError::BadRequestLine);
        } else if self.position - self.start == METHOD_BYTES_MAX {
            return Err(RequestError::MethodTooLong);
        } else {
            self.step(State::Method);
        }
        Ok(())
    }

    fn target(&mut self, input: &[u8]) -> Result<(), RequestError> {
        let end = self.run(input, |byte| matches!(byte, b'!'..=b'~') && byte != b'#');
        if self.position - self.start > TARGET_BYTES_MAX {
            return Err(RequestError::TargetTooLong);
        }
        match end {
            None => Ok(()),
            Some(b' ') if self.position > self.start => {
                self.step(State::Version);
                self.start = self.position;
                Ok(())
            }
            Some(b' ') => Err(RequestError::BadRequestLine),
            Some(b'\r' | b'\n') => Err(RequestError::NoVersion),
            Some(_) => Err(RequestError::BadTargetByte),
        }
    }

    fn version(&mut self, byte: u8) -> Result<(), RequestError> {
        match (self.position - self.start, byte) {
            (at @ 0..=4, _) if byte == b"HTTP/"[at] => {}
            (5, b'0'..=b'9') => self.major = byte,
            (6, b'.') => {}
            (7, b'0' | b'1') if self.major == b'1' => {}
            (7, b'0'..=b'9') => return Err(RequestError::UnsupportedVersion),
            (8, b'\r') => {
                self.step(State::RequestLineLf);
                return Ok(());
            }
            (8, b'\n') => return Err(RequestError::BareLineEnd),
            _ => return Err(RequestError::BadRequestLine),
        }
        self.step(State::Version);
        Ok(())
    }

    fn field_start(&mut self, byte: u8) -> Result<(), RequestError> {
        match byte {
            b'\r' => self.step(State::EndLf),
            b'\n' => return Err(RequestError::BareLineEnd),
            b' ' | b'\t' => return Err(RequestError::FoldedField),
            _ if !is_token(byte) => return Err(RequestError::BadFieldName),
            _ if self.fields == HEADER_FIELDS_MAX => return Err(RequestError::TooManyFields),
            _ => {
                self.fields += 1;
                self.step(State::FieldName);
            }
        }
        Ok(())
    }

    fn field_name(&mut self, input: &[u8]) -> Result<(), RequestError> {
        match self.run(input, is_token) {
            None => Ok(()),
            Some(b':') => {
                self.step(State::FieldValue);
                Ok(())
            }
            Some(b' ' | b'\t') => Err(RequestError::SpaceBeforeColon),
            Some(_) => Err(RequestError::BadFieldName),
        }
    }

    fn field_value(&mut self, input: &[u8]) -> Result<(), RequestError> {
        match self.run(input, is_value) {
            None => Ok(()),
            Some(b'\r') => {
                self.step(State::FieldLf);
                Ok(())
            }
            Some(b'\n') => Err(RequestError::BareLineEnd),
            Some(_) => Err(RequestError::BadFieldValue),
        }
    }

    fn line_feed(&mut self, byte: u8, next: State) -> Result<(), RequestError> {
        if byte != b'\n' {
            return Err(RequestError::BareLineEnd);
        }
        self.step(next);
        Ok(())
    }

    /// Passes over the bytes that belong; returns the first that does not.
    fn run(&mut self, input: &[u8], belongs: impl Fn(u8) -> bool) -> Option<u8> {
        let rest = input.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        self.position += length;
        rest.get(length).copied()
    }

    fn step(&mut self, next: State) {
        self.position += 1;
        self.state = next;
    }
}

/// A character of a method or a field name (RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let marks = b"!#$%&'*+-.^_`|~";
        let mut at = 0;
        while at < marks.len() {
            table[marks[at] as usize] = true;
            at += 1;
        }
        table
    };
    TOKEN[usize::from(byte)]
}

/// A character of a field value (RFC 9110, section 5.5): no control character but the tab.
pub(super) fn is_value(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || byte == b'\t'
}
