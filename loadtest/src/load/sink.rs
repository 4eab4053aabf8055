//! Subscribers that throw away what they get: the kernel drops the bytes without copying them (`MSG_TRUNC`, tcp(7)),
//! so that the server is measured and not the reader. They count bytes and look at none; what the bytes should be is
//! known from a subscriber that checks them.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use crate::client::Dialect;
use crate::load::herd::HerdError;

/// Most bytes that one receive throws away. The memory is never touched.
const DISCARD_BYTES: usize = 16 * 1024 * 1024;
const READY_MAX: usize = 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nothing received for this long: what is missing will not come.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the last byte that is owed, for any that is not.
const AFTERMATH: Duration = Duration::from_millis(200);

/// What became of the bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Discarded {
    /// Of all subscribers, heads and greetings included.
    pub(crate) bytes: u64,
    /// Subscribers that got fewer or more bytes than they were owed, or were cut off.
    pub(crate) wrong: u64,
}

struct Sink {
    socket: TcpStream,
    bytes: u64,
    lost: bool,
}

/// Opens `count` subscribers at once and throws away what they get, until each has `owed` bytes or no more come.
/// `finished` is called before it is looked for bytes that nobody is owed.
pub(crate) fn discard(
    addr: SocketAddr,
    query: &str,
    count: usize,
    owed: u64,
    finished: impl FnOnce(),
) -> Result<Discarded, HerdError> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut sinks = Vec::with_capacity(count);
    for number in 0..count {
        let socket = connect(addr, query).map_err(|source| HerdError::Connect { number, source })?;
        epoll::add(&epoll, &socket, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        sinks.push(Sink { socket, bytes: 0, lost: false });
    }
    let mut scratch = vec![0; DISCARD_BYTES];
    let all = owed * count as u64;
    let mut taken = 0;
    let mut deadline = Instant::now() + PATIENCE;
    while taken < all && Instant::now() < deadline {
        let got = pump(&epoll, &mut sinks, &mut scratch, Duration::from_millis(100))?;
        taken += got;
        if got > 0 {
            deadline = Instant::now() + PATIENCE;
        }
    }
    finished();
    taken += pump(&epoll, &mut sinks, &mut scratch, AFTERMATH)?;
    let wrong = sinks.iter().filter(|sink| sink.lost || sink.bytes != owed).count() as u64;
    Ok(Discarded { bytes: taken, wrong })
}

fn connect(addr: SocketAddr, query: &str) -> std::io::Result<TcpStream> {
    let mut socket = TcpStream::connect_timeout(&addr, CONNECT_TIMEOUT)?;
    socket.set_nodelay(true)?;
    socket.write_all(&Dialect::Tailwire.subscribe_request(addr, query, false))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Serves what is ready, waiting at most `timeout` for the first of it. Returns the bytes thrown away.
fn pump(
    epoll: &OwnedFd,
    sinks: &mut [Sink],
    scratch: &mut [u8],
    timeout: Duration,
) -> Result<u64, HerdError> {
    let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: timeout.subsec_nanos().into() };
    let mut ready: Vec<epoll::Event> = Vec::with_capacity(READY_MAX);
    match epoll::wait(epoll, spare_capacity(&mut ready), Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut taken = 0;
    for event in &ready {
        let Some(sink) = sinks.get_mut(event.data.u64() as usize) else { continue };
        match recv(&sink.socket, &mut *scratch, RecvFlags::TRUNC | RecvFlags::DONTWAIT) {
            Ok((_, length)) if length > 0 => {
                sink.bytes += length as u64;
                taken += length as u64;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(_) | Err(_) => {
                sink.lost = true;
                epoll::delete(epoll, &sink.socket)?;
            }
        }
    }
    Ok(taken)
}
