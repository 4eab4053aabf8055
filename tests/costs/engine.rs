//! The whole server inside the test's process, put together as the binary does it, with a count of what each thread
//! allocates. One worker; it ends with the process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tailwire::auth::{OriginPolicy, Tickets};
use tailwire::clock;
use tailwire::doorbell::Doorbell;
use tailwire::event::Rules;
use tailwire::ingest::{self, Snapshot};
use tailwire::log::{self, Disk, Durability, LogOptions, RealDisk};
use tailwire::server::{self, Access, SendMethod, Settings, Shared, WorkerParts};

use crate::counting::{Allocated, Count};

/// Counts of the threads by which an event goes.
pub struct Engine {
    pub address: SocketAddr,
    threads: [(&'static str, &'static Count); 3],
}

/// What each of them allocated.
pub type Readings = [(&'static str, Allocated); 3];

impl Engine {
    /// Starts with the log below `directory`.
    pub fn start(directory: &Path) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory).unwrap());
        let durability = Durability::Commit;
        let options =
            LogOptions { segment_bytes: 32 * 1024 * 1024, durability, new_epoch: false, accept_gap: false };
        let log = log::open(Arc::clone(&disk), options, clock::unix_ms()).unwrap();
        let reader = log.reader.clone();
        let mut preparer = log.preparer;
        std::thread::spawn(move || preparer.run());
        let bells = vec![Doorbell::open().unwrap()];
        let parts = (log.writer, log.syncer, log.reader);
        let snapshot = Snapshot::read(disk, 100_000);
        let mut ingest = ingest::open(parts, durability, bells.clone(), snapshot);
        let writer = counted(move || ingest.writer.run());
        let sync = counted(move || ingest.sync.run());

        let (address, mut listeners) = server::listen(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
        let access = Access { verifier: None, tickets: Tickets::new() };
        let shared = Arc::new(Shared::new(settings(), access, reader, 1, clock::monotonic_ms()));
        let (pager, mut doors) = server::pager(Arc::clone(&shared), &bells);
        std::thread::spawn(move || pager.run());
        let parts = WorkerParts {
            index: 0,
            cpu: None,
            listener: listeners.remove(0),
            shared,
            publisher: ingest.publisher,
            answers: ingest.answers.remove(0),
            bell: bells[0].clone(),
            pager: doors.remove(0),
            give_back: || {},
        };
        let worker = counted(move || server::run(parts).unwrap());
        Self { address, threads: [("worker", worker), ("writer", writer), ("sync", sync)] }
    }

    pub fn readings(&self) -> Readings {
        self.threads.map(|(name, count)| (name, count.now()))
    }

    pub fn since(&self, before: &Readings) -> Readings {
        let mut readings = *before;
        for ((_, reading), (_, count)) in readings.iter_mut().zip(self.threads) {
            *reading = count.since(*reading);
        }
        readings
    }
}

/// Starts a thread and counts it from its first allocation on.
fn counted(body: impl FnOnce() + Send + 'static) -> &'static Count {
    let count = Count::forever();
    std::thread::spawn(move || {
        count.watch();
        body();
    });
    count
}

/// Nothing that comes with time comes within a test.
fn settings() -> Settings {
    let long_ms = 60 * 60 * 1000;
    Settings {
        max_connections: 5000,
        heartbeat_ms: long_ms,
        write_timeout_ms: long_ms,
        request_timeout_ms: long_ms,
        idle_timeout_ms: long_ms,
        drain_timeout_ms: long_ms,
        rules: Rules::default(),
        origins: OriginPolicy { allowed: Vec::new(), loopback: true },
        send: SendMethod::Auto,
        coalesce_us: 0,
        insecure: false,
    }
}
