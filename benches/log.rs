//! The log's own steps: appending without the disk, looking through entries, cutting runs for replay, opening.
//!
//! `commits` has what waits for the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use tailwire::event::EventId;
use tailwire::log::{Durability, LogOptions, Reader, RealDisk, Record, Syncer, Writer};

const EVENT_BYTES: usize = 256;
/// Events of the log that is read: a segment's worth, and some in the next.
const EVENTS: u64 = 500_000;
const STREAMS: u64 = 10_000;
/// Bytes of a run for one subscriber.
const RUN_BYTES: usize = 128 * 1024;

struct Log {
    writer: Writer,
    syncer: Syncer,
    reader: Reader,
    preparing: JoinHandle<()>,
}

impl Log {
    fn open(dir: &Path) -> Self {
        let disk = Arc::new(RealDisk::open(dir).unwrap());
        let (segment_bytes, durability) = (128 * 1024 * 1024, Durability::Commit);
        let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
        let opened = tailwire::log::open(disk, options, tailwire::clock::unix_ms()).unwrap();
        let mut preparer = opened.preparer;
        let preparing = std::thread::spawn(move || preparer.run());
        Self { writer: opened.writer, syncer: opened.syncer, reader: opened.reader, preparing }
    }

    fn append(&mut self, events: u64) {
        let frame = [b'x'; EVENT_BYTES];
        let now_ms = tailwire::clock::unix_ms();
        for _ in 0..events {
            self.writer.begin(1, EVENT_BYTES, now_ms).unwrap();
            let id = self.writer.next_id();
            let stream = id.0 % STREAMS + 1;
            let (sender, recipient) = (stream << 20, stream << 40);
            let (key, aux, flags, kind, payload_offset) = (id.0, id.0, 0, 1, 5);
            let frame = &frame;
            self.writer
                .push(id, Record { stream, sender, recipient, key, aux, flags, kind, payload_offset, frame });
            if id.0.is_multiple_of(1024) {
                self.writer.flush().unwrap();
            }
        }
        self.writer.flush().unwrap();
    }

    /// As a kill leaves it: synced, and not closed.
    fn leave(self) {
        let Self { writer, syncer, reader, preparing } = self;
        drop((writer, syncer, reader));
        preparing.join().unwrap();
    }
}

fn scratch_dir() -> tempfile::TempDir {
    // Beside the build: the directory for temporary files may be in memory.
    let parent = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&parent).unwrap();
    tempfile::tempdir_in(parent).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn reading(criterion: &mut Criterion, reader: &Reader) {
    let view = reader.view();
    let segment = view.segment(EventId(1)).unwrap();
    let last = segment.last(reader.visible());
    let entries = last.0 - segment.base().0 + 1;
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Elements(entries));
    group.bench_function("scan entries for a payment stream", |bencher| {
        bencher.iter(|| {
            let entries = segment.entries(segment.base(), last);
            entries.filter(|entry| entry.stream() == black_box(77)).count()
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("find an id", |bencher| {
        let mut id = EventId(1);
        bencher.iter(|| {
            id = EventId(id.0 % EVENTS + 1);
            black_box(reader.view().segment(id).map(|segment| segment.frame(id).len()))
        });
    });
    group.bench_function("cut a run of 128 KiB for replay", |bencher| {
        let mut next = segment.base();
        bencher.iter(|| {
            let end = segment.run_within(next, last, RUN_BYTES);
            let bytes = black_box(segment.span(next, end).len());
            next = if end >= last { segment.base() } else { end.next() };
            bytes
        });
    });
    group.finish();
}

fn appending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log/append without the disk");
    for batch in [1, 64, 1024] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
            bencher.iter_custom(|rounds| {
                // A log for as many events as fit its first segment, again and again.
                let per_log = 300_000 / batch;
                let (mut left, mut total) = (rounds, Duration::ZERO);
                while left > 0 {
                    let dir = scratch_dir();
                    let mut log = Log::open(dir.path());
                    let now = left.min(per_log);
                    let began = Instant::now();
                    for _ in 0..now {
                        log.append(batch);
                    }
                    total += began.elapsed();
                    left -= now;
                    log.leave();
                }
                total
            });
        });
    }
    group.finish();
}

fn opening(criterion: &mut Criterion, dir: &Path) {
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10);
    group.bench_function("open after a kill, 80 MiB in the active segment", |bencher| {
        bencher.iter_batched(
            || {
                let copied = scratch_dir();
                copy(dir, copied.path());
                copied
            },
            |copied| {
                let disk = Arc::new(RealDisk::open(copied.path()).unwrap());
                let (segment_bytes, durability) = (128 * 1024 * 1024, Durability::Commit);
                let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
                let opened = tailwire::log::open(disk, options, tailwire::clock::unix_ms()).unwrap();
                (opened, copied)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let dir = scratch_dir();
    let mut log = Log::open(dir.path());
    log.append(EVENTS);
    log.syncer.sync().unwrap();
    reading(&mut criterion, &log.reader);
    log.leave();
    appending(&mut criterion);
    let killed = scratch_dir();
    let mut log = Log::open(killed.path());
    log.append(250_000);
    log.syncer.sync().unwrap();
    log.leave();
    opening(&mut criterion, killed.path());
    criterion.final_summary();
}
