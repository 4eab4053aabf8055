//! Finding the events of one payment stream that lie spread over ten million, through sidecars and by looking at
//! every entry; cold, that is with nothing of the log in memory; and what a sidecar costs to make.
//!
//! The log is real: 24 segments of about 420,000 events under three topics each, as segments of 128 MiB with frames of
//! 256 bytes are; the frames here have 64, since a search reads none. Not measured: sending what is found.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "figures that are no means of many runs")]

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use rustix::fs::Advice;
use rustix::time::{ClockId, clock_gettime};
use tailwire::event::EventId;
use tailwire::log::{Durability, Indexer, LogOptions, Opened, Reader, RealDisk, Record, WriteError};

const EVENTS: u64 = 10_000_000;
/// Holds 420,000 events of 64 bytes and their entries.
const SEGMENT_BYTES: u64 = 420_000 * 128 + 17 * 4096;
/// The one that is looked for has 1,000 of the events.
const WANTED: u64 = 0x5EED_5EED_5EED_5EED;
const WANTED_EVERY: u64 = EVENTS / 1000;
const ABSENT: u64 = 0x0BAD_0BAD_0BAD_0BAD;
const FRAME: [u8; 64] = [b'x'; 64];

fn open(dir: &Path) -> Opened {
    let disk = Arc::new(RealDisk::open(dir).unwrap());
    let options = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        durability: Durability::None,
        new_epoch: false,
        accept_gap: false,
    };
    tailwire::log::open(disk, options, tailwire::clock::unix_ms()).unwrap()
}

/// One of `many`, spread as hashes are.
fn topic(kind: u64, many: u64, n: u64) -> u64 {
    let mixed = (n ^ kind << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let one = (mixed >> 32) % many + 1;
    (one ^ kind << 56).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Writes ten million events of 10,000 payment streams among 20,000 users.
fn fill(dir: &Path) {
    let Opened { mut writer, mut syncer, mut preparer, .. } = open(dir);
    let preparing = std::thread::spawn(move || preparer.run());
    let mut n = 0;
    while n < EVENTS {
        match writer.begin(1000, 1000 * FRAME.len(), tailwire::clock::unix_ms()) {
            Ok(()) => {}
            Err(WriteError::NoSegment { .. }) => continue,
            Err(error) => panic!("{error}"),
        }
        for _ in 0..1000 {
            let wanted = n % WANTED_EVERY == WANTED_EVERY / 2;
            let record = Record {
                stream: if wanted { WANTED } else { topic(1, 10_000, n) },
                sender: topic(2, 20_000, n),
                recipient: topic(2, 20_000, n + 1),
                key: n,
                aux: n,
                flags: 0,
                kind: 1,
                payload_offset: 7,
                frame: &FRAME,
            };
            writer.push(writer.next_id(), record);
            n += 1;
        }
        writer.flush().unwrap();
    }
    syncer.close().unwrap();
    drop((writer, syncer));
    preparing.join().unwrap();
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Makes the sidecars and says what they cost.
fn index(indexer: &mut Indexer, dir: &Path) {
    let (mut sidecars, mut longest) = (0_u32, Duration::ZERO);
    let (began, began_cpu) = (Instant::now(), cpu());
    loop {
        let turn = Instant::now();
        let indexed = indexer.turn().unwrap();
        longest = longest.max(turn.elapsed());
        sidecars += u32::from(indexed.written.is_some());
        if !indexed.more {
            break;
        }
    }
    let names = std::fs::read_dir(dir.join("seg")).unwrap().map(|entry| entry.unwrap());
    let files = names.filter(|entry| entry.path().extension().is_some_and(|ext| ext == "idx"));
    let bytes: u64 = files.map(|entry| entry.metadata().unwrap().len()).sum();
    println!(
        "{sidecars} sidecars: {:.1} ms of CPU each, {:.1} ms in all each (fsync included), longest turn {:.1} ms, \
         {:.2} bytes an event",
        (cpu() - began_cpu).as_secs_f64() * 1e3 / f64::from(sidecars),
        began.elapsed().as_secs_f64() * 1e3 / f64::from(sidecars),
        longest.as_secs_f64() * 1e3,
        bytes as f64 / EVENTS as f64,
    );
}

/// Takes the log's files out of the page cache.
fn chill(dir: &Path) {
    for entry in std::fs::read_dir(dir.join("seg")).unwrap() {
        let file = File::open(entry.unwrap().path()).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}

fn search(reader: &Reader, topics: &[u64], max: usize, found: usize) {
    let visible = reader.visible();
    let view = reader.view();
    let answer = view.find(topics, &|_| true, EventId(1), visible, max, usize::MAX);
    assert_eq!(answer.ids.len(), found);
    black_box(answer);
}

/// Opens the log anew with nothing of it in memory and searches once; with the sidecars opened, or without them.
fn cold(dir: &Path, sidecars: bool, max: usize, found: usize) -> Duration {
    chill(dir);
    let mut opened = open(dir);
    while sidecars && opened.indexer.turn().unwrap().more {}
    let began = Instant::now();
    search(&opened.reader, &[WANTED], max, found);
    began.elapsed()
}

fn main() {
    // Beside the build: the directory for temporary files may be in memory.
    let parent = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&parent).unwrap();
    let dir = tempfile::tempdir_in(parent).unwrap();
    let began = Instant::now();
    fill(dir.path());
    println!("{EVENTS} events written in {:.1} s", began.elapsed().as_secs_f64());

    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let cases = [("first_64", WANTED, 64, 64), ("all_1000", WANTED, 2000, 1000), ("absent", ABSENT, 64, 0)];
    let many: Vec<u64> = {
        let mut many: Vec<u64> = (0..1023).map(|n| topic(1, 10_000, n)).chain([WANTED]).collect();
        many.sort_unstable();
        many.dedup();
        many
    };
    let mut opened = open(dir.path());
    let reader = opened.reader.clone();
    for way in ["scan", "sidecars"] {
        if way == "sidecars" {
            index(&mut opened.indexer, dir.path());
        }
        let mut group = criterion.benchmark_group(format!("find/{way}"));
        group.sampling_mode(SamplingMode::Flat);
        for (name, topic, max, found) in cases {
            group.bench_function(name, |bencher| bencher.iter(|| search(&reader, &[topic], max, found)));
        }
        group.bench_function("1024_topics_first_64", |bencher| {
            bencher.iter(|| search(&reader, &many, 64, 64));
        });
    }
    drop((opened, reader));
    for (way, sidecars) in [("sidecars", true), ("scan", false)] {
        for (name, max, found) in [("first_64", 64, 64), ("all_1000", 2000, 1000)] {
            let mut times: Vec<Duration> = (0..5).map(|_| cold(dir.path(), sidecars, max, found)).collect();
            times.sort_unstable();
            println!("cold, {way}, {name}: {:.2?}, of five {:.2?} to {:.2?}", times[2], times[0], times[4]);
        }
    }
    criterion.final_summary();
}
