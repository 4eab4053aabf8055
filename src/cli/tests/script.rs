//! A server that plays a script: one answer for each connection, in order, and a record of what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// The script being played.
pub(super) struct Script {
    pub(super) url: String,
    player: JoinHandle<Vec<String>>,
}

impl Script {
    /// Answers the first connection with the first of `answers`, and so on; each connection ends with its answer.
    pub(super) fn play(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let player = std::thread::spawn(move || {
            answers.iter().map(|answer| serve(listener.accept().unwrap().0, answer)).collect()
        });
        Self { url, player }
    }

    /// The requests, head and body, after the last answer was given.
    pub(super) fn requests(self) -> Vec<String> {
        self.player.join().unwrap()
    }
}

/// A complete answer.
pub(super) fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n{body}", body.len())
}

/// An event stream that the server ends after `body`.
pub(super) fn stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{body}")
}

fn serve(mut socket: TcpStream, answer: &str) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    // A TLS greeting is answered like any request: by a server that knows no TLS.
    while !complete(&request) && !request.starts_with(b"\x16\x03") {
        match socket.read(&mut buffer).unwrap() {
            0 => break,
            bytes => request.extend_from_slice(&buffer[..bytes]),
        }
    }
    // A client that has seen enough may be gone already.
    let _gone = socket.write_all(answer.as_bytes());
    String::from_utf8_lossy(&request).into_owned()
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}
