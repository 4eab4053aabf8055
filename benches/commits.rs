//! What the log takes: events a second with and without the disk, and how long an acknowledgement waits.
//!
//! Prints a table instead of criterion's means, because what matters of a commit is its tail. One thread writes
//! and flushes; the preparer makes segments beside it, as in the server. Events are 256 bytes on the wire. Left
//! out: JSON, sockets, the hand-over between threads (`loadtest publish` has them), and the wait for a segment
//! where the writer outruns the disk, which has a column of its own.
//!
//! `TAILWIRE_BENCH_SECONDS` (3): how long each row runs. `TAILWIRE_BENCH_STALL_MS`: one durable row, which stops at
//! the first commit that takes so long (`benches/stalls.sh` looks at what the kernel did meanwhile).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tailwire::log::{Durability, Flags, LogOptions, RealDisk, Record, Retainer, Retention, Syncer, Writer};

const EVENT_BYTES: usize = 256;
/// The oldest segments go beyond this.
const LOG_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Events between two looks at the size of the log.
const EVENTS_PER_LOOK: u64 = 262_144;

struct Log {
    writer: Writer,
    syncer: Syncer,
    retainer: Retainer,
    preparing: JoinHandle<()>,
    dir: tempfile::TempDir,
}

/// What a row came to.
struct Row {
    acks_ns: Histogram<u64>,
    events: u64,
    elapsed: Duration,
    cpu: Duration,
    waited: Duration,
}

impl Log {
    fn open(durability: Durability) -> Self {
        // Beside the build: the directory for temporary files may be in memory.
        let parent = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
        std::fs::create_dir_all(&parent).unwrap();
        let dir = tempfile::tempdir_in(parent).unwrap();
        let disk = Arc::new(RealDisk::open(dir.path()).unwrap());
        let segment_bytes = 128 * 1024 * 1024;
        let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
        let opened = tailwire::log::open(disk, options, tailwire::clock::unix_ms()).unwrap();
        let mut preparer = opened.preparer;
        let preparing = std::thread::spawn(move || preparer.run());
        Self { writer: opened.writer, syncer: opened.syncer, retainer: opened.retainer, preparing, dir }
    }

    fn append(&mut self, frame: &[u8], batch: usize, now_ms: u64) {
        self.writer.begin(batch, batch * frame.len(), now_ms).unwrap();
        for n in 1..=batch {
            let id = self.writer.next_id();
            let flags = if n < batch { Flags::BATCH_MORE } else { 0 };
            let stream = id.0 % 10_000 + 1;
            let (sender, recipient, key, aux) = (stream << 20, stream << 40, id.0, id.0);
            let (kind, payload_offset) = (1, 5);
            let record = Record { stream, sender, recipient, key, aux, flags, kind, payload_offset, frame };
            self.writer.push(id, record);
        }
        self.writer.flush().unwrap();
    }

    /// Appends for `length`, each batch acknowledged before the next; stops after an ack that took `stall`.
    fn run(&mut self, batch: usize, durable: bool, length: Duration, stall: Option<Duration>) -> Row {
        let frame = [b'x'; EVENT_BYTES];
        let mut row = Row {
            acks_ns: Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap(),
            events: 0,
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            waited: Duration::ZERO,
        };
        let (began, cpu_before) = (Instant::now(), thread_cpu());
        let now_ms = tailwire::clock::unix_ms();
        let mut look = EVENTS_PER_LOOK;
        while began.elapsed() < length {
            let waiting = Instant::now();
            while self.writer.must_wait(batch, batch * EVENT_BYTES) {
                std::thread::yield_now();
            }
            row.waited += waiting.elapsed();
            let asked = Instant::now();
            self.append(&frame, batch, now_ms);
            if durable {
                self.syncer.sync().unwrap();
            }
            let ack = asked.elapsed();
            row.acks_ns.saturating_record(ack.as_nanos() as u64);
            row.events += batch as u64;
            if stall.is_some_and(|stall| ack >= stall) {
                break;
            }
            if row.events >= look {
                look += EVENTS_PER_LOOK;
                let bounds = Retention { bytes_max: Some(LOG_BYTES_MAX), age_ms_max: None };
                self.retainer.retain(bounds, now_ms).unwrap();
            }
        }
        row.elapsed = began.elapsed();
        row.cpu = thread_cpu() - cpu_before;
        row
    }

    fn close(self) {
        let Self { writer, syncer, retainer, preparing, dir } = self;
        drop((writer, syncer, retainer));
        preparing.join().unwrap();
        drop(dir);
    }
}

/// CPU time of the calling thread.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Row {
    fn print(&self, name: &str, batch: usize) {
        let working = (self.elapsed - self.waited).as_secs_f64();
        let micros = |quantile: f64| self.acks_ns.value_at_quantile(quantile) as f64 / 1000.0;
        println!(
            "{name:<12} {batch:>6} {:>12.0} {:>12.0} {:>10.2} {:>9.1} {:>9.1} {:>9.1} {:>10.1} {:>7.2}",
            self.events as f64 / working,
            self.acks_ns.len() as f64 / working,
            self.cpu.as_secs_f64() * 1e6 / self.events as f64,
            micros(0.5),
            micros(0.99),
            micros(0.999),
            self.acks_ns.max() as f64 / 1000.0,
            self.waited.as_secs_f64(),
        );
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

fn main() {
    let length = Duration::from_secs(number("TAILWIRE_BENCH_SECONDS").unwrap_or(3));
    let stall = number("TAILWIRE_BENCH_STALL_MS").map(Duration::from_millis);
    println!("{EVENT_BYTES} B an event; one writer; acks one after another; times in µs, waits in s");
    println!(
        "{:<12} {:>6} {:>12} {:>12} {:>10} {:>9} {:>9} {:>9} {:>10} {:>7}",
        "durability",
        "batch",
        "events/s",
        "commits/s",
        "CPU/event",
        "ack p50",
        "p99",
        "p99.9",
        "max",
        "waited"
    );
    let rows = [("commit", Durability::Commit), ("none", Durability::None)];
    for (name, durability) in rows.into_iter().take(if stall.is_some() { 1 } else { 2 }) {
        for batch in if stall.is_some() { &[1][..] } else { &[1, 64, 1024][..] } {
            let mut log = Log::open(durability);
            let row = log.run(*batch, durability == Durability::Commit, length, stall);
            row.print(name, *batch);
            log.close();
        }
    }
}
