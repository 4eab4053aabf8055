//! Reading an event stream (WHATWG HTML, section 9.2.6): bytes in at any split, events out.
//!
//! For clients, such as `tailwire tail`. It does not connect, wait or reconnect, and it knows nothing of what
//! the events mean. A block cut off by the end of the stream is never handed out.

/// One dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field; `message` where there was none.
    pub event: String,
    /// The `data:` lines, joined by LF.
    pub data: String,
    /// The last event id as of this event: its own, or that of an earlier block.
    pub id: String,
    /// The reconnection time in milliseconds, where this block carried one.
    pub retry: Option<u64>,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the stream sent a block of more than {max} bytes without a blank line; is it an event stream?")]
    BlockTooLong { max: usize },
}

/// An incremental parser of one response body.
#[derive(Debug)]
pub struct Decoder {
    block_bytes_max: usize,
    /// Bytes of a byte order mark seen at the front of the stream; `None` once the front is past.
    mark: Option<usize>,
    /// The last byte ended a line by CR, so that an LF now belongs to it.
    after_cr: bool,
    /// Within a comment line, which is not kept.
    in_comment: bool,
    failed: bool,
    /// The line that has not ended yet.
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
    retry: Option<u64>,
    /// The last event id buffer: it outlives its block.
    id: String,
    last_event_id: String,
    retry_ms: Option<u64>,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Decoder {
    /// `block_bytes_max`: the longest block, and the longest line of one, that is taken.
    pub fn new(block_bytes_max: usize) -> Self {
        Self::resuming(block_bytes_max, "")
    }

    /// For the body of a reconnection: `last_event_id` stands until the stream names another.
    pub fn resuming(block_bytes_max: usize, last_event_id: &str) -> Self {
        Self {
            block_bytes_max,
            mark: Some(0),
            after_cr: false,
            in_comment: false,
            failed: false,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            retry: None,
            id: last_event_id.to_owned(),
            last_event_id: last_event_id.to_owned(),
            retry_ms: None,
        }
    }

    /// Takes the next bytes and appends the events they complete. Once it has failed it fails for good.
    pub fn feed(&mut self, input: &[u8], events: &mut Vec<Event>) -> Result<(), DecodeError> {
        if self.failed {
            return Err(self.too_long());
        }
        let mut rest = self.skip_mark(input);
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end else {
                return self.keep(rest);
            };
            self.after_cr = rest[end] == b'\r';
            if self.line.is_empty() && !self.in_comment {
                self.take_line(&rest[..end], events)?;
            } else {
                self.keep(&rest[..end])?;
                let mut line = std::mem::take(&mut self.line);
                if !std::mem::take(&mut self.in_comment) {
                    self.take_line(&line, events)?;
                }
                line.clear();
                self.line = line;
            }
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    /// What a reconnection sends as `Last-Event-ID`; empty: nothing.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The latest reconnection time in milliseconds, in a block of its own or not.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Drops one byte order mark at the front of the stream, however it is split.
    fn skip_mark<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Some(seen) = self.mark else { return input };
        let wanted = &BYTE_ORDER_MARK[seen..];
        let same = wanted.iter().zip(input).take_while(|(mark, byte)| mark == byte).count();
        let rest = &input[same..];
        if same == wanted.len() {
            self.mark = None;
        } else if rest.is_empty() {
            self.mark = Some(seen + same);
        } else {
            self.mark = None;
            self.line.extend_from_slice(&BYTE_ORDER_MARK[..seen + same]);
        }
        rest
    }

    /// Keeps a piece of a line that has not ended. Of a comment nothing is kept.
    fn keep(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        if self.line.is_empty() && piece.first() == Some(&b':') {
            self.in_comment = true;
        }
        if self.in_comment {
            return Ok(());
        }
        self.admit(self.line.len() + piece.len())?;
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn take_line(&mut self, line: &[u8], events: &mut Vec<Event>) -> Result<(), DecodeError> {
        if line.is_empty() {
            self.dispatch(events);
            return Ok(());
        }
        if line[0] == b':' {
            return Ok(());
        }
        self.admit(line.len())?;
        let (name, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &line[line.len()..]),
        };
        match name {
            b"event" => {
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"id" if !value.contains(&0) => self.id = String::from_utf8_lossy(value).into_owned(),
            b"retry" => {
                if let Some(retry) = milliseconds(value) {
                    self.retry = Some(retry);
                    self.retry_ms = Some(retry);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A blank line. The id moves even when there is no data to hand out.
    fn dispatch(&mut self, events: &mut Vec<Event>) {
        if self.last_event_id != self.id {
            self.last_event_id.clone_from(&self.id);
        }
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        let retry = self.retry.take();
        let Some((_, data)) = data.split_last() else { return };
        events.push(Event {
            event: if event.is_empty() { "message".to_owned() } else { text(&event) },
            data: text(data),
            id: self.last_event_id.clone(),
            retry,
        });
    }

    /// Whether a line of so many bytes still fits into the block.
    fn admit(&mut self, line_bytes: usize) -> Result<(), DecodeError> {
        if line_bytes + self.event.len() + self.data.len() > self.block_bytes_max {
            self.failed = true;
            return Err(self.too_long());
        }
        Ok(())
    }

    fn too_long(&self) -> DecodeError {
        DecodeError::BlockTooLong { max: self.block_bytes_max }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn milliseconds(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
}
