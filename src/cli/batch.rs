//! Standard input cut into requests: lines that are there already go together, a line that comes alone goes alone.

use std::io::{BufRead, BufReader, Read};

use simd_json::prelude::TypedObjectValue;

use crate::cli::show::parse;
use crate::limits::{BATCH_EVENTS_MAX, BODY_BYTES_MAX};

/// What is read ahead, and so about the most that one request holds.
const READ_BYTES: usize = 256 * 1024;

/// Why standard input cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum InputError {
    #[error("cannot read standard input: {0}")]
    Read(#[from] std::io::Error),
    #[error("line {line} is longer than the {max} bytes a request may have; an event is never that long")]
    LineTooLong { line: u64, max: usize },
    #[error(
        "standard input is not NDJSON, and as one JSON text longer than {max} bytes: write an event a line"
    )]
    TextTooLong { max: usize },
}

/// One request's body.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Batch {
    pub(in crate::cli) body: Vec<u8>,
    pub(in crate::cli) content_type: &'static str,
    /// The lines of the input it holds, from 1.
    pub(in crate::cli) lines: std::ops::RangeInclusive<u64>,
    /// The line of each event, in order; empty where the events are not a line each.
    pub(in crate::cli) event_lines: Vec<u64>,
}

/// The requests that standard input makes.
pub(in crate::cli) struct Batches<R> {
    input: BufReader<R>,
    line: u64,
    begun: bool,
    ended: bool,
}

impl<R: Read> Batches<R> {
    pub(in crate::cli) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(READ_BYTES, input), line: 0, begun: false, ended: false }
    }

    /// The next request; blocks for its first line alone. `None` at the end of the input.
    pub(in crate::cli) fn next(&mut self) -> Result<Option<Batch>, InputError> {
        let mut body = Vec::new();
        while body.is_empty() {
            let Some(line) = self.next_line()? else { return Ok(None) };
            body = line;
        }
        let first = self.line;
        let begun = std::mem::replace(&mut self.begun, true);
        if !begun && parse(&String::from_utf8_lossy(&body)).is_none_or(|value| !value.is_object()) {
            return self.whole_text(body).map(Some);
        }
        let mut event_lines = vec![first];
        for _ in 1..BATCH_EVENTS_MAX {
            // A line that is not complete in the buffer might be long in coming.
            if !self.input.buffer().contains(&b'\n') || body.len() + READ_BYTES > BODY_BYTES_MAX {
                break;
            }
            let line = self.next_line()?.unwrap_or_default();
            if !line.is_empty() {
                event_lines.push(self.line);
            }
            body.extend(line);
        }
        let lines = first..=self.line;
        Ok(Some(Batch { body, content_type: "application/x-ndjson", lines, event_lines }))
    }

    /// The next line with a line end, or nothing for an empty one. `None` at the end of the input.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, InputError> {
        let mut text = Vec::new();
        let limit = BODY_BYTES_MAX as u64 - 1;
        if self.ended || self.input.by_ref().take(limit).read_until(b'\n', &mut text)? == 0 {
            self.ended = true;
            return Ok(None);
        }
        self.line += 1;
        let complete = text.last() == Some(&b'\n');
        if text.len() as u64 == limit && !complete {
            return Err(InputError::LineTooLong { line: self.line, max: BODY_BYTES_MAX });
        }
        if text.trim_ascii().is_empty() {
            text.clear();
        } else if !complete {
            text.push(b'\n');
        }
        Ok(Some(text))
    }

    /// The input is one JSON text of which `body` is the first line.
    fn whole_text(&mut self, mut body: Vec<u8>) -> Result<Batch, InputError> {
        self.input.by_ref().take(BODY_BYTES_MAX as u64).read_to_end(&mut body)?;
        self.ended = true;
        if body.len() > BODY_BYTES_MAX {
            return Err(InputError::TextTooLong { max: BODY_BYTES_MAX });
        }
        let first = self.line;
        let ends = body.trim_ascii_end().iter().filter(|byte| **byte == b'\n').count() as u64;
        let lines = first..=first + ends;
        Ok(Batch { body, content_type: "application/json", lines, event_lines: Vec::new() })
    }
}
