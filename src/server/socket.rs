//! Connections and foreign file descriptors as `monoio` can wait for them. Reading and writing stay plain
//! non-blocking system calls, so that no operation is ever cancelled with bytes in it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use monoio::net::{TcpListener, TcpStream};
use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, SendFlags};

/// A connection in its HTTP phase.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
}

impl Socket {
    /// Takes a connected, non-blocking TCP socket.
    pub(crate) fn adopt(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { stream: TcpStream::from_std(std::net::TcpStream::from(fd))? })
    }

    /// Waits until there are bytes, the end or an error to be read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.stream.readable(true).await
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.stream.writable(true).await
    }

    /// Reads what there is; `WouldBlock` when there is nothing.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(self, buffer, RecvFlags::DONTWAIT)?.0)
    }

    /// Reads what there is and fits behind what `buffer` holds, without making it larger; `WouldBlock` when there is
    /// nothing.
    pub(crate) fn recv_more(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        Ok(rustix::net::recv(self, spare_capacity(buffer), RecvFlags::DONTWAIT)?.0)
    }

    /// Writes what fits; `WouldBlock` when nothing does.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
    }

    /// Takes the connection away from the runtime.
    #[expect(unsafe_code, reason = "monoio gives the descriptor up as a number")]
    pub(crate) fn into_fd(self) -> OwnedFd {
        let raw = self.stream.into_raw_fd();
        // SAFETY: `into_raw_fd` hands over the ownership of an open descriptor.
        unsafe { OwnedFd::from_raw_fd(raw) }
    }
}

impl AsFd for Socket {
    #[expect(unsafe_code, reason = "monoio lends the descriptor as a number")]
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the stream owns the descriptor and lives as long as the borrow.
        unsafe { BorrowedFd::borrow_raw(self.stream.as_raw_fd()) }
    }
}

/// Any pollable descriptor (eventfd, epoll, a listener), waited for through the runtime's ring. The wrapper type is
/// the one way the runtime has for that; no system call is made on the descriptor.
#[derive(Debug)]
pub(crate) struct Watch {
    inner: TcpListener,
}

impl Watch {
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { inner: TcpListener::from_std(std::net::TcpListener::from(fd))? })
    }

    /// Waits until the descriptor can be read. An error of the ring is as good as an answer: whoever waits looks.
    pub(crate) async fn readable(&self) {
        if let Err(error) = self.inner.readable(true).await {
            tracing::error!(%error, "the runtime cannot wait for a descriptor");
        }
    }
}

/// Lets every other task of this worker run once and the ring be looked at.
#[derive(Debug)]
pub(crate) struct Breather {
    ready: Watch,
}

impl Breather {
    /// An eventfd that is always readable: waiting for it takes one turn of the ring.
    pub(crate) fn open() -> io::Result<Self> {
        let ready = rustix::event::eventfd(1, rustix::event::EventfdFlags::CLOEXEC)?;
        Ok(Self { ready: Watch::new(ready)? })
    }

    pub(crate) async fn breathe(&self) {
        self.ready.readable().await;
    }
}
