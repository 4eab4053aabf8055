//! The composition root: from a checked configuration to a running server. It knows every part; no part knows it.

mod background;
mod indexing;
mod keys;
mod limits_check;
mod logging;
mod scrub;
mod signals;
mod snapshots;
mod threads;
mod upkeep;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::app::background::{Background, Parts};
use crate::app::signals::{Reason, Signals};
use crate::auth::{OriginPolicy, Tickets};
use crate::clock;
use crate::config::Config;
use crate::doorbell::Doorbell;
use crate::event::Rules;
use crate::ingest::{self, Ingest, Snapshot};
use crate::log::{self, Disk, LogOptions, OpenError, RealDisk};
use crate::server::{self, Access, ListenError, RingError, Settings, Shared, WorkerError, WorkerParts};

pub use keys::KeysError;
pub use limits_check::LimitError;

/// Why the server did not start, or ended on its own; `Display` says the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Log(#[from] OpenError),
    #[error(
        "the data directory {} cannot be used: {source}; give it to the user that runs the server, or choose another \
         with --data-dir",
        directory.display()
    )]
    DataDirectory { directory: PathBuf, source: std::io::Error },
    #[error("{what}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("a worker failed")]
    Worker(#[from] WorkerError),
    #[error("a thread of the server ended by a fault; its message stands above")]
    Thread,
}

/// Segments that the events of `--retain-age` lie in at least: whole ones are removed, so that events stay for up to
/// one part in this many longer. And what keeps a short age from filling the disk's time with new segments.
const ROLLS_PER_AGE: u64 = 4;
const ROLL_MS_MIN: u64 = 1000;

/// Runs the server until SIGTERM or SIGINT has been obeyed.
///
/// Everything that the machine could refuse is asked for before the data directory is touched. `give_back`: lets the
/// allocator return to the system what the calling thread has freed.
pub fn serve(config: Config, give_back: fn()) -> Result<(), StartError> {
    logging::install(&config.log_filter, config.log_json);
    let cpus = threads::cpus();
    let workers = config.workers.unwrap_or(cpus.len()).max(1);
    let signals = Signals::block().map_err(io("signals could not be taken over"))?;
    let verifier = keys::verifier(&config.keys)?;
    let max_connections = limits_check::max_connections(config.max_connections, workers)?;
    server::probe(workers)?;
    let (address, listeners) = server::listen(config.listen, workers)?;

    let (opened, snapshot) = open_log(&config)?;
    let reader = opened.reader.clone();
    let bells = (0..workers)
        .map(|_| Doorbell::open())
        .collect::<Result<Vec<_>, _>>()
        .map_err(io("a doorbell could not be made"))?;
    let beside = (opened.preparer, opened.retainer, opened.scrubber, opened.indexer);
    let parts = (opened.writer, opened.syncer, opened.reader);
    let Ingest { publisher, answers, writer, sync, snapshotter, .. } =
        snapshots::loaded(|| ingest::open(parts, config.durability, bells.clone(), snapshot));
    let (preparer, retainer, scrubber, indexer) = beside;
    let parts = Parts { preparer, retainer, scrubber, indexer, snapshotter };
    let background = Background::start(&config, parts)?;
    let writing = threads::spawn("tw-writer", move || threads::with_short_slice(|| writer.run()))?;
    let syncing = threads::spawn("tw-sync", move || threads::with_short_slice(|| sync.run()))?;

    let settings = settings(&config, max_connections);
    let access = Access { verifier, tickets: Tickets::new() };
    let shared = Arc::new(Shared::new(settings, access, reader, workers, clock::monotonic_ms()));
    let (pager, doors) = server::pager(Arc::clone(&shared), &bells);
    let paging = threads::spawn("tw-pager", move || pager.run())?;
    let mut running = Vec::with_capacity(workers);
    let ends = listeners.into_iter().zip(answers).zip(bells).zip(doors);
    for (index, (((listener, answers), bell), pager)) in ends.enumerate() {
        let parts = WorkerParts {
            index,
            cpu: cpus.get(index % cpus.len().max(1)).copied(),
            listener,
            shared: Arc::clone(&shared),
            publisher: publisher.clone(),
            answers,
            bell,
            pager,
            give_back,
        };
        running.push(threads::spawn(&format!("tw-worker-{index}"), move || server::run(parts))?);
    }
    drop(publisher);
    announce(&config, address, workers, max_connections);

    let threads = [writing, syncing, paging];
    let ended = |threads: &[JoinHandle<()>]| threads.iter().any(JoinHandle::is_finished);
    let is_ended = || running.iter().any(JoinHandle::is_finished) || ended(&threads) || background.is_ended();
    obey(&signals, &config, &shared, is_ended);
    signals.release();
    tracing::info!("draining: no more connections, subscribers are told to come back");
    shared.begin_drain();
    let mut outcome = Ok(());
    for worker in running {
        let ended = worker.join().map_err(|_| StartError::Thread);
        outcome = outcome.and(ended.and_then(|ended| ended.map_err(StartError::from)));
    }
    for thread in threads {
        outcome = outcome.and(thread.join().map_err(|_| StartError::Thread));
    }
    outcome = outcome.and(background.end());
    tracing::info!("stopped");
    outcome
}

/// Reads the keys again as often as it is told to, until the server shall end or has.
fn obey(signals: &Signals, config: &Config, shared: &Shared, is_ended: impl Fn() -> bool) {
    while signals.wait(&is_ended) == Reason::Reload {
        keys::reload(&config.keys, shared.access.verifier.as_ref());
    }
}

fn io(what: &'static str) -> impl Fn(std::io::Error) -> StartError {
    move |source| StartError::Io { what, source }
}

/// Opens the log, and reads the snapshot of what ingest knows meanwhile.
fn open_log(config: &Config) -> Result<(log::Opened, Snapshot), StartError> {
    let began_ms = clock::monotonic_ms();
    let disk = RealDisk::open(&config.data_dir)
        .map_err(|source| StartError::DataDirectory { directory: config.data_dir.clone(), source })?;
    let options = LogOptions {
        segment_bytes: config.segment_bytes,
        durability: config.durability,
        new_epoch: config.new_epoch,
        accept_gap: config.accept_gap,
    };
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let (for_snapshot, payment_streams_max) = (Arc::clone(&disk), config.payment_streams_max);
    let reading = threads::spawn("tw-snapshot", move || Snapshot::read(for_snapshot, payment_streams_max))?;
    let mut opened = log::open(disk, options, clock::unix_ms())?;
    let took_ms = clock::monotonic_ms().saturating_sub(began_ms);
    let found = &opened.recovered;
    tracing::info!(
        clean = found.clean,
        segments = found.segments,
        earliest = found.earliest.0,
        last = found.last.0,
        torn_entries = found.torn_entries,
        new_epoch = found.new_epoch,
        took_ms,
        "the log is open"
    );
    if found.new_epoch && config.new_epoch {
        tracing::warn!(
            "a new epoch was begun: take --new-epoch away now, or each start makes every subscriber's ids jump"
        );
    }
    if config.accept_gap {
        tracing::warn!(
            "started with --accept-gap: damaged files were put aside as .bad; see `tailwire log inspect`, then take \
             the flag away"
        );
    }
    if let Some(age_ms) = config.retain_age_ms {
        opened.writer.roll_after((age_ms / ROLLS_PER_AGE).max(ROLL_MS_MIN));
    }
    let snapshot = reading.join().map_err(|_| StartError::Thread)?;
    Ok((opened, snapshot))
}

fn settings(config: &Config, max_connections: usize) -> Settings {
    let loopback = config.listen.ip().is_loopback();
    let keyless = !config.keys.any();
    Settings {
        max_connections,
        heartbeat_ms: config.heartbeat_ms,
        write_timeout_ms: config.write_timeout_ms,
        request_timeout_ms: config.request_timeout_ms,
        idle_timeout_ms: config.idle_timeout_ms,
        drain_timeout_ms: config.drain_timeout_ms,
        rules: Rules { strict_addresses: config.strict_addresses },
        origins: OriginPolicy { allowed: config.cors_origins.clone(), loopback: loopback && keyless },
        send: config.send,
        coalesce_us: config.coalesce_us,
        insecure: config.insecure && !loopback && keyless,
    }
}

fn announce(config: &Config, address: std::net::SocketAddr, workers: usize, max_connections: usize) {
    if config.insecure && !address.ip().is_loopback() && !config.keys.any() {
        tracing::warn!("--insecure: everyone who reaches {address} may read and publish everything");
    }
    let data_dir = config.data_dir.display();
    let durability = config.durability;
    tracing::info!(workers, max_connections, %data_dir, ?durability, "listening on http://{address}");
}
