//! Server-Sent Events blocks (WHATWG HTML, section 9.2) as the contract narrows them: LF line ends, one
//! `data` line, `id` last, known names only. A lenient reader would hide what real clients stumble over, so
//! this one is strict. It decides nothing about order or identity; that is accounting.

use memchr::memchr;
use serde_json::Value;

/// One thing a subscriber was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// The first block. Without an id, a `Gap` follows in the same chunk.
    Greeting {
        retry_ms: u64,
        last_event_id: u64,
        earliest_event_id: u64,
        has_id: bool,
    },
    Event {
        kind: &'a str,
        data: &'a str,
        id: u64,
    },
    Gap {
        earliest: u64,
        missed: Option<u64>,
        id: u64,
    },
    Position {
        id: u64,
    },
    Reconnect {
        retry_ms: u64,
        reason: Reason,
    },
    Heartbeat,
}

/// Why the server ends the stream on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Shutdown,
    TokenExpired,
    Capacity,
}

/// How a block breaks the contract.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a chunk ends within a line or a block; it must hold whole frames")]
    Split,
    #[error("a block is not UTF-8")]
    NotUtf8,
    #[error("a carriage return stands in a block; lines end with LF alone")]
    CarriageReturn,
    #[error("a line is neither a known field nor the heartbeat: {0:?}")]
    Line(String),
    #[error("a field occurs twice in a block, or after the id, which stands last: {0:?}")]
    Repeated(String),
    #[error("an id or a retry time is not a plain decimal number: {0:?}")]
    Number(String),
    #[error("a block named {0:?} is none the contract knows")]
    Name(String),
    #[error("a block named {name:?} lacks the field {field:?}, or has it in another form")]
    Field { name: String, field: &'static str },
}

/// The fields of one block as they came.
#[derive(Debug, Default)]
struct Block<'a> {
    event: Option<&'a str>,
    data: Option<&'a str>,
    retry: Option<u64>,
    id: Option<u64>,
}

/// The frame that a chunk's payload begins with, and its length in bytes. The payload is not empty.
pub(crate) fn next_frame(payload: &[u8]) -> Result<(Frame<'_>, usize), FrameError> {
    const HEARTBEAT: &[u8] = b": hb\n";
    if payload.starts_with(HEARTBEAT) {
        return Ok((Frame::Heartbeat, HEARTBEAT.len()));
    }
    let mut block = Block::default();
    let mut at = 0;
    loop {
        let rest = payload.get(at..).unwrap_or_default();
        let end = memchr(b'\n', rest).ok_or(FrameError::Split)?;
        let line = rest.get(..end).unwrap_or_default();
        at += end + 1;
        if line.is_empty() {
            break;
        }
        block.take_line(std::str::from_utf8(line).map_err(|_| FrameError::NotUtf8)?)?;
    }
    Ok((block.into_frame()?, at))
}

impl<'a> Block<'a> {
    fn take_line(&mut self, line: &'a str) -> Result<(), FrameError> {
        if memchr(b'\r', line.as_bytes()).is_some() {
            return Err(FrameError::CarriageReturn);
        }
        let Some((name, value)) = line.split_once(": ") else { return Err(FrameError::Line(excerpt(line))) };
        let fresh = match name {
            "event" => self.event.replace(value).is_none(),
            "data" => self.data.replace(value).is_none(),
            "retry" => self.retry.replace(number(value)?).is_none(),
            "id" if self.id.is_none() => {
                self.id = Some(number(value)?);
                return Ok(());
            }
            "id" => false,
            _ => return Err(FrameError::Line(excerpt(line))),
        };
        if fresh && self.id.is_none() { Ok(()) } else { Err(FrameError::Repeated(excerpt(line))) }
    }

    fn into_frame(self) -> Result<Frame<'a>, FrameError> {
        let name = self.event.unwrap_or("message");
        let lacks = |field| FrameError::Field { name: excerpt(name), field };
        let data = self.data.ok_or_else(|| lacks("data"))?;
        match self.event {
            Some(kind) if kind.starts_with("stream.") => {
                if self.retry.is_some() {
                    return Err(FrameError::Repeated("retry in an event".to_owned()));
                }
                Ok(Frame::Event { kind, data, id: self.id.ok_or_else(|| lacks("id"))? })
            }
            None => self.into_greeting(data),
            Some("gap") => {
                let value = object(name, data)?;
                let missed = match value.get("missed") {
                    Some(Value::Null) => None,
                    Some(missed) => Some(missed.as_u64().ok_or_else(|| lacks("missed"))?),
                    None => return Err(lacks("missed")),
                };
                let earliest = id_field(name, &value, "earliest")?;
                Ok(Frame::Gap { earliest, missed, id: self.id.ok_or_else(|| lacks("id"))? })
            }
            Some("position") => {
                let id = self.id.ok_or_else(|| lacks("id"))?;
                let told = id_field(name, &object(name, data)?, "lastEventId")?;
                if told == id { Ok(Frame::Position { id }) } else { Err(lacks("lastEventId")) }
            }
            Some("reconnect") => {
                let reason = match object(name, data)?.get("reason").and_then(Value::as_str) {
                    Some("shutdown") => Reason::Shutdown,
                    Some("token_expired") => Reason::TokenExpired,
                    Some("capacity") => Reason::Capacity,
                    _ => return Err(lacks("reason")),
                };
                Ok(Frame::Reconnect { retry_ms: self.retry.ok_or_else(|| lacks("retry"))?, reason })
            }
            Some(other) => Err(FrameError::Name(excerpt(other))),
        }
    }

    fn into_greeting(self, data: &str) -> Result<Frame<'a>, FrameError> {
        let name = "message";
        let lacks = |field| FrameError::Field { name: name.to_owned(), field };
        let value = object(name, data)?;
        if value.get("type").and_then(Value::as_str) != Some("connected") {
            return Err(lacks("type"));
        }
        value.get("clientId").and_then(Value::as_str).ok_or_else(|| lacks("clientId"))?;
        let last_event_id = id_field(name, &value, "lastEventId")?;
        if self.id.is_some_and(|id| id != last_event_id) {
            return Err(lacks("id"));
        }
        Ok(Frame::Greeting {
            retry_ms: self.retry.ok_or_else(|| lacks("retry"))?,
            last_event_id,
            earliest_event_id: id_field(name, &value, "earliestEventId")?,
            has_id: self.id.is_some(),
        })
    }
}

fn object(name: &str, data: &str) -> Result<Value, FrameError> {
    serde_json::from_str(data).map_err(|_| FrameError::Field { name: excerpt(name), field: "data" })
}

/// An event id within a control frame's data: a decimal string, never a JSON number.
fn id_field(name: &str, value: &Value, field: &'static str) -> Result<u64, FrameError> {
    let text = value.get(field).and_then(Value::as_str);
    let text = text.ok_or_else(|| FrameError::Field { name: excerpt(name), field })?;
    number(text)
}

/// A decimal number without sign, space or leading zeros.
fn number(text: &str) -> Result<u64, FrameError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    let parsed = if plain { text.parse().ok() } else { None };
    parsed.ok_or_else(|| FrameError::Number(excerpt(text)))
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}
