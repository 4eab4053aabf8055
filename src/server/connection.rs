//! A connection in its HTTP phase: request after request until it closes or becomes a subscriber.

use std::cell::{Cell, OnceCell};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::net::Shutdown;
use rustix::net::sockopt::set_socket_linger;

use crate::http::{Head, Reply, Version, stream_head};
use crate::limits;
use crate::server::addresses::Arrival;
use crate::server::client_address::ClientAddress;
use crate::server::lines::Line;
use crate::server::proxied::read_proxy_head;
use crate::server::request::{Input, NoRequest, read_body, read_head, skip_body};
use crate::server::route::{self, Answer};
use crate::server::socket::Socket;
use crate::server::subscribe::{self, Subscription};
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
    /// Bytes that were moved and have not earned a whole millisecond yet.
    earned: Cell<u32>,
    /// Bytes held for it while it does not take its answer.
    pub(crate) held: Cell<usize>,
    late: Cell<bool>,
    gave_way: Cell<bool>,
    /// It has not sent a whole request yet.
    fresh: Cell<bool>,
    client: Cell<ClientAddress>,
    arrival: OnceCell<Arrival>,
}

impl Connection {
    /// Its first phase is to be begun.
    pub(crate) fn new(socket: Socket, key: usize) -> Self {
        Self {
            socket,
            key,
            phase: Cell::new(Phase::Idle),
            deadline_ms: Cell::new(0),
            earned: Cell::new(0),
            held: Cell::new(0),
            late: Cell::new(false),
            gave_way: Cell::new(false),
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

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn is_late(&self) -> bool {
        self.late.get()
    }

    /// Whether it was ended to make room for others.
    pub(crate) fn gave_way(&self) -> bool {
        self.gave_way.get()
    }

    /// Begins a phase with its own time; a deadline missed before does not count in it.
    pub(crate) fn begin(&self, worker: &Worker, phase: Phase) {
        let settings = &worker.shared.settings;
        // Who has asked for nothing yet gets the time of a head, and again that of the head itself.
        let idle = phase == Phase::Idle && !self.fresh.get();
        let allowed = if idle { settings.idle_timeout_ms } else { settings.request_timeout_ms };
        self.deadline_ms.set(worker.now_ms().wrapping_add(allowed as u32));
        self.earned.set(0);
        self.phase.set(phase);
        self.late.set(false);
        if !self.gave_way.get() {
            let mut lines = worker.lines.borrow_mut();
            match phase {
                Phase::Idle | Phase::Reading => lines.join(self.key, Line::Asking),
                Phase::Working | Phase::Writing => lines.leave(self.key),
            }
        }
    }

    /// Takes note of bytes of a body that came, or of an answer that went. Each earns its time at the least rate. What
    /// is saved up that way is no more than the time at the beginning and that of `ahead` bytes: a part sent fast is
    /// no licence to stand still for minutes.
    pub(crate) fn moved(&self, worker: &Worker, bytes: usize, ahead: usize) {
        let (settings, now_ms) = (&worker.shared.settings, worker.now_ms());
        let rate = settings.rate_bytes_min;
        let earned = u64::from(self.earned.get()) + bytes as u64;
        let earned_ms = earned * 1000 / rate;
        self.earned.set((earned - earned_ms * rate / 1000) as u32);
        let left_ms = i64::from(self.deadline_ms.get().wrapping_sub(now_ms) as i32);
        let most_ms = settings.request_timeout_ms + ahead as u64 * 1000 / rate;
        let left_ms = (left_ms + earned_ms as i64).min(most_ms as i64);
        self.deadline_ms.set(now_ms.wrapping_add(left_ms as u32));
    }

    /// Ends it at once, whatever it is waited for, to make room for others.
    pub(crate) fn end(&self) {
        self.gave_way.set(true);
        self.cut();
    }

    /// Wakes its task with an end or an error. What the peer did not take of an answer, the kernel is to forget when
    /// the socket is closed: otherwise it offers it to a closed window for minutes.
    fn cut(&self) {
        if self.phase.get() == Phase::Writing {
            let _unsupported = set_socket_linger(&self.socket, Some(Duration::ZERO));
        }
        let _already_gone = rustix::net::shutdown(self.socket.as_fd(), Shutdown::Both);
    }

    /// Ends what the connection waits for when its time is over: a read sees the end, a write an
    /// error. Whether that was now.
    pub(crate) fn expire(&self, now_ms: u32, draining: bool) -> bool {
        let over = (now_ms.wrapping_sub(self.deadline_ms.get()) as i32) >= 0;
        let idle = draining && self.phase.get() == Phase::Idle;
        if self.late.get() || self.phase.get() == Phase::Working || !over && !idle {
            return false;
        }
        self.late.set(true);
        if self.phase.get() == Phase::Writing {
            self.cut();
        } else {
            let _already_gone = rustix::net::shutdown(self.socket.as_fd(), Shutdown::Read);
        }
        true
    }

    /// Writes all of `bytes`, waiting where the socket is full, for as long as the peer takes them fast enough.
    pub(crate) async fn write_all(&self, worker: &Worker, bytes: &[u8]) -> io::Result<()> {
        self.begin(worker, Phase::Writing);
        let written = self.write(worker, bytes).await;
        worker.release_answer(self);
        written
    }

    async fn write(&self, worker: &Worker, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.socket.send(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(took) => {
                    rest = rest.get(took..).unwrap_or_default();
                    if !rest.is_empty() {
                        self.moved(worker, took, limits::ANSWER_STEP_BYTES);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.held.get() == 0 {
                        worker.hold_answer(self, bytes.len());
                    }
                    self.socket.writable().await?;
                }
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
    let left = match read_proxy_head(&worker, &connection, &mut input).await {
        Ok(()) => converse(&worker, &connection, &mut input).await,
        Err(_) => Err(Ending::Gone),
    };
    drop(input);
    let ending = match left {
        Ok(subscription) => return Box::pin(subscribe::hand_over(&worker, connection, subscription)).await,
        Err(ending) => ending,
    };
    if let Some(socket) = worker.close_connection(connection) {
        match ending {
            Ending::Gone => drop(socket),
            Ending::Listening => worker.linger(socket, false),
            Ending::Deaf => worker.linger(socket, true),
        }
    }
}

/// Answers request after request, until one of them subscribes or the connection is to end.
async fn converse(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
) -> Result<Box<Subscription>, Ending> {
    let mut answered: u32 = 0;
    loop {
        // Requests that have come already are answered without waiting: others need their turn.
        if answered > 0 && answered.is_multiple_of(limits::REQUESTS_PER_TURN) {
            worker.breather.breathe().await;
        }
        let head = match read_head(worker, connection, input).await {
            Ok(head) => head,
            Err(no_request) => return Err(Box::pin(refuse(worker, connection, no_request, &[])).await),
        };
        // Apart, for most connections wait for a head, and what an answer takes is more than all they have.
        if let Some(subscription) = Box::pin(respond(worker, connection, input, head)).await? {
            return Ok(subscription);
        }
        answered = answered.wrapping_add(1);
    }
}

/// Answers one request, or takes it for a subscription. `Err`: the connection ends.
async fn respond(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
    head: Head,
) -> Result<Option<Box<Subscription>>, Ending> {
    let (version, head_only) = (head.version, head.method == http::Method::HEAD);
    let admitted = match route::admit(worker, connection, &head) {
        Ok(admitted) => admitted,
        Err(reply) => return turn_away(worker, connection, input, &head, *reply).await.map(|()| None),
    };
    let request = match read_body(worker, connection, input, head, admitted.wants_body()).await {
        Ok(request) => request,
        Err(no_request) => return Err(refuse(worker, connection, no_request, admitted.cors()).await),
    };
    connection.begin(worker, Phase::Working);
    worker.stir();
    connection.fresh.set(false);
    let keep_alive = request.head.keep_alive && !worker.shared.is_draining();
    let answer = route::answer(worker, admitted, &request).await;
    // A body is not kept for a peer that takes its time over the answer.
    drop(request);
    match answer {
        Answer::Reply(reply) => {
            let sent = send_reply(worker, connection, reply, version, keep_alive, head_only).await;
            sent.map_err(|_| Ending::Gone)?;
            if keep_alive { Ok(None) } else { Err(Ending::Listening) }
        }
        Answer::StreamHead(cors) => {
            let mut out = Vec::with_capacity(512);
            stream_head(&mut out, version, &cors, &worker.date());
            // The head says that the connection goes on, as that of a stream does; here it cannot.
            let _peer_gone = connection.write_all(worker, &out).await;
            Err(Ending::Listening)
        }
        Answer::Subscribe(subscription) => Ok(Some(subscription)),
    }
}

/// What may still come from the peer of a connection that ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Nothing of use: it ended its side, or does not take its answer.
    Gone,
    Listening,
    /// Something, but we ended the reading side, so that an end says nothing of the peer.
    Deaf,
}

impl Ending {
    fn of(no_request: &NoRequest, late: bool) -> Self {
        match no_request {
            _ if late => Self::Deaf,
            NoRequest::Closed => Self::Gone,
            _ => Self::Listening,
        }
    }
}

/// Answers a request that its head is refused for, and reads over its body, of which nothing is held. `Err`: the
/// connection ends.
async fn turn_away(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
    head: &Head,
    reply: Reply,
) -> Result<(), Ending> {
    worker.stir();
    connection.fresh.set(false);
    // Whether one that waits for our word sends its body after this one cannot be known.
    let keep_alive = head.keep_alive && !head.expects_continue && !worker.shared.is_draining();
    let head_only = head.method == http::Method::HEAD;
    let sent = send_reply(worker, connection, reply, head.version, keep_alive, head_only).await;
    sent.map_err(|_| Ending::Gone)?;
    if head.expects_continue {
        return Err(Ending::Listening);
    }
    // Also where nothing follows: what a peer still sends when we close would cost it the answer.
    let skipped = skip_body(worker, connection, input, head.body).await;
    skipped.map_err(|no_request| Ending::of(&no_request, connection.is_late()))?;
    if keep_alive { Ok(()) } else { Err(Ending::Listening) }
}

/// Says why there is no request, where that can be said, and what is to become of the connection.
async fn refuse(
    worker: &Worker,
    connection: &Connection,
    no_request: NoRequest,
    cors: &[(&'static str, String)],
) -> Ending {
    let ending = Ending::of(&no_request, connection.is_late());
    let mut reply = match no_request {
        NoRequest::Closed => return ending,
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
    reply.headers.extend(cors.iter().cloned());
    let _peer_gone = send_reply(worker, connection, reply, Version::Http11, false, false).await;
    ending
}

async fn send_reply(
    worker: &Worker,
    connection: &Connection,
    reply: Reply,
    version: Version,
    keep_alive: bool,
    head_only: bool,
) -> io::Result<()> {
    let mut out = Vec::with_capacity(512 + reply.body.len());
    reply.write(&mut out, version, keep_alive, head_only, &worker.date());
    drop(reply);
    connection.write_all(worker, &out).await
}
