//! Many subscribers on one thread and one epoll set, all events entered into their accounts as they arrive.
//! Reading is level-triggered with one receive for each readiness, which is the cheapest a client can do; the
//! tool shares the machine with the server it measures.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::client::{connect_from, now_ns, source_address};
use crate::load::account::Tally;
use crate::load::event::{Filter, Run};
use crate::load::gather::Expected;
use crate::load::known::KnownFrames;
use crate::load::latency::{Latency, LatencyError};
use crate::load::ledger::Ledger;
use crate::load::member::{Books, Joining, Member};
pub(crate) use crate::load::share::Share;

/// Bytes of one receive.
const RECEIVE_BYTES: usize = 256 * 1024;
/// Subscriptions that wait for their greeting at a time, well under a listener's backlog.
const GREETINGS_AWAITED_MAX: usize = 64;
const READY_MAX: usize = 1024;
/// Subscriptions from one source address; it has some 28,000 ports for one server address.
const SUBSCRIBERS_OF_A_SOURCE: usize = 20_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No greeting and no byte for this long: opening the herd has failed.
const OPEN_PATIENCE: Duration = Duration::from_secs(20);

/// The subscribers of one run.
pub(crate) struct Herd {
    addr: SocketAddr,
    run: Run,
    filter: Filter,
    /// The first of the loopback addresses that it connects from, counted from 127.0.0.1.
    first_source: usize,
    /// The number of its first member among all of the run, by which topics are dealt out.
    first_number: usize,
    /// What other processes counted.
    shares: Share,
    epoll: OwnedFd,
    members: Vec<Member>,
    ready: Vec<epoll::Event>,
    buffer: Vec<u8>,
    greeted: usize,
    /// Members that joined behind and have not caught up.
    behind: usize,
    ledger: Ledger,
    known: KnownFrames,
    /// When an event of the run was last received, in nanoseconds of the monotonic clock.
    pub(crate) last_delivery_ns: u64,
    pub(crate) tally: Tally,
    pub(crate) latency: Latency,
    /// Why streams were lost, the first few.
    pub(crate) stories: Vec<String>,
}

/// Why a herd could not be opened or served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HerdError {
    #[error("subscriber {number} cannot connect; is the server at its connection limit?")]
    Connect { number: usize, source: std::io::Error },
    #[error("the epoll set of the subscribers failed")]
    Epoll(#[from] rustix::io::Errno),
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error("only {greeted} of {asked} subscribers were greeted within {OPEN_PATIENCE:?} of the last one")]
    Silent { greeted: usize, asked: usize },
    #[error("{lost} subscribers were lost while opening; the first: {story}")]
    Refused { lost: u64, story: String },
}

impl Herd {
    pub(crate) fn new(addr: SocketAddr, run: Run, filter: Filter) -> Result<Herd, HerdError> {
        Ok(Herd {
            addr,
            run,
            filter,
            first_source: 0,
            first_number: 0,
            shares: Share::default(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            members: Vec::new(),
            ready: Vec::with_capacity(READY_MAX),
            buffer: vec![0; RECEIVE_BYTES],
            greeted: 0,
            behind: 0,
            ledger: Ledger::default(),
            known: KnownFrames::default(),
            last_delivery_ns: now_ns(),
            tally: Tally::default(),
            latency: Latency::new()?,
            stories: Vec::new(),
        })
    }

    /// For one herd of several: the number of its first member among all, and its place among the sources.
    pub(crate) fn set_first(&mut self, number: usize, source: usize) {
        self.first_number = number;
        self.first_source = source;
    }

    /// Adds subscribers until there are `count`, and waits until each was greeted. They start after
    /// `last_event_id`, or at the log's end.
    pub(crate) fn open(
        &mut self,
        count: usize,
        last_event_id: Option<u64>,
        bar: &ProgressBar,
    ) -> Result<(), HerdError> {
        while self.members.len() < count {
            let topic = (self.first_number + self.members.len()) as u64 % self.run.topics;
            let joining = Joining { start_after: last_event_id, ..Joining::live(self.filter, vec![topic]) };
            self.join(joining)?;
            self.await_greetings(GREETINGS_AWAITED_MAX)?;
            bar.set_position(self.greeted as u64);
        }
        self.await_greetings(0)?;
        bar.set_position(self.greeted as u64);
        Ok(())
    }

    /// Sends one subscriber's request and does not wait for its greeting.
    pub(crate) fn join(&mut self, joining: Joining) -> Result<(), HerdError> {
        let number = self.members.len();
        let request = joining.request(self.addr, &self.run);
        let socket = self.connect(number, &request)?;
        self.behind += usize::from(joining.behind > 0);
        self.members.push(Member::new(socket, joining, self.run.dialect));
        Ok(())
    }

    /// Closes a member's connection, whatever is under way on it; false if it has none, or was not greeted.
    pub(crate) fn leave(&mut self, number: usize) -> bool {
        self.members.get_mut(number).is_some_and(Member::leave)
    }

    /// Has a member that left resume with the last id it saw, as a browser would.
    pub(crate) fn resume(&mut self, number: usize) -> Result<(), HerdError> {
        let Some(request) = self.members.get(number).and_then(|member| member.resume(self.addr, &self.run))
        else {
            return Ok(());
        };
        let socket = self.connect(number, &request)?;
        if let Some(member) = self.members.get_mut(number) {
            member.reconnect(socket, now_ns());
        }
        Ok(())
    }

    /// What a subscriber of this topic asks for.
    pub(crate) fn query(&self, topic: u64, last_event_id: Option<u64>) -> String {
        let query = self.run.query(self.filter, topic);
        last_event_id.map_or(query.clone(), |id| format!("{query}&lastEventId={id}"))
    }

    /// Serves what is ready, waiting at most `timeout` for the first of it. Returns the bytes received.
    pub(crate) fn pump(&mut self, timeout: Duration) -> Result<u64, HerdError> {
        let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: timeout.subsec_nanos().into() };
        self.ready.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.ready), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let before = self.tally.bytes;
        for at in 0..self.ready.len() {
            let Some(number) = self.ready.get(at).map(|event| event.data.u64() as usize) else { break };
            self.receive(number);
        }
        Ok(self.tally.bytes - before)
    }

    /// What all subscribers together are owed.
    pub(crate) fn owed(&self, expected: &Expected) -> u64 {
        self.shares.owed + self.members.iter().map(|member| member.owed(expected)).sum::<u64>()
    }

    /// Events that were owed and have not come, and how many subscribers lack one.
    pub(crate) fn missing(&self, expected: &Expected) -> (u64, u64) {
        let lacks = self.members.iter().map(|member| member.missing(expected));
        let others = (self.shares.missing, self.shares.lacking);
        lacks.fold(others, |(events, members), lack| (events + lack, members + u64::from(lack > 0)))
    }

    /// All that this herd counted.
    pub(crate) fn share(&self, expected: &Expected) -> Share {
        let (missing, lacking) = self.missing(expected);
        Share {
            tally: self.tally,
            owed: self.owed(expected),
            missing,
            lacking,
            last_delivery_ns: self.last_delivery_ns,
            latency: self.latency.value_counts().collect(),
            events: self.ledger.events().collect(),
            stories: self.stories.clone(),
        }
    }

    /// Adds what another process's herd of the same run counted.
    pub(crate) fn add(&mut self, share: &Share) {
        self.tally.add(&share.tally);
        self.tally.changed += self.ledger.add(&share.events);
        self.shares.owed += share.owed;
        self.shares.missing += share.missing;
        self.shares.lacking += share.lacking;
        self.last_delivery_ns = self.last_delivery_ns.max(share.last_delivery_ns);
        self.latency.add(share.latency.iter().copied());
        self.stories.extend(share.stories.iter().cloned());
    }

    /// Acknowledgements of the publisher that contradict what was delivered.
    pub(crate) fn contradicted(&self, acks: &[(u64, u64)]) -> u64 {
        if self.run.dialect.has_dense_ids() { self.ledger.contradicted(acks) } else { 0 }
    }

    /// Members that joined behind and have not caught up.
    pub(crate) fn behind(&self) -> usize {
        self.behind
    }

    /// When each member that joined behind had caught up, in nanoseconds of the clock; the others are left out.
    pub(crate) fn caught_up_at(&self) -> impl Iterator<Item = u64> {
        self.members.iter().filter_map(Member::caught_up_ns)
    }

    fn connect(&self, number: usize, request: &[u8]) -> Result<TcpStream, HerdError> {
        let connect = || -> std::io::Result<TcpStream> {
            let source = source_address(self.addr, self.first_source + number / SUBSCRIBERS_OF_A_SOURCE);
            let mut socket = connect_from(source, self.addr, CONNECT_TIMEOUT)?;
            socket.set_nodelay(true)?;
            socket.write_all(request)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let socket = connect().map_err(|source| HerdError::Connect { number, source })?;
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN)?;
        Ok(socket)
    }

    /// Serves until no more than `awaited_max` members wait for their first greeting.
    pub(crate) fn await_greetings(&mut self, awaited_max: usize) -> Result<(), HerdError> {
        let mut deadline = Instant::now() + OPEN_PATIENCE;
        while self.members.len() - self.greeted > awaited_max {
            if self.pump(Duration::from_millis(200))? > 0 {
                deadline = Instant::now() + OPEN_PATIENCE;
            }
            if self.tally.lost > 0 {
                let story = self.stories.first().cloned().unwrap_or_default();
                return Err(HerdError::Refused { lost: self.tally.lost, story });
            }
            if Instant::now() > deadline {
                return Err(HerdError::Silent { greeted: self.greeted, asked: self.members.len() });
            }
        }
        Ok(())
    }

    fn receive(&mut self, number: usize) {
        let Herd { members, buffer, tally, latency, ledger, known, run, stories, .. } = self;
        let Some(member) = members.get_mut(number) else { return };
        let Some(socket) = member.socket() else { return };
        let count = match socket.read(buffer) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return,
            Err(error) => {
                member.lose(format!("subscriber {number}: {error}"), tally, stories);
                return;
            }
        };
        if count == 0 {
            member.lose(format!("subscriber {number} {}", member.how_it_ended()), tally, stories);
            return;
        }
        let now = now_ns();
        tally.bytes += count as u64;
        let (was_greeted, was_behind) = (member.is_greeted(), member.is_behind());
        let delivered = tally.delivered;
        let mut books = Books { run, ledger, known, tally, latency, now };
        let fed = member.feed(buffer.get(..count).unwrap_or_default(), &mut books);
        self.greeted += usize::from(!was_greeted && member.is_greeted());
        self.behind -= usize::from(was_behind && !member.is_behind());
        if tally.delivered > delivered {
            self.last_delivery_ns = now;
        }
        if let Err(error) = fed {
            member.lose(format!("subscriber {number}: {error}"), tally, stories);
        }
    }
}
