//! A subscriber as the contract describes it: every rule about the shape of the stream is asserted on every
//! byte read.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::DEADLINE;
use super::client::{Answer, Client, request};

/// One block of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The bytes as they came, the blank line included.
    pub raw: String,
    /// `None`: an unnamed message.
    pub event: Option<String>,
    pub data: String,
    pub id: Option<String>,
    pub retry_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Block(Block),
    /// A comment line, its newline included.
    Comment(String),
}

/// An open event stream.
pub struct Subscription {
    pub head: Answer,
    client: Client,
    chunked: bool,
    frames: VecDeque<Frame>,
}

impl Subscription {
    pub fn open(address: SocketAddr, target: &str) -> Self {
        Self::open_with(address, target, &[])
    }

    pub fn open_with(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Self {
        let accept = [("Accept", "text/event-stream")];
        let mut client = Client::connect(address);
        client.send(request("GET", target, &[&accept, fields].concat(), b""));
        Self::over(client)
    }

    /// Resumes after `id`, by the header.
    pub fn resume(address: SocketAddr, target: &str, id: &str) -> Self {
        Self::open_with(address, target, &[("Last-Event-ID", id)])
    }

    /// Reads the head of an answer that a request on this connection has asked for.
    pub fn over(mut client: Client) -> Self {
        let head = client.head();
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.field("content-type"), Some("text/event-stream; charset=utf-8"));
        assert_eq!(head.field("content-length"), None);
        assert_eq!(head.field("content-encoding"), None);
        let chunked = head.field("transfer-encoding") == Some("chunked");
        Self { head, client, chunked, frames: VecDeque::new() }
    }

    /// The next frame; `None` after the end, which must be orderly.
    pub fn next(&mut self) -> Option<Frame> {
        if self.frames.is_empty() {
            self.frames = self.chunk()?.into();
        }
        self.frames.pop_front()
    }

    /// The frames of the next chunk; unchunked, the next frame. `None` after the end.
    pub fn chunk(&mut self) -> Option<Vec<Frame>> {
        assert!(self.frames.is_empty(), "some frames of the last chunk were not looked at");
        if self.chunked {
            let Some(payload) = self.client.chunk() else {
                self.client.assert_closed();
                return None;
            };
            return Some(frames(&String::from_utf8(payload).unwrap()));
        }
        let comment = match self.client.peek() {
            [] => return None,
            [first, ..] => *first == b':',
        };
        let delimiter = if comment { "\n" } else { "\n\n" };
        let text = self.client.take_until(delimiter.as_bytes()).expect("the stream ends inside a block");
        Some(frames(&(String::from_utf8(text).unwrap() + delimiter)))
    }

    /// The next block; comments are passed over.
    pub fn block(&mut self) -> Block {
        let deadline = Instant::now() + DEADLINE;
        loop {
            // Heartbeats alone would keep a waiting test alive for ever.
            assert!(Instant::now() < deadline, "no block by the deadline, only comments");
            match self.next() {
                Some(Frame::Block(block)) => return block,
                Some(Frame::Comment(_)) => {}
                None => panic!("the stream ended before the next block"),
            }
        }
    }

    /// The greeting, which is the first frame.
    pub fn greeting(&mut self) -> Block {
        let Some(Frame::Block(block)) = self.next() else { panic!("the stream does not begin with a block") };
        assert_eq!(block.event, None, "{}", block.raw);
        assert!(block.data.starts_with("{\"type\":\"connected\","), "{}", block.raw);
        block
    }

    /// The next block, which is an event.
    pub fn event(&mut self) -> Block {
        let block = self.block();
        let event = block.event.as_deref().unwrap_or_default();
        assert!(event.starts_with("stream."), "no event: {}", block.raw);
        block
    }

    pub fn events(&mut self, count: usize) -> Vec<Block> {
        (0..count).map(|_| self.event()).collect()
    }

    /// The ids of the next events.
    pub fn ids(&mut self, count: usize) -> Vec<String> {
        self.events(count).into_iter().map(|block| block.id.unwrap()).collect()
    }

    /// The next block, which is of this type.
    pub fn named(&mut self, event: &str) -> Block {
        let block = self.block();
        assert_eq!(block.event.as_deref(), Some(event), "{}", block.raw);
        block
    }
}

/// Splits text that holds whole frames.
fn frames(text: &str) -> Vec<Frame> {
    assert!(!text.contains('\r') && !text.contains('\u{feff}'), "CR or a byte order mark in {text:?}");
    let mut frames = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let delimiter = if rest.starts_with(':') { "\n" } else { "\n\n" };
        let at = rest.find(delimiter).unwrap_or_else(|| panic!("a chunk ends inside a frame: {text:?}"));
        let (frame, after) = rest.split_at(at + delimiter.len());
        rest = after;
        assert!(!frame.starts_with(':') || frame == ": hb\n", "the comment {frame:?}");
        frames.push(if frame.starts_with(':') {
            Frame::Comment(frame.to_owned())
        } else {
            Frame::Block(parse(frame))
        });
    }
    frames
}

fn parse(raw: &str) -> Block {
    let mut block = Block { raw: raw.to_owned(), event: None, data: String::new(), id: None, retry_ms: None };
    let mut lines = raw.strip_suffix("\n\n").unwrap().split('\n').peekable();
    let mut data_lines = 0;
    while let Some(line) = lines.next() {
        let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} in {raw:?}"));
        match field {
            "event" => block.event = Some(value.to_owned()),
            "retry" => block.retry_ms = Some(value.parse().unwrap()),
            "data" => (block.data, data_lines) = (value.to_owned(), data_lines + 1),
            "id" => {
                assert!(lines.peek().is_none(), "the id does not stand last in {raw:?}");
                assert!(value.parse::<u64>().is_ok_and(|id| id.to_string() == value), "the id in {raw:?}");
                block.id = Some(value.to_owned());
            }
            _ => panic!("the field {field:?} in {raw:?}"),
        }
    }
    assert_eq!(data_lines, 1, "data lines in {raw:?}");
    block
}
