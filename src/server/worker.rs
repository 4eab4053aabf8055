//! One worker: a thread pinned to a CPU, its runtime, its hub, and the tasks that run on it.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::event::epoll;
use slab::Slab;

use crate::clock;
use crate::doorbell::Doorbell;
use crate::hub::{Hub, Memory};
use crate::ingest::{Answers, PublishError, Published, Publisher};
use crate::metrics::WorkerFigures;
use crate::server::addresses::Peer;
use crate::server::asking::Asking;
use crate::server::coalesce::Coalescing;
use crate::server::connection::Connection;
use crate::server::expiry::Expiries;
use crate::server::pager::PagerDoor;
use crate::server::ring::{RingError, Sender};
use crate::server::shared::Shared;
use crate::server::socket::{Breather, Socket, Watch};
use crate::server::trim::Crowd;
use crate::server::waiting::Waiting;
use crate::server::{accept, deliver, drain, sweep};

const RING_ENTRIES: u32 = 256;

/// What a worker is made of.
pub struct WorkerParts {
    pub index: usize,
    /// The CPU to stay on.
    pub cpu: Option<usize>,
    pub listener: OwnedFd,
    pub shared: Arc<Shared>,
    pub publisher: Publisher,
    pub answers: Answers,
    pub bell: Doorbell,
    pub pager: PagerDoor,
    /// Lets the allocator return to the system what this thread has freed.
    pub give_back: fn(),
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error("a worker could not set up its runtime or its descriptors")]
    Io(#[from] std::io::Error),
}

/// What the worker's tasks wait for, made before any of them starts.
pub(crate) struct Watches {
    pub(crate) bell: Watch,
    pub(crate) epoll: Watch,
    pub(crate) listener: Watch,
}

pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    /// Given up when draining, so that the writer thread sees the end.
    pub(crate) publisher: RefCell<Option<Publisher>>,
    pub(crate) answers: Answers,
    pub(crate) bell: Doorbell,
    pub(crate) listener: OwnedFd,
    pub(crate) hub: RefCell<Hub<Peer>>,
    /// Which of the hub's subscribers end with their tokens, and when.
    pub(crate) expiries: RefCell<Expiries>,
    pub(crate) waiting: Waiting<Result<Vec<Published>, PublishError>>,
    pub(crate) asking: Asking,
    pub(crate) connections: RefCell<Slab<Rc<Connection>>>,
    pub(crate) lingering: RefCell<Vec<sweep::Lingering>>,
    /// Received bytes of whichever connection is being read right now.
    pub(crate) scratch: RefCell<Box<[u8]>>,
    /// Subscribers whose socket is full.
    pub(crate) epoll: OwnedFd,
    pub(crate) date: RefCell<(u64, String)>,
    pub(crate) random: Cell<u64>,
    /// How many damaged stretches have been complained of.
    pub(crate) damaged_seen: Cell<u64>,
    /// Whether the first worker has said that there is no room for the log.
    pub(crate) disk_full: Cell<bool>,
    /// When running out of descriptors was last complained of.
    pub(crate) warned_ms: Cell<u32>,
    /// The delivery task is to give large buffers up when it rests.
    pub(crate) buffers_old: Cell<bool>,
    pub(crate) crowd: Cell<Crowd>,
    pub(crate) give_back: fn(),
    pub(crate) breather: Breather,
    /// A task other than the fan-out had something to do since this was last asked.
    stirred: Cell<bool>,
    pub(crate) watches: Watches,
    start_ms: u64,
}

impl Worker {
    fn new(parts: WorkerParts) -> Result<Rc<Self>, WorkerError> {
        let mut seed = [0; 8];
        rustix::rand::getrandom(&mut seed, rustix::rand::GetRandomFlags::empty())
            .map_err(std::io::Error::from)?;
        let visible = parts.shared.reader.visible();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(std::io::Error::from)?;
        let watches = Watches {
            bell: Watch::new(parts.bell.eventfd().as_fd().try_clone_to_owned()?)?,
            epoll: Watch::new(epoll.try_clone()?)?,
            listener: Watch::new(parts.listener.try_clone()?)?,
        };
        let worker = Self {
            index: parts.index,
            shared: parts.shared,
            publisher: RefCell::new(Some(parts.publisher)),
            answers: parts.answers,
            bell: parts.bell,
            listener: parts.listener,
            hub: RefCell::new(Hub::new(visible, Memory::KERNEL)),
            expiries: RefCell::default(),
            waiting: Waiting::default(),
            asking: Asking::new(parts.pager),
            connections: RefCell::new(Slab::new()),
            lingering: RefCell::new(Vec::new()),
            scratch: RefCell::new(vec![0; 64 * 1024].into_boxed_slice()),
            epoll,
            date: RefCell::new((0, String::new())),
            random: Cell::new(u64::from_ne_bytes(seed) | 1),
            damaged_seen: Cell::new(0),
            disk_full: Cell::new(false),
            warned_ms: Cell::new(0),
            buffers_old: Cell::new(false),
            crowd: Cell::default(),
            give_back: parts.give_back,
            breather: Breather::open()?,
            stirred: Cell::new(false),
            watches,
            start_ms: clock::monotonic_ms(),
        };
        Ok(Rc::new(worker))
    }

    /// Notes that a request or a connection came: chunks of sends stay short for a while.
    pub(crate) fn stir(&self) {
        self.stirred.set(true);
    }

    /// Whether something came since the last call, or a request waits for the threads of the log, which may need
    /// this CPU.
    pub(crate) fn is_wanted(&self) -> bool {
        self.stirred.take() || !self.waiting.is_empty()
    }

    pub(crate) fn figures(&self) -> &WorkerFigures {
        &self.shared.figures[self.index]
    }

    /// Monotonic milliseconds since the worker's start, as the hub takes them; beyond 0, which means "never" there.
    pub(crate) fn now_ms(&self) -> u32 {
        (clock::monotonic_ms() - self.start_ms) as u32 | 1
    }

    /// A number for spreading retries and naming subscribers (xorshift64*); not for secrets.
    pub(crate) fn random(&self) -> u64 {
        let mut x = self.random.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// The `Date` field's value, made once a second (RFC 9110, section 5.6.7).
    pub(crate) fn date(&self) -> String {
        let now = clock::unix_ms() / 1000;
        let mut date = self.date.borrow_mut();
        if date.0 != now {
            *date = (now, httpdate::fmt_http_date(std::time::SystemTime::now()));
        }
        date.1.clone()
    }

    /// Enters a connection into the table in which its deadlines are looked after.
    pub(crate) fn open_connection(&self, socket: OwnedFd) -> std::io::Result<Rc<Connection>> {
        self.stir();
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        let deadline_ms = self.now_ms().wrapping_add(self.shared.settings.request_timeout_ms as u32);
        let connection = Rc::new(Connection::new(Socket::adopt(socket)?, entry.key(), deadline_ms));
        entry.insert(Rc::clone(&connection));
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        Ok(connection)
    }

    /// Takes a connection out of the table and out of the runtime, where nobody else holds it.
    pub(crate) fn close_connection(&self, connection: Rc<Connection>) -> Option<OwnedFd> {
        self.connections.borrow_mut().try_remove(connection.key);
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
        Rc::try_unwrap(connection).ok().map(|connection| connection.socket.into_fd())
    }
}

/// The worker thread's body. Runs until the server has drained.
pub fn run(parts: WorkerParts) -> Result<(), WorkerError> {
    if let Some(cpu) = parts.cpu
        && monoio::utils::bind_to_cpu_set([cpu]).is_err()
    {
        tracing::warn!(worker = parts.index, cpu, "the worker could not be pinned to its CPU");
    }
    let sender = Sender::open(parts.shared.settings.send)?;
    let mut uring = io_uring::IoUring::builder();
    uring.setup_single_issuer().setup_coop_taskrun().setup_taskrun_flag();
    let mut runtime = monoio::RuntimeBuilder::<monoio::IoUringDriver>::new()
        .with_entries(RING_ENTRIES)
        .uring_builder(uring)
        .enable_timer()
        .build()?;
    runtime.block_on(async move {
        let worker = Worker::new(parts)?;
        drop(monoio::spawn(accept::accept_loop(Rc::clone(&worker))));
        let coalescing = Coalescing::start(&worker)?;
        drop(monoio::spawn(deliver::deliver_loop(Rc::clone(&worker), sender, coalescing)));
        drop(monoio::spawn(deliver::writable_loop(Rc::clone(&worker))));
        sweep::tick_loop(Rc::clone(&worker)).await;
        drain::drain(&worker).await;
        worker.asking.close();
        Ok(())
    })
}
