//! A browser's reader of event streams: the algorithm of WHATWG HTML, section 9.2.6, line by line, and nothing
//! forgiven on top. What a browser would pass over in silence is kept, so that a test can say there was none.

use std::net::SocketAddr;
use std::time::Instant;

use super::DEADLINE;
use super::client::Client;

/// What a page's listener would be called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub event: String,
    pub data: String,
    pub last_event_id: String,
}

pub struct EventSource {
    client: Client,
    chunked: bool,
    parser: Parser,
}

impl EventSource {
    /// Subscribes in this version of HTTP, `HTTP/1.1` or `HTTP/1.0`.
    pub fn open(address: SocketAddr, target: &str, version: &str) -> Self {
        let mut client = Client::connect(address);
        client.send(format!("GET {target} {version}\r\nHost: localhost\r\n\r\n"));
        let head = client.head();
        assert_eq!(head.status, 200, "{head:?}");
        let chunked = head.field("transfer-encoding") == Some("chunked");
        Self { client, chunked, parser: Parser::default() }
    }

    /// The next message.
    pub fn next(&mut self) -> Message {
        let deadline = Instant::now() + DEADLINE;
        while self.parser.messages.is_empty() {
            assert!(Instant::now() < deadline, "no message by the deadline");
            let bytes = match self.chunked {
                true => self.client.chunk().expect("the stream goes on"),
                false => {
                    let count = self.client.peek().len();
                    assert!(count > 0, "the stream goes on");
                    self.client.take(count)
                }
            };
            self.parser.feed(&bytes);
        }
        self.parser.messages.remove(0)
    }

    /// Reconnection times so far.
    pub fn retries(&self) -> usize {
        self.parser.retries
    }

    /// Lines so far that mean nothing to a browser, but for heartbeats.
    pub fn meaningless(&self) -> &[String] {
        &self.parser.meaningless
    }
}

#[derive(Debug, Default)]
struct Parser {
    begun: bool,
    line: Vec<u8>,
    after_cr: bool,
    event: String,
    data: String,
    last_event_id: String,
    messages: Vec<Message>,
    retries: usize,
    meaningless: Vec<String>,
}

impl Parser {
    /// The greeting is longer than a byte order mark, so one is whole in the first piece.
    fn feed(&mut self, bytes: &[u8]) {
        let bytes = match self.begun {
            true => bytes,
            false => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
        };
        self.begun = true;
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    self.take_line(&String::from_utf8_lossy(&line));
                }
                _ => self.line.push(byte),
            }
        }
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = value.to_owned(),
            "data" => self.data += &format!("{value}\n"),
            "id" if !value.contains('\0') => self.last_event_id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retries += 1;
            }
            _ if line == ": hb" => {}
            _ => self.meaningless.push(line.to_owned()),
        }
    }

    fn dispatch(&mut self) {
        let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        let Some(data) = data.strip_suffix('\n') else { return };
        self.messages.push(Message {
            event: if event.is_empty() { "message".to_owned() } else { event },
            data: data.to_owned(),
            last_event_id: self.last_event_id.clone(),
        });
    }
}
