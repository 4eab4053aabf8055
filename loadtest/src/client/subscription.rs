//! One blocking subscription, read at whatever pace its owner likes. For many at once see the herd; for a
//! single reader, a slow one above all, this is simpler.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::client::decoder::{Decoder, StreamError};
use crate::client::dialect::Dialect;
use crate::client::frame::Frame;

/// An open response of `GET /events/subscribe`.
#[derive(Debug)]
pub(crate) struct Subscription {
    socket: TcpStream,
    decoder: Decoder,
    scratch: Vec<u8>,
}

/// Why a subscription was not opened or broke.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscriptionError {
    #[error("the subscription's connection failed")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Subscription {
    /// Connects and sends the request. A small `receive_buffer` (bytes) makes the server feel a slow reader
    /// soon.
    pub(crate) fn open(
        addr: SocketAddr,
        query: &str,
        receive_buffer: Option<usize>,
        timeout: Duration,
    ) -> Result<Subscription, SubscriptionError> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect_timeout(&addr.into(), timeout)?;
        let mut socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(timeout))?;
        socket.write_all(&Dialect::Tailwire.subscribe_request(addr, query, false))?;
        Ok(Subscription { socket, decoder: Decoder::new(), scratch: Vec::new() })
    }

    /// Reads at most `bytes_max` bytes, waiting at most the timeout for the first of them, and hands the
    /// whole frames to `sink`. Returns the bytes read: 0 after the end, or when none came in time.
    pub(crate) fn read(
        &mut self,
        bytes_max: usize,
        sink: &mut dyn FnMut(Frame<'_>),
    ) -> Result<usize, SubscriptionError> {
        self.scratch.resize(bytes_max, 0);
        let count = match self.socket.read(&mut self.scratch) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
            Err(error) => return Err(error.into()),
        };
        self.decoder.feed(self.scratch.get(..count).unwrap_or_default(), sink)?;
        Ok(count)
    }

    /// Ends the connection at once, so that its port is free again: a run may need more than there are.
    pub(crate) fn cut(self) {
        // Without it the port stays taken for a minute.
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }

    /// The server ended the stream in good order.
    pub(crate) fn has_ended(&self) -> bool {
        self.decoder.has_ended()
    }
}
