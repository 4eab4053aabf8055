//! One blocking keep-alive HTTP/1.1 connection, for requests that are not measured. It never retries and
//! never reconnects: what went wrong is the caller's to see.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::response::{Response, ResponseError};

/// A connection with one timeout for each read and write.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    addr: SocketAddr,
    unread: Vec<u8>,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("cannot connect to {addr}")]
    Connect { addr: SocketAddr, source: std::io::Error },
    #[error("the connection to {addr} failed")]
    Io { addr: SocketAddr, source: std::io::Error },
    #[error("{addr} closed the connection before its answer was whole")]
    Cut { addr: SocketAddr },
    #[error(transparent)]
    Response(#[from] ResponseError),
}

impl Connection {
    pub(crate) fn open(addr: SocketAddr, timeout: Duration) -> Result<Connection, HttpError> {
        let connect = |source| HttpError::Connect { addr, source };
        let socket = TcpStream::connect_timeout(&addr, timeout).map_err(connect)?;
        socket.set_nodelay(true).map_err(connect)?;
        socket.set_read_timeout(Some(timeout)).map_err(connect)?;
        socket.set_write_timeout(Some(timeout)).map_err(connect)?;
        Ok(Connection { socket, addr, unread: Vec::new() })
    }

    /// Sends one request and waits for its answer. A body is sent with its length and `content_type`.
    pub(crate) fn request(
        &mut self,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Response, HttpError> {
        let addr = self.addr;
        let io = |source| HttpError::Io { addr, source };
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {addr}\r\n").into_bytes();
        if !body.is_empty() || method != "GET" {
            let head = format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
            bytes.extend_from_slice(head.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        self.socket.write_all(&bytes).map_err(io)?;
        let mut scratch = [0u8; 16 * 1024];
        loop {
            if let Some((response, length)) = Response::parse(&self.unread)? {
                self.unread.drain(..length);
                return Ok(response);
            }
            match self.socket.read(&mut scratch).map_err(io)? {
                0 => return Err(HttpError::Cut { addr }),
                count => self.unread.extend_from_slice(scratch.get(..count).unwrap_or_default()),
            }
        }
    }
}
