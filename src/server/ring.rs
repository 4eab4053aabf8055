//! How a chunk of sends reaches the kernel: a private io_uring beside the runtime's, or a plain loop of `send(2)`.
//!
//! On the ring every send completes inline (`MSG_DONTWAIT`), so nothing stays pending and buffers are free again when
//! `send_chunk` returns. Both paths give the same results; `MSG_WAITALL` makes a short send visible on the ring.

use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::{IoUring, opcode, types};
use rustix::io::Errno;
use rustix::net::SendFlags;

use crate::hub::Sent;
use crate::limits;

const SEND_FLAGS: i32 = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | libc::MSG_WAITALL;

/// Which way to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendMethod {
    /// The ring where the kernel has what it needs, else plain.
    Auto,
    Ring,
    Plain,
}

/// Why the kernel gives no ring, with the cure.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    #[error(
        "this kernel does not offer io_uring ({0}); Tailwire needs Linux 6.1 or later with CONFIG_IO_URING"
    )]
    Absent(std::io::Error),
    #[error(
        "io_uring is forbidden here ({0}): set the sysctl kernel.io_uring_disabled to 0, or let the \
             container's seccomp profile admit io_uring_setup, io_uring_enter and io_uring_register"
    )]
    Forbidden(std::io::Error),
    #[error(
        "io_uring could not lock enough memory ({0}): raise RLIMIT_MEMLOCK to 8 MiB or more \
             (`ulimit -l 8192`, or LimitMEMLOCK=8M in the systemd unit)"
    )]
    Memory(std::io::Error),
    #[error("io_uring could not be set up: {0}")]
    Other(std::io::Error),
}

impl RingError {
    fn of(error: std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ENOSYS) => Self::Absent(error),
            Some(libc::EPERM | libc::EACCES) => Self::Forbidden(error),
            Some(libc::ENOMEM) => Self::Memory(error),
            _ => Self::Other(error),
        }
    }
}

/// Sets up and drops as many rings as `workers` will need, before any file is made.
pub fn probe(workers: usize) -> Result<(), RingError> {
    let mut rings = Vec::with_capacity(workers * 2);
    for _ in 0..workers {
        rings.push(IoUring::new(256).map_err(RingError::of)?);
        rings.push(IoUring::new(limits::SENDS_PER_CHUNK as u32).map_err(RingError::of)?);
    }
    Ok(())
}

/// Sends chunks.
pub(crate) enum Sender {
    Ring(Box<IoUring>),
    Plain,
}

impl Sender {
    /// Must run on the worker's own thread: the ring belongs to the thread that made it.
    pub(crate) fn open(method: SendMethod) -> Result<Self, RingError> {
        if method == SendMethod::Plain {
            return Ok(Self::Plain);
        }
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun();
        match builder.build(limits::SENDS_PER_CHUNK as u32) {
            Ok(ring) => Ok(Self::Ring(Box::new(ring))),
            Err(error) if method == SendMethod::Auto => {
                tracing::info!(%error, "no private ring for sending here: plain sends take its place");
                Ok(Self::Plain)
            }
            Err(error) => Err(RingError::of(error)),
        }
    }

    /// Sends each piece of bytes to its socket and puts what became of it in `results`.
    pub(crate) fn send_chunk<'s>(
        &mut self,
        sends: impl ExactSizeIterator<Item = (BorrowedFd<'s>, &'s [u8])>,
        results: &mut Vec<Sent>,
    ) {
        results.clear();
        match self {
            Self::Ring(ring) if sends.len() > 1 => send_on_ring(ring, sends, results),
            _ => results.extend(sends.map(|(socket, bytes)| send_plain(socket, bytes))),
        }
    }
}

fn send_plain(socket: BorrowedFd<'_>, bytes: &[u8]) -> Sent {
    match rustix::net::send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Ok(took) => Sent::Took(took),
        Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS | Errno::NOMEM) => Sent::Took(0),
        Err(_) => Sent::Gone,
    }
}

#[expect(unsafe_code, reason = "submission entries point at the bytes to be sent")]
fn send_on_ring<'s>(
    ring: &mut IoUring,
    sends: impl ExactSizeIterator<Item = (BorrowedFd<'s>, &'s [u8])>,
    results: &mut Vec<Sent>,
) {
    results.resize(sends.len(), Sent::Took(0));
    let mut submitted = 0;
    for (at, (socket, bytes)) in sends.enumerate() {
        let entry = opcode::Send::new(types::Fd(socket.as_raw_fd()), bytes.as_ptr(), bytes.len() as u32)
            .flags(SEND_FLAGS)
            .build()
            .user_data(at as u64);
        // SAFETY: the socket and the bytes outlive this function, which returns only when all have completed.
        if unsafe { ring.submission().push(&entry) }.is_err() {
            break;
        }
        submitted += 1;
    }
    let mut completed = 0;
    while completed < submitted {
        match ring.submit_and_wait(submitted - completed) {
            Ok(_) => {}
            // Interrupted, or short of memory: what has completed is taken in, then it is tried again.
            Err(error)
                if [Some(libc::EINTR), Some(libc::EAGAIN), Some(libc::EBUSY)]
                    .contains(&error.raw_os_error()) =>
            {
                rustix::thread::sched_yield();
            }
            // Entries may be in flight still: their buffers must not go away, so the process may not go on.
            Err(_) => std::process::abort(),
        }
        for done in ring.completion() {
            completed += 1;
            if let Some(result) = results.get_mut(done.user_data() as usize) {
                *result = match done.result() {
                    took if took >= 0 => Sent::Took(took as usize),
                    error if [libc::EAGAIN, libc::EINTR, libc::ENOBUFS, libc::ENOMEM].contains(&-error) => {
                        Sent::Took(0)
                    }
                    _ => Sent::Gone,
                };
            }
        }
    }
}
