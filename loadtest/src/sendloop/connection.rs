//! One connection of the baseline server: bytes in, requests out. It knows just enough HTTP for this tool's
//! own requests, and closes on anything else.

use std::net::TcpStream;

use memchr::memmem;

/// Longest request that is read; a batch of 4,096 events has about 1.3 MB.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) unread: Vec<u8>,
}

/// A request of this tool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// To one payment stream, or to everything.
    Subscribe(Option<Vec<u8>>),
    Health,
    /// The events' bodies, one a line of the body; a single event has one line.
    Publish(Vec<u8>),
}

/// The connection is to be closed: it sent something else.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request that the send loop does not know")]
pub(crate) struct UnknownRequest;

impl Connection {
    /// Takes the next whole request out of what was read; `None` while there is none.
    pub(crate) fn next_request(&mut self) -> Result<Option<Request>, UnknownRequest> {
        let Some(end) = memmem::find(&self.unread, b"\r\n\r\n").map(|at| at + 4) else {
            return if self.unread.len() > REQUEST_BYTES_MAX { Err(UnknownRequest) } else { Ok(None) };
        };
        let head = self.unread.get(..end).unwrap_or_default();
        let head = std::str::from_utf8(head).map_err(|_| UnknownRequest)?;
        let request = if head.starts_with("GET /events/subscribe?") {
            Request::Subscribe(payment_stream(head))
        } else if head.starts_with("GET /health ") {
            Request::Health
        } else if head.starts_with("POST /events ") {
            let length =
                content_length(head).filter(|length| *length <= REQUEST_BYTES_MAX).ok_or(UnknownRequest)?;
            let Some(body) = self.unread.get(end..end + length) else { return Ok(None) };
            let body = body.to_vec();
            self.unread.drain(..end + length);
            return Ok(Some(Request::Publish(body)));
        } else {
            return Err(UnknownRequest);
        };
        self.unread.drain(..end);
        Ok(Some(request))
    }
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("Content-Length") { value.trim().parse().ok() } else { None }
    })
}

/// The one payment stream that a subscription names, if it names one.
fn payment_stream(head: &str) -> Option<Vec<u8>> {
    let query = head.strip_prefix("GET /events/subscribe?")?.split([' ', '&']).next()?;
    Some(query.strip_prefix("streams=")?.as_bytes().to_vec())
}
