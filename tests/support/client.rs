//! An HTTP/1.1 client that hides nothing: bytes out, one whole answer in.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use super::DEADLINE;

pub type Json = simd_json::OwnedValue;

/// One answer with its body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub version: String,
    /// Field names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A field that is there at most once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(known, _)| known == name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {:?}", self.fields);
        value.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Json {
        let kind = self.field("content-type").unwrap_or("none");
        assert!(kind.starts_with("application/json"), "the content type is {kind}: {self:?}");
        simd_json::to_owned_value(&mut self.body.clone()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer as an error of the contract: its short name, after the shape was checked.
    pub fn error(&self) -> String {
        let json = self.json();
        let text = |name| match &json[name] {
            Json::String(text) => text.clone(),
            other => panic!("{name} is {other:?} in {self:?}"),
        };
        let (error, message) = (text("error"), text("message"));
        let short =
            error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
        assert!(short && !error.is_empty(), "no short name: {error}");
        assert!(message.contains(' '), "no sentence: {message}");
        error
    }
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, DEADLINE).unwrap())
    }

    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, input: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the server takes: it may close before it has read a request that it refuses.
    pub fn send_what_goes(&mut self, bytes: impl AsRef<[u8]>) {
        let _refused = self.stream.write_all(bytes.as_ref());
    }

    pub fn end_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads once more; false at the end. A reset is a failure: it can cost the last bytes.
    pub fn read_more(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(
            !left.is_zero(),
            "no answer by the deadline; so far: {:?}",
            String::from_utf8_lossy(&self.input)
        );
        self.stream.set_read_timeout(Some(left)).unwrap();
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::Interrupted => {
                true
            }
            Err(error) => panic!("{error}; so far: {:?}", String::from_utf8_lossy(&self.input)),
        }
    }

    /// Reads through `delimiter` and takes what stands before it. `None` at the end of the connection.
    pub fn take_until(&mut self, delimiter: &[u8]) -> Option<Vec<u8>> {
        let deadline = Instant::now() + DEADLINE;
        let mut searched = 0;
        loop {
            let found =
                self.input[searched..].windows(delimiter.len()).position(|window| window == delimiter);
            if let Some(at) = found {
                let taken = self.input[..searched + at].to_vec();
                self.input.drain(..searched + at + delimiter.len());
                return Some(taken);
            }
            searched = self.input.len().saturating_sub(delimiter.len() - 1);
            if !self.read_more(deadline) {
                return None;
            }
        }
    }

    /// Takes exactly `count` bytes.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let deadline = Instant::now() + DEADLINE;
        while self.input.len() < count {
            assert!(self.read_more(deadline), "the connection ended inside {count} bytes");
        }
        self.input.drain(..count).collect()
    }

    /// The first bytes that wait to be taken; empty only at the end of the connection.
    pub fn peek(&mut self) -> &[u8] {
        let deadline = Instant::now() + DEADLINE;
        while self.input.is_empty() && self.read_more(deadline) {}
        &self.input
    }

    /// Reads to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + DEADLINE;
        while self.read_more(deadline) {}
        std::mem::take(&mut self.input)
    }

    /// The head of the next answer, without a body.
    pub fn head(&mut self) -> Answer {
        let head = self.take_until(b"\r\n\r\n").expect("the connection ended before an answer");
        parse_head(&head)
    }

    /// The next answer with its body.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        if let Some(length) = answer.field("content-length") {
            let length = length.parse().unwrap();
            answer.body = self.take(length);
        } else if answer.field("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk() {
                answer.body.extend(chunk);
            }
        }
        answer
    }

    /// The next chunk's payload; `None` for the last chunk.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.take_until(b"\r\n").expect("the connection ended without the last chunk");
        let line = String::from_utf8(line).unwrap();
        let size = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("{line:?} is no chunk size"));
        let payload = self.take(size);
        assert_eq!(self.take(2), b"\r\n", "a chunk does not end where its size says");
        (size > 0).then_some(payload)
    }

    /// Waits for the orderly end of the connection, and that nothing more comes.
    pub fn assert_closed(&mut self) {
        let rest = self.rest();
        assert_eq!(String::from_utf8_lossy(&rest), "", "more than was expected");
    }
}

fn parse_head(head: &[u8]) -> Answer {
    let text = std::str::from_utf8(head).expect("a head in ASCII");
    let mut lines = text.split("\r\n");
    let status_line = lines.next().unwrap();
    let mut words = status_line.splitn(3, ' ');
    let version = words.next().unwrap().to_owned();
    assert!(version.starts_with("HTTP/1."), "{status_line:?}");
    let status = words.next().unwrap().parse().unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no field"));
        (name.to_ascii_lowercase(), value.to_owned())
    };
    Answer { status, version, fields: lines.map(field).collect(), body: Vec::new() }
}

/// The bytes of a request. `Host` and, with a body, `Content-Length` are added unless the fields hold them.
pub fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let has = |name: &str| fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    if !has("host") {
        text += "Host: localhost\r\n";
    }
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    if !has("content-length") && !has("transfer-encoding") && (!body.is_empty() || method == "POST") {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

fn once(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(address);
    client.send(bytes);
    client.answer()
}

pub fn get(address: SocketAddr, target: &str) -> Answer {
    get_with(address, target, &[])
}

pub fn get_with(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Answer {
    once(address, &request("GET", target, fields, b""))
}

pub fn delete(address: SocketAddr, target: &str) -> Answer {
    once(address, &request("DELETE", target, &[], b""))
}

pub fn post(address: SocketAddr, target: &str, body: &str) -> Answer {
    post_with(address, target, &[("Content-Type", "application/json")], body)
}

pub fn post_with(address: SocketAddr, target: &str, fields: &[(&str, &str)], body: &str) -> Answer {
    once(address, &request("POST", target, fields, body.as_bytes()))
}
