//! Listening and accepting. Each worker has its own socket on the same address; the kernel spreads connections.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::SocketFlags;
use socket2::{Domain, Protocol, Socket as Socket2, Type};

use crate::limits;
use crate::server::connection;
use crate::server::worker::Worker;

const BACKLOG: i32 = 4096;
/// Connections taken in one turn before others run.
const ACCEPTS_PER_TURN: usize = 64;
/// Rest after the process or the system ran out of descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(20);
/// How long a taken address is waited for: 3 s in all.
const TAKEN_TRIES: u32 = 60;
const TAKEN_PAUSE: Duration = Duration::from_millis(50);
/// The least time between two warnings of one worker.
const WARNING_MS: u32 = 10_000;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "{address} is already in use by another program: stop it, or choose another address with --listen"
    )]
    Taken { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Binds `workers` sockets to one address. A probe without `SO_REUSEPORT` comes first: without it a second server
/// would start on the same port and take half of the clients in silence.
pub fn listen(address: SocketAddr, workers: usize) -> Result<(SocketAddr, Vec<OwnedFd>), ListenError> {
    let bind = |address: SocketAddr, shared: bool| -> io::Result<Socket2> {
        let socket = Socket2::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(shared)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(socket)
    };
    let said = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { address },
        _ => ListenError::Other { address, source },
    };
    let other = |source| ListenError::Other { address, source };
    let probe = patiently(|| {
        let probe = bind(address, false)?;
        // A listener elsewhere on the port (with SO_REUSEADDR) shows only when the probe listens too.
        probe.listen(1)?;
        Ok(probe)
    })
    .map_err(said)?;
    let bound = probe.local_addr().map_err(other)?.as_socket().unwrap_or(address);
    drop(probe);
    let mut sockets = Vec::with_capacity(workers);
    for _ in 0..workers.max(1) {
        let socket = bind(bound, true).map_err(said)?;
        // Accepted sockets inherit both, without a system call for each. What a peer does not read stays in the log,
        // or in an answer that is counted, rather than in thousands of sockets, where it would be the machine.
        socket.set_tcp_nodelay(true).map_err(other)?;
        socket.set_tcp_notsent_lowat(limits::UNSENT_BYTES_MAX).map_err(other)?;
        socket.listen(BACKLOG).map_err(said)?;
        sockets.push(OwnedFd::from(socket));
    }
    Ok((bound, sockets))
}

/// Tries again for a while where the address is in use: the kernel takes the rings of a killed process down after its
/// end, and with them the sockets they wait on.
fn patiently<T>(bind: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TAKEN_TRIES {
        match bind() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => std::thread::sleep(TAKEN_PAUSE),
            other => return other,
        }
    }
    bind()
}

/// Accepts until the worker drains. Waits for readiness and accepts itself, so that no accept is ever cancelled.
pub(crate) async fn accept_loop(worker: Rc<Worker>) {
    loop {
        worker.watches.listener.readable().await;
        if worker.shared.is_draining() {
            return;
        }
        // No more than half of the places: nobody gives way before it was read once.
        for _ in 0..ACCEPTS_PER_TURN.min(worker.http_connections_max / 2).max(1) {
            match rustix::net::accept_with(&worker.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(socket) => begin(&worker, socket),
                Err(Errno::AGAIN) => break,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    warn_exhausted(&worker);
                    monoio::time::sleep(EXHAUSTED_PAUSE).await;
                    break;
                }
                Err(_) => {}
            }
        }
    }
}

fn begin(worker: &Rc<Worker>, socket: OwnedFd) {
    // First, for one address with too many makes nobody give way.
    let Some((client, arrival)) = worker.arrive(&socket) else { return };
    if !worker.make_room() {
        return;
    }
    if let Ok(connection) = worker.open_connection(socket) {
        connection.comes_from(client, arrival);
        drop(monoio::spawn(connection::serve(Rc::clone(worker), connection)));
    }
}

fn warn_exhausted(worker: &Worker) {
    if may_warn(worker) {
        tracing::warn!(
            "out of file descriptors or memory while accepting: raise LimitNOFILE or the machine's memory"
        );
    }
}

/// Whether it is time for another warning, which is then taken for given.
pub(crate) fn may_warn(worker: &Worker) -> bool {
    let now_ms = worker.now_ms();
    let due = worker.warned_ms.get().is_none_or(|warned_ms| now_ms.wrapping_sub(warned_ms) >= WARNING_MS);
    if due {
        worker.warned_ms.set(Some(now_ms));
    }
    due
}
