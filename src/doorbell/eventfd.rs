//! The kernel's side of a bell: an eventfd, which a worker's ring or epoll set can wait for.
//!
//! It is raised and lowered, and never waited for here.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::EventfdFlags;

/// A counter in the kernel; readable while it is not zero.
#[derive(Debug)]
pub struct Eventfd {
    fd: OwnedFd,
}

impl Eventfd {
    /// Fails only where the process may open no more files.
    pub(in crate::doorbell) fn open() -> std::io::Result<Self> {
        let fd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { fd })
    }

    /// Makes it readable.
    pub(in crate::doorbell) fn raise(&self) {
        // A full counter means that it is readable already; no other error is possible on an open eventfd.
        let _full = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    /// Makes it unreadable until it is raised again.
    pub(in crate::doorbell) fn lower(&self) {
        let mut count = [0; 8];
        let _empty = rustix::io::read(&self.fd, &mut count);
    }
}

impl AsFd for Eventfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
