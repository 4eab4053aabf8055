//! The publisher: one thread, a few keep-alive connections with one request under way on each. Paced, it
//! sends when a request is due and counts from then, whether or not the server keeps up (no coordinated
//! omission); unpaced, it sends as soon as a connection is free.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::net::{RecvFlags, recv};

use crate::client::{Response, ResponseError, event_ids, now_ns};
use crate::load::event::{EventWriter, Run};
use crate::load::latency::{Latency, LatencyError};

/// An answer that takes longer than this is taken for lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Refusals after which the run is given up: it would measure the error path.
const REFUSALS_MAX: u64 = 100;
const IDLE_WAIT_NS: u64 = 100_000_000;

/// How fast to publish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// This many events a second, due at even times whatever the answers do.
    EventsPerSecond(f64),
    /// The next request as soon as the last is answered.
    Unpaced,
}

/// What to publish.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) addr: SocketAddr,
    pub(crate) run: Run,
    pub(crate) pace: Pace,
    pub(crate) connections: usize,
    /// Events of one request, 1 to 4,096.
    pub(crate) batch: u64,
    pub(crate) first_seq: u64,
    /// Publishing stops after this many events or this long, whichever comes first.
    pub(crate) events_max: u64,
    pub(crate) time_max: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// `seq` and event id of each event that was acknowledged.
    pub(crate) acks: Vec<(u64, u64)>,
    /// Events that were refused with 429 or 5xx.
    pub(crate) refused: u64,
    /// From when a request was due (unpaced: sent) to its answer.
    pub(crate) ack: Latency,
    /// How long after it was due a request was sent: the tool's own lag and waits for a free connection.
    pub(crate) late: Latency,
    pub(crate) seconds: f64,
}

/// Why publishing was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("a publisher's connection to {addr} failed")]
    Io { addr: SocketAddr, source: std::io::Error },
    #[error("the publisher's epoll set failed")]
    Epoll(#[from] rustix::io::Errno),
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error(transparent)]
    Response(#[from] ResponseError),
    #[error("the server closed a publisher's connection before answering")]
    Cut,
    #[error("no answer to a publish request within {ANSWER_TIMEOUT:?}")]
    Silent,
    #[error("a publish request was answered with status {status}: {body}")]
    Status { status: u16, body: String },
    #[error("{refused} events were refused, the last with status {status}: {body}")]
    Refused { refused: u64, status: u16, body: String },
    #[error("a publish request of {sent} events was answered with {got} event ids: {body}")]
    Ids { sent: u64, got: u64, body: String },
}

/// Carries out an order. `progress` counts the events answered, for a progress bar.
pub(crate) fn publish(order: &Order, progress: &AtomicU64) -> Result<Receipt, PublishError> {
    // The default slack of 50 µs would be most of the lateness this thread reports. Without the right to
    // change it the run is still correct.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let mut publisher = Publisher::new(order, progress)?;
    while publisher.step()? {}
    publisher.receipt.seconds = (now_ns() - publisher.begun_ns) as f64 / 1e9;
    Ok(publisher.receipt)
}

struct Publisher<'a> {
    order: &'a Order,
    progress: &'a AtomicU64,
    epoll: OwnedFd,
    ready: Vec<epoll::Event>,
    lanes: Vec<Lane>,
    begun_ns: u64,
    issued: u64,
    events: EventWriter,
    request: Vec<u8>,
    body: Vec<u8>,
    scratch: Vec<u8>,
    receipt: Receipt,
}

/// One connection and the request under way on it.
struct Lane {
    /// None after the server closed it; the next request opens another.
    socket: Option<TcpStream>,
    answer: Vec<u8>,
    under_way: Option<Request>,
}

#[derive(Clone, Copy)]
struct Request {
    first_seq: u64,
    count: u64,
    due_ns: u64,
    sent_ns: u64,
}

impl<'a> Publisher<'a> {
    fn new(order: &'a Order, progress: &'a AtomicU64) -> Result<Publisher<'a>, PublishError> {
        let receipt = Receipt {
            // Memory is used as it fills; growing it would be a stall of the publisher.
            acks: Vec::with_capacity(order.events_max as usize),
            refused: 0,
            ack: Latency::new()?,
            late: Latency::new()?,
            seconds: 0.0,
        };
        let mut publisher = Publisher {
            order,
            progress,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            ready: Vec::with_capacity(order.connections),
            lanes: Vec::new(),
            begun_ns: 0,
            issued: 0,
            events: EventWriter::new(order.run),
            request: Vec::new(),
            body: Vec::new(),
            scratch: vec![0; 256 * 1024],
            receipt,
        };
        for number in 0..order.connections {
            let socket = publisher.connect(number)?;
            publisher.lanes.push(Lane { socket: Some(socket), answer: Vec::new(), under_way: None });
        }
        publisher.begun_ns = now_ns();
        Ok(publisher)
    }

    fn connect(&self, number: usize) -> Result<TcpStream, PublishError> {
        let io = |source| PublishError::Io { addr: self.order.addr, source };
        let socket = TcpStream::connect_timeout(&self.order.addr, ANSWER_TIMEOUT).map_err(io)?;
        socket.set_nodelay(true).map_err(io)?;
        socket.set_write_timeout(Some(ANSWER_TIMEOUT)).map_err(io)?;
        epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        Ok(socket)
    }

    /// Sends what is due, waits, takes what was answered. False when all is done.
    fn step(&mut self) -> Result<bool, PublishError> {
        let mut now = now_ns();
        let mut next_due = None;
        while self.may_issue(now) {
            let due = self.next_due(now);
            if due > now {
                next_due = Some(due);
                break;
            }
            let Some(lane) = self.lanes.iter().position(|lane| lane.under_way.is_none()) else { break };
            self.issue(lane, due)?;
            now = now_ns();
        }
        let oldest = self.lanes.iter().filter_map(|lane| lane.under_way).map(|request| request.sent_ns).min();
        match oldest {
            None if next_due.is_none() => return Ok(false),
            Some(sent) if now.saturating_sub(sent) > ANSWER_TIMEOUT.as_nanos() as u64 => {
                return Err(PublishError::Silent);
            }
            _ => {}
        }
        self.wait(next_due.map_or(IDLE_WAIT_NS, |due| due.saturating_sub(now).min(IDLE_WAIT_NS)))?;
        for at in 0..self.ready.len() {
            if let Some(lane) = self.ready.get(at).map(|event| event.data.u64() as usize) {
                self.take_answer(lane)?;
            }
        }
        Ok(true)
    }

    fn may_issue(&self, now: u64) -> bool {
        let elapsed = now.saturating_sub(self.begun_ns);
        let in_time = match self.order.pace {
            // What was due within the time is sent, however late.
            Pace::EventsPerSecond(_) => {
                self.next_due(now) < self.begun_ns + self.order.time_max.as_nanos() as u64
            }
            Pace::Unpaced => u128::from(elapsed) < self.order.time_max.as_nanos(),
        };
        self.issued < self.order.events_max && in_time
    }

    fn next_due(&self, now: u64) -> u64 {
        match self.order.pace {
            Pace::EventsPerSecond(rate) => self.begun_ns + (self.issued as f64 * 1e9 / rate) as u64,
            Pace::Unpaced => now,
        }
    }

    fn issue(&mut self, number: usize, due_ns: u64) -> Result<(), PublishError> {
        let Order { run, addr, .. } = *self.order;
        let batch = self.order.batch.min(run.dialect.batch_max());
        let count = batch.min(self.order.events_max - self.issued);
        let first_seq = self.order.first_seq + self.issued;
        self.body.clear();
        self.events.write_body(&mut self.body, first_seq..first_seq + count, batch > 1, due_ns);
        self.request.clear();
        let head = run.dialect.publish_head(addr, batch, self.body.len());
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(&self.body);
        let fresh = match self.lanes.get(number) {
            Some(Lane { socket: None, .. }) => Some(self.connect(number)?),
            _ => None,
        };
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        let socket = match fresh {
            Some(socket) => lane.socket.insert(socket),
            None => lane.socket.as_mut().ok_or(PublishError::Cut)?,
        };
        socket.write_all(&self.request).map_err(|source| PublishError::Io { addr, source })?;
        let sent_ns = now_ns();
        self.receipt.late.record(sent_ns.saturating_sub(due_ns));
        lane.under_way = Some(Request { first_seq, count, due_ns, sent_ns });
        self.issued += count;
        Ok(())
    }

    /// Waits for an answer, to the nanosecond: `epoll_wait` knows only milliseconds.
    fn wait(&mut self, ns: u64) -> Result<(), PublishError> {
        let timeout = Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 };
        let mut fds = [PollFd::new(&self.epoll, PollFlags::IN)];
        self.ready.clear();
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        epoll::wait(&self.epoll, spare_capacity(&mut self.ready), Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        Ok(())
    }

    fn take_answer(&mut self, number: usize) -> Result<(), PublishError> {
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        let addr = self.order.addr;
        let Some(socket) = &lane.socket else { return Ok(()) };
        let count = match recv(socket, self.scratch.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((count, _)) => count,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(PublishError::Io { addr, source: error.into() }),
        };
        if count == 0 {
            // Closing a connection with nothing under way is the server's right.
            lane.socket = None;
            return if lane.under_way.is_none() { Ok(()) } else { Err(PublishError::Cut) };
        }
        lane.answer.extend_from_slice(self.scratch.get(..count).unwrap_or_default());
        let Some((response, length)) = Response::parse(&lane.answer)? else { return Ok(()) };
        lane.answer.drain(..length);
        if response.closes {
            lane.socket = None;
        }
        let Some(request) = lane.under_way.take() else { return Ok(()) };
        self.settle(request, &response)
    }

    fn settle(&mut self, request: Request, response: &Response) -> Result<(), PublishError> {
        let Request { first_seq, count, due_ns, .. } = request;
        self.progress.fetch_add(count, Ordering::Relaxed);
        let status = response.status;
        if status == 429 || status >= 500 {
            self.receipt.refused += count;
            let refused = self.receipt.refused;
            return match refused > REFUSALS_MAX {
                true => Err(PublishError::Refused { refused, status, body: response.excerpt() }),
                false => Ok(()),
            };
        }
        let dialect = self.order.run.dialect;
        if !dialect.is_taken(status) {
            return Err(PublishError::Status { status, body: response.excerpt() });
        }
        self.receipt.ack.record(now_ns().saturating_sub(due_ns));
        if !dialect.has_dense_ids() {
            // No id of the server's own is compared, so any that differ will do.
            self.receipt.acks.extend((first_seq..first_seq + count).map(|seq| (seq, seq + 1)));
            return Ok(());
        }
        let before = self.receipt.acks.len();
        self.receipt.acks.extend((first_seq..).zip(event_ids(&response.body)));
        let got = (self.receipt.acks.len() - before) as u64;
        if got != count {
            return Err(PublishError::Ids { sent: count, got, body: response.excerpt() });
        }
        Ok(())
    }
}

impl Receipt {
    /// Acknowledgements that name an id which another event was given as well.
    pub(crate) fn repeated_ids(&self) -> u64 {
        let mut ids: Vec<u64> = self.acks.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.windows(2).filter(|pair| pair.first() == pair.last()).count() as u64
    }
}
