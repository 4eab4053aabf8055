//! The baseline server's loop. It answers a publisher before it fans out, as Tailwire does, and sends the
//! very bytes Tailwire would; it keeps no log, checks nothing, and closes a subscriber whose socket is full.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::sendloop::connection::{Connection, Request};

const HEALTHY: &str = "{\"status\":\"healthy\"}";
const LISTENER: u64 = u64::MAX;
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
const SUBSCRIBE_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
    Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\nConnection: keep-alive\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

/// A running baseline server.
#[derive(Debug)]
pub(crate) struct SendLoop {
    listener: TcpListener,
    epoll: OwnedFd,
    /// Connections that are publishers, or have not said yet what they are.
    connections: HashMap<u64, Connection>,
    /// What a send goes over, and nothing else: an event costs one pass over this.
    subscribers: Vec<TcpStream>,
    /// The subscribers of one payment stream each.
    followers: HashMap<Vec<u8>, Vec<TcpStream>>,
    next_token: u64,
    last_id: u64,
    scratch: Vec<u8>,
    frame: Vec<u8>,
}

/// Why the baseline server cannot serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendLoopError {
    #[error("the send loop's listener failed")]
    Listen(#[from] std::io::Error),
    #[error("the send loop's epoll set failed")]
    Epoll(#[from] Errno),
}

impl SendLoop {
    pub(crate) fn new(listener: TcpListener) -> Result<SendLoop, SendLoopError> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        Ok(SendLoop {
            listener,
            epoll,
            connections: HashMap::new(),
            subscribers: Vec::new(),
            followers: HashMap::new(),
            next_token: 0,
            last_id: 0,
            scratch: vec![0; 256 * 1024],
            frame: Vec::new(),
        })
    }

    /// Serves until `stop` says so or the time is up.
    pub(crate) fn serve(&mut self, time_max: Duration, stop: &dyn Fn() -> bool) -> Result<(), SendLoopError> {
        let deadline = Instant::now() + time_max;
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(256);
        while !stop() && Instant::now() < deadline {
            ready.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&WAIT)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &ready {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    token => self.receive(token),
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<(), SendLoopError> {
        while let Ok((socket, _)) = self.listener.accept() {
            socket.set_nodelay(true)?;
            let token = self.next_token;
            self.next_token += 1;
            epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?;
            self.connections.insert(token, Connection { socket, unread: Vec::new() });
        }
        Ok(())
    }

    fn receive(&mut self, token: u64) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        match recv(&connection.socket, self.scratch.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((count, _)) if count > 0 => {
                connection.unread.extend_from_slice(self.scratch.get(..count).unwrap_or_default());
            }
            Err(Errno::AGAIN | Errno::INTR) => return,
            _ => {
                self.connections.remove(&token);
                return;
            }
        }
        loop {
            let Some(connection) = self.connections.get_mut(&token) else { return };
            match connection.next_request() {
                Ok(None) => return,
                Ok(Some(Request::Health)) => self.answer(token, 200, HEALTHY),
                Ok(Some(Request::Publish(body))) => self.publish(token, &body),
                Ok(Some(Request::Subscribe(stream))) => self.subscribe(token, stream),
                Err(_) => {
                    self.connections.remove(&token);
                }
            }
        }
    }

    fn answer(&mut self, token: u64, status: u16, body: &str) {
        let reason = if status == 201 { "Created" } else { "OK" };
        let answer = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = self.connections.get(&token).is_some_and(|c| send_whole(&c.socket, answer.as_bytes()));
        if !sent {
            self.connections.remove(&token);
        }
    }

    fn subscribe(&mut self, token: u64, stream: Option<Vec<u8>>) {
        let Some(connection) = self.connections.remove(&token) else { return };
        let id = self.last_id;
        let greeting = format!(
            "retry: 2000\ndata: {{\"type\":\"connected\",\"clientId\":\"loop-{token}\",\
             \"lastEventId\":\"{id}\",\"earliestEventId\":\"1\"}}\nid: {id}\n\n"
        );
        let response = format!("{SUBSCRIBE_HEAD}{:04x}\r\n{greeting}\r\n", greeting.len());
        if send_whole(&connection.socket, response.as_bytes())
            && epoll::delete(&self.epoll, &connection.socket).is_ok()
        {
            match stream {
                Some(stream) => self.followers.entry(stream).or_default().push(connection.socket),
                None => self.subscribers.push(connection.socket),
            }
        }
    }

    fn publish(&mut self, token: u64, body: &[u8]) {
        let events: Vec<&[u8]> = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let first = self.last_id + 1;
        let mut ids = (first..).take(events.len()).map(|id| format!("{{\"eventId\":\"{id}\"}}"));
        let answer = match (events.len(), ids.next()) {
            (1, Some(only)) => only,
            (_, Some(one)) => format!("{{\"results\":[{}]}}", ids.fold(one, |all, id| format!("{all},{id}"))),
            (_, None) => "{\"results\":[]}".to_owned(),
        };
        self.answer(token, 201, &answer);
        for event in events {
            self.last_id += 1;
            self.fan_out(event);
        }
    }

    fn fan_out(&mut self, event: &[u8]) {
        frame_event(&mut self.frame, event, self.last_id);
        let frame = &self.frame;
        self.subscribers.retain(|socket| send_whole(socket, frame));
        if let Some(followers) = payment_stream(event).and_then(|name| self.followers.get_mut(name)) {
            followers.retain(|socket| send_whole(socket, frame));
        }
    }
}

/// The frame of an event of this tool: its data stands last in the body and needs no parsing.
fn frame_event(frame: &mut Vec<u8>, event: &[u8], id: u64) {
    const MARK: &[u8] = b",\"data\":";
    let from = memmem::find(event, MARK).map_or(0, |at| at + MARK.len());
    let data = event.get(from..event.len().saturating_sub(1)).unwrap_or_default();
    let tail = format!("\nid: {id}\n\n\r\n");
    let head = "event: stream.withdrawn\ndata: ";
    // The chunk's own CR LF is not part of its payload.
    let payload = head.len() + data.len() + tail.len() - 2;
    frame.clear();
    // Writing to a Vec cannot fail.
    let _ = write!(frame, "{payload:04x}\r\n{head}");
    frame.extend_from_slice(data);
    frame.extend_from_slice(tail.as_bytes());
}

/// The payment stream of an event of this tool, which names it as a string.
fn payment_stream(event: &[u8]) -> Option<&[u8]> {
    const MARK: &[u8] = b"\"streamId\":\"";
    let rest = event.get(memmem::find(event, MARK)? + MARK.len()..)?;
    rest.get(..memchr::memchr(b'"', rest)?)
}

/// One send, not waited for. A part of a frame sent is as good as none: the subscriber is closed.
fn send_whole(socket: &TcpStream, bytes: &[u8]) -> bool {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    send(socket, bytes, flags).is_ok_and(|count| count == bytes.len())
}
