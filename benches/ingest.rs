//! What one drain of the ingest queue costs, from the first submission to the last answer, over a real log.
//!
//! The writer and the sync task are stepped on the bench's own thread: this measures the work, not the
//! scheduler. `commit` flushes each drain to disk, `none` leaves that to the kernel. Not measured: JSON
//! parsing, sockets, threads.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use tailwire::doorbell::Doorbell;
use tailwire::event::{EventType, Identity, NewEvent};
use tailwire::ingest::{Ingest, PublishError, Snapshot, Submission, Ticket};
use tailwire::limits;
use tailwire::log::{Disk, Durability, LogOptions, Reader, RealDisk};
use tailwire::topic::{StreamId, User};

/// The log is begun anew beyond this size.
const LOG_BYTES_MAX: u64 = 768 * 1024 * 1024;
const ADDRESS: &str = "GBRPYHIL2CI3FNQ4BXLFMNDLFJUNPU2HY3ZMFSHONUCEOASW7QC7OX2H";

/// How the events of a drain come: each in its own submission with a key, or all in one.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Singles,
    Batch,
}

struct Rig {
    ingest: Ingest,
    reader: Reader,
    preparer: JoinHandle<()>,
    serial: u64,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn open(durability: Durability) -> Self {
        // Beside the build: the directory for temporary files may be in memory.
        let parent = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
        std::fs::create_dir_all(&parent).unwrap();
        let dir = tempfile::tempdir_in(parent).unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(dir.path()).unwrap());
        let segment_bytes = 128 * 1024 * 1024;
        let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
        let now_ms = tailwire::clock::unix_ms();
        let log = tailwire::log::open(Arc::clone(&disk), options, now_ms).unwrap();
        let mut preparer = log.preparer;
        let preparer = std::thread::spawn(move || preparer.run());
        let parts = (log.writer, log.syncer, log.reader.clone());
        let bells = vec![Doorbell::open().unwrap()];
        let ingest = tailwire::ingest::open(parts, durability, bells, Snapshot::read(disk, 1_000_000));
        Self { ingest, reader: log.reader, preparer, serial: 0, _dir: dir }
    }

    fn close(self) {
        drop(self.ingest);
        drop(self.reader);
        self.preparer.join().unwrap();
    }

    /// An event of about 348 bytes on the wire, of one of 10,000 payment streams.
    fn event(&mut self) -> NewEvent {
        self.serial += 1;
        let stream = self.serial % 10_000;
        let hash = format!("{:064x}", self.serial);
        let data = format!(
            concat!(
                r#"{{"streamId":{},"amount":"1000000000","recipient":"{}","transactionHash":"{}","#,
                r#""ledger":50123456,"timestamp":1767225600}}"#
            ),
            stream, ADDRESS, hash
        );
        NewEvent {
            kind: EventType::Withdrawn,
            stream: StreamId::from_number(stream),
            data: data.into_bytes(),
            sender: None,
            recipient: Some(User::parse(ADDRESS).unwrap()),
            identity: Identity::Key(format!("key-{}", self.serial)),
        }
    }

    fn submissions(&mut self, shape: Shape, events: usize) -> Vec<Submission> {
        let events: Vec<NewEvent> = (0..events).map(|_| self.event()).collect();
        let lists = match shape {
            Shape::Batch => vec![events],
            Shape::Singles => events.into_iter().map(|event| vec![event]).collect(),
        };
        let ticket = |token: usize| Ticket { worker: 0, token: token as u64 };
        lists.into_iter().enumerate().map(|(at, events)| Submission { ticket: ticket(at), events }).collect()
    }

    /// One drain; `None` when no segment was ready, which is not what is measured.
    fn drain(
        &mut self,
        durability: Durability,
        submissions: Vec<Submission>,
        now_ms: u64,
    ) -> Option<Duration> {
        let began = Instant::now();
        for submission in submissions {
            self.ingest.publisher.submit(submission).unwrap();
        }
        while self.ingest.writer.step(now_ms) {}
        if durability == Durability::Commit {
            self.ingest.sync.step();
        }
        let mut complete = true;
        while let Some(answer) = self.ingest.answers[0].try_next() {
            match black_box(answer.outcome) {
                Ok(_) => {}
                Err(PublishError::Unavailable { .. }) => complete = false,
                Err(error) => panic!("{error}"),
            }
        }
        complete.then(|| began.elapsed())
    }
}

fn measure(
    rig: &mut Option<Rig>,
    durability: Durability,
    shape: Shape,
    events: usize,
    drains: u64,
) -> Duration {
    let mut total = Duration::ZERO;
    let mut done = 0;
    while done < drains {
        let mut open = rig.take().unwrap_or_else(|| Rig::open(durability));
        let submissions = open.submissions(shape, events);
        match open.drain(durability, submissions, tailwire::clock::unix_ms()) {
            Some(elapsed) => {
                total += elapsed;
                done += 1;
            }
            None => std::thread::yield_now(),
        }
        if open.reader.view().bytes() > LOG_BYTES_MAX {
            open.close();
        } else {
            *rig = Some(open);
        }
    }
    total
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for (name, durability) in [("commit", Durability::Commit), ("none", Durability::None)] {
        for (shape_name, shape) in [("singles", Shape::Singles), ("batch", Shape::Batch)] {
            let mut group = criterion.benchmark_group(format!("ingest/{name}/{shape_name}"));
            for events in [1, 64, limits::INGEST_QUEUE_MAX] {
                let mut rig = None;
                group.throughput(Throughput::Elements(events as u64));
                group.bench_function(BenchmarkId::from_parameter(events), |bencher| {
                    bencher.iter_custom(|drains| measure(&mut rig, durability, shape, events, drains));
                });
                if let Some(rig) = rig {
                    rig.close();
                }
            }
        }
    }
    criterion.final_summary();
}
