//! What all workers know together: settings, the log, figures, and the few numbers that must be counted in common.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::auth::{OriginPolicy, SharedVerifier, Tickets};
use crate::event::Rules;
use crate::log::Reader;
use crate::metrics::{PagerFigures, WorkerFigures};
use crate::server::SendMethod;
use crate::server::quota::{Limits, Quota};
use crate::server::request::Bodies;
use crate::topic::TopicHasher;

/// Settings of the way in and out, checked by whoever made them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Subscribers at a time, over all workers; some more connections are kept for publishers and for refusals.
    pub max_connections: usize,
    pub heartbeat_ms: u64,
    /// How long a subscriber's kernel may acknowledge nothing at all.
    pub write_timeout_ms: u64,
    /// How long a head may take to arrive, and for how long a body or an answer may be slower than `rate_bytes_min`.
    pub request_timeout_ms: u64,
    /// Bytes a second.
    pub rate_bytes_min: u64,
    pub idle_timeout_ms: u64,
    pub drain_timeout_ms: u64,
    pub rules: Rules,
    pub origins: OriginPolicy,
    pub limits: Limits,
    pub send: SendMethod,
    /// Least time between the beginnings of two deliveries; 0: none.
    pub coalesce_us: u64,
    /// Said in `/ready`: the server is open to everyone on a public address.
    pub insecure: bool,
}

/// Who is let in.
pub struct Access {
    /// `None`: no keys, and everybody is.
    pub verifier: Option<SharedVerifier>,
    pub tickets: Tickets,
}

/// One for the whole server.
pub struct Shared {
    pub settings: Settings,
    pub access: Access,
    pub reader: Reader,
    pub hasher: TopicHasher,
    pub figures: Box<[WorkerFigures]>,
    pub pager: PagerFigures,
    pub events_published: AtomicU64,
    pub(crate) quota: Quota,
    pub(crate) bodies: Bodies,
    pub(crate) subscribers: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    draining: AtomicBool,
    started_ms: u64,
}

impl Shared {
    /// `started_ms`: the monotonic clock now.
    pub fn new(settings: Settings, access: Access, reader: Reader, workers: usize, started_ms: u64) -> Self {
        let hasher = TopicHasher::new(reader.hash_key());
        let figures = (0..workers).map(|_| WorkerFigures::default()).collect();
        Self {
            quota: Quota::new(&settings.limits),
            settings,
            access,
            reader,
            hasher,
            figures,
            pager: PagerFigures::default(),
            events_published: AtomicU64::new(0),
            bodies: Bodies::default(),
            subscribers: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            started_ms,
        }
    }

    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Milliseconds that the server runs. `now_ms`: the monotonic clock.
    pub(crate) fn uptime_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.started_ms)
    }

    /// Takes a subscriber's place; `false` when there is none.
    pub(crate) fn admit(&self) -> bool {
        let before = self.subscribers.fetch_add(1, Ordering::AcqRel);
        let admitted = before < self.settings.max_connections && !self.is_draining();
        if !admitted {
            self.dismiss();
        }
        admitted
    }

    pub(crate) fn dismiss(&self) {
        self.subscribers.fetch_sub(1, Ordering::AcqRel);
    }
}
