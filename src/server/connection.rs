//! A connection in its HTTP phase: request after request until it closes or becomes a subscriber.

use std::cell::{Cell, OnceCell};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::rc::Rc;

use crate::http::{Reply, Version, stream_head};
use crate::limits;
use crate::server::addresses::Arrival;
use crate::server::client_address::ClientAddress;
use crate::server::proxied::read_proxy_head;
use crate::server::request::{Input, NoRequest, read_request};
use crate::server::route::{self, Answer};
use crate::server::socket::Socket;
use crate::server::subscribe;
use crate::server::worker::Worker;

/// What a connection is doing, which decides how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between requests.
    Idle,
    /// A request is coming in.
    Reading,
    /// A request waits for the log; it has no deadline of its own.
    Working,
    /// An answer is going out.
    Writing,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) key: usize,
    phase: Cell<Phase>,
    deadline_ms: Cell<u32>,
    late: Cell<bool>,
    fresh: Cell<bool>,
    client: Cell<ClientAddress>,
    arrival: OnceCell<Arrival>,
}

impl Connection {
    pub(crate) fn new(socket: Socket, key: usize, deadline_ms: u32) -> Self {
        Self {
            socket,
            key,
            phase: Cell::new(Phase::Reading),
            deadline_ms: Cell::new(deadline_ms),
            late: Cell::new(false),
            fresh: Cell::new(true),
            client: Cell::new(ClientAddress::peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
            arrival: OnceCell::new(),
        }
    }

    /// Whom it comes from, and its place among the connections of its address, which it gives back when it ends.
    pub(crate) fn comes_from(&self, client: ClientAddress, arrival: Option<Arrival>) {
        self.client.set(client);
        if let Some(arrival) = arrival {
            let _once_only = self.arrival.set(arrival);
        }
    }

    /// The peer, or whom it said in a PROXY head that it connects for.
    pub(crate) fn client(&self) -> ClientAddress {
        self.client.get()
    }

    pub(crate) fn connects_for(&self, client: ClientAddress) {
        self.client.set(client);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn is_late(&self) -> bool {
        self.late.get()
    }

    /// Begins a phase with its own time; a deadline missed before does not count in it.
    pub(crate) fn set_deadline(&self, worker: &Worker, phase: Phase) {
        let settings = &worker.shared.settings;
        let allowed =
            if phase == Phase::Idle { settings.idle_timeout_ms } else { settings.request_timeout_ms };
        self.deadline_ms.set(worker.now_ms().wrapping_add(allowed as u32));
        self.phase.set(phase);
        self.late.set(false);
    }

    /// Ends what the connection waits for when its time is over: a read sees the end, a write an error.
    pub(crate) fn expire(&self, now_ms: u32, draining: bool) {
        let over = (now_ms.wrapping_sub(self.deadline_ms.get()) as i32) >= 0;
        let idle = draining && self.phase.get() == Phase::Idle;
        if self.late.get() || self.phase.get() == Phase::Working || !over && !idle {
            return;
        }
        self.late.set(true);
        let how = match self.phase.get() {
            Phase::Writing => rustix::net::Shutdown::Both,
            _ => rustix::net::Shutdown::Read,
        };
        let _already_gone = rustix::net::shutdown(self.socket.as_fd(), how);
    }

    /// Writes all of `bytes`, waiting where the socket is full, within the request timeout.
    pub(crate) async fn write_all(&self, worker: &Worker, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        self.set_deadline(worker, Phase::Writing);
        while !rest.is_empty() {
            match self.socket.send(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(took) => rest = rest.get(took..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.writable().await?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A connection's task.
pub(crate) async fn serve(worker: Rc<Worker>, connection: Rc<Connection>) {
    let mut input = Input::default();
    let mut deaf = false;
    let mut answered = 0;
    let spoken_for = read_proxy_head(&worker, &connection, &mut input).await;
    while spoken_for.is_ok() {
        let request = match read_request(&worker, &connection, &mut input).await {
            Ok(request) => request,
            Err(no_request) => {
                deaf = connection.is_late();
                refuse(&worker, &connection, no_request).await;
                break;
            }
        };
        connection.set_deadline(&worker, Phase::Working);
        worker.stir();
        connection.fresh.set(false);
        let (version, head_only) = (request.head.version, request.head.method == http::Method::HEAD);
        let keep_alive = request.head.keep_alive && !worker.shared.is_draining();
        match route::answer(&worker, &connection, &request).await {
            Answer::Reply(reply) => {
                let sent = send_reply(&worker, &connection, &reply, version, keep_alive, head_only).await;
                if sent.is_err() || !keep_alive {
                    break;
                }
            }
            Answer::StreamHead(cors) => {
                let mut out = Vec::with_capacity(512);
                stream_head(&mut out, version, &cors, &worker.date());
                // The head says that the connection goes on, as that of a stream does; here it cannot.
                let _peer_gone = connection.write_all(&worker, &out).await;
                break;
            }
            Answer::Subscribe(subscription) => {
                drop(input);
                drop(request);
                subscribe::hand_over(&worker, connection, subscription).await;
                return;
            }
        }
        // Requests that have come already are answered without waiting: others need their turn.
        answered += 1;
        if answered % limits::REQUESTS_PER_TURN == 0 {
            worker.breather.breathe().await;
        }
    }
    if let Some(socket) = worker.close_connection(connection) {
        worker.linger(socket, deaf);
    }
}

async fn refuse(worker: &Worker, connection: &Connection, no_request: NoRequest) {
    let reply = match no_request {
        NoRequest::Closed => return,
        NoRequest::TooSlow => Reply::error(
            http::StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the request did not arrive in time",
            &[],
        ),
        NoRequest::Overloaded => Reply::error(
            http::StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "too many long requests are coming in at once; send it again later",
            &[],
        )
        .with("Retry-After", "1"),
        NoRequest::Bad(error) => Reply::from(&error),
    };
    let _peer_gone = send_reply(worker, connection, &reply, Version::Http11, false, false).await;
}

async fn send_reply(
    worker: &Worker,
    connection: &Connection,
    reply: &Reply,
    version: Version,
    keep_alive: bool,
    head_only: bool,
) -> io::Result<()> {
    let mut out = Vec::with_capacity(512 + reply.body.len());
    reply.write(&mut out, version, keep_alive, head_only, &worker.date());
    connection.write_all(worker, &out).await
}
