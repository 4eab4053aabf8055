//! A server on a free port that answers each connection with what a script says, in as many writes as it
//! likes. It reads one request a step and ends when the script does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Serves connections in the order they come, each on its own thread by the script of its number.
pub(crate) fn serve<F>(connections: usize, script: F) -> (SocketAddr, JoinHandle<()>)
where
    F: Fn(usize, &mut TcpStream) + Send + Clone + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let threads: Vec<JoinHandle<()>> = (0..connections)
            .map(|number| {
                let (mut socket, _) = listener.accept().unwrap();
                let script = script.clone();
                std::thread::spawn(move || script(number, &mut socket))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    (addr, thread)
}

/// Reads one request, its body included, and returns the whole text.
pub(crate) fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        bytes.extend_from_slice(&byte);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

pub(crate) fn chunk(payload: &str) -> String {
    format!("{:04x}\r\n{payload}\r\n", payload.len())
}

pub(crate) fn greeting(last_event_id: u64) -> String {
    chunk(&format!(
        "retry: 2000\ndata: {{\"type\":\"connected\",\"clientId\":\"c\",\"lastEventId\":\"{last_event_id}\",\
         \"earliestEventId\":\"1\"}}\nid: {last_event_id}\n\n"
    ))
}

/// The frame of event `seq` of a run.
pub(crate) fn event(run: u64, id: u64, seq: u64) -> String {
    chunk(&format!(
        "event: stream.withdrawn\ndata: {{\"x\":0,\"run\":{run},\"seq\":{seq},\"due\":1}}\nid: {id}\n\n"
    ))
}

/// Writes text, ignoring that the client may have gone.
pub(crate) fn write(socket: &mut TcpStream, text: &str) {
    let _ = socket.write_all(text.as_bytes());
}

/// Waits until the client closes.
pub(crate) fn wait_for_close(socket: &mut TcpStream) {
    let _ = socket.read_to_end(&mut Vec::new());
}
