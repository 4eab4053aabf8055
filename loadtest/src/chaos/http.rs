//! Just enough of HTTP/1.1 for the harness: one connection that posts, and the head of an answer.
//! Written apart from the server's code, so that the two cannot share a mistake.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a server may leave a request unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// An answer's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Field names in lower case.
    pub(super) fields: Vec<(String, String)>,
    /// Bytes that the head takes, the blank line included.
    pub(super) bytes: usize,
}

/// Reads a head from the front of `input`; `None` while it is incomplete.
pub(super) fn parse_head(input: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "malformed head of an answer");
    let text = std::str::from_utf8(&input[..end]).map_err(|_| malformed())?;
    let mut lines = text.split("\r\n");
    let status_line = lines.next().ok_or_else(malformed)?;
    let mut words = status_line.splitn(3, ' ');
    let version = words.next().filter(|version| version.starts_with("HTTP/1.")).ok_or_else(malformed)?;
    let status = words.next().filter(|_| !version.is_empty()).and_then(|word| word.parse().ok());
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let fields = lines.map(field).collect::<Option<Vec<_>>>().ok_or_else(malformed)?;
    Ok(Some(Head { status: status.ok_or_else(malformed)?, fields, bytes: end + 4 }))
}

impl Head {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    Ok(stream)
}

/// One answer with its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    /// Whether the connection may carry another request.
    pub(super) keep_alive: bool,
}

/// Sends a request and reads its answer (with a `Content-Length`) by `deadline`.
pub(super) fn exchange(stream: &mut TcpStream, request: &[u8], deadline: Instant) -> io::Result<Answer> {
    stream.write_all(request)?;
    let mut input = Vec::new();
    let mut head = None;
    loop {
        if head.is_none() {
            head = parse_head(&input)?;
        }
        if let Some(head) = &head {
            let length: usize =
                head.field("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            if input.len() >= head.bytes.saturating_add(length) {
                let body = String::from_utf8_lossy(&input[head.bytes..head.bytes + length]).into_owned();
                let keep_alive = !head.field("connection").is_some_and(|value| value.contains("close"));
                return Ok(Answer { status: head.status, body, keep_alive });
            }
        }
        read_more(stream, &mut input, deadline)?;
    }
}

fn read_more(stream: &mut TcpStream, input: &mut Vec<u8>, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() || input.len() > ANSWER_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no whole answer by the deadline"));
    }
    stream.set_read_timeout(Some(left))?;
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    input.extend_from_slice(&buffer[..count]);
    Ok(())
}
