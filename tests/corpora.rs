//! What fuzzing has collected, played again: every file of a target's corpus and seeds goes through the body that the
//! fuzzer runs (`fuzz/bodies`), and none may break what must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../fuzz/bodies/chunks.rs"]
mod chunks;
#[path = "../fuzz/bodies/edits.rs"]
mod edits;
#[path = "../fuzz/bodies/event.rs"]
mod event;
#[path = "../fuzz/bodies/jwt.rs"]
mod jwt;
#[path = "../fuzz/bodies/log.rs"]
mod log;
#[path = "../fuzz/bodies/memory_disk.rs"]
mod memory_disk;
#[path = "../fuzz/bodies/plain.rs"]
mod plain;
#[path = "../fuzz/bodies/query.rs"]
mod query;
#[path = "../fuzz/bodies/request.rs"]
mod request;
#[path = "../fuzz/bodies/sse.rs"]
mod sse;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Bytes of all corpora and of one: who clones the repository carries them.
const CORPORA_BYTES_MAX: u64 = 5 << 20;
const CORPUS_BYTES_MAX: u64 = 1 << 20;

/// Plays the files of a target again.
fn replay(target: &str, body: fn(&[u8])) {
    for folder in ["seeds", "corpus"] {
        let files = files(&top().join(folder).join(target));
        assert!(files.len() >= 5, "{} files of {folder}/{target}", files.len());
        for file in files {
            let input = std::fs::read(&file).unwrap();
            if catch_unwind(AssertUnwindSafe(|| body(&input))).is_err() {
                panic!("{} breaks what must hold: fuzz/bodies/{target}.rs", file.display());
            }
        }
    }
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn requests() {
    replay("request", request::run);
}

#[test]
fn queries() {
    replay("query", query::run);
}

#[test]
fn events() {
    replay("event", event::run);
}

#[test]
fn tokens() {
    replay("jwt", jwt::run);
}

#[test]
fn logs() {
    replay("log", log::run);
}

#[test]
fn event_streams() {
    replay("sse", sse::run);
}

#[test]
fn every_target_is_played_and_small() {
    let mut targets = files(&top().join("fuzz_targets"));
    targets.iter_mut().for_each(|target| *target = target.file_stem().unwrap().into());
    let played = ["event", "jwt", "log", "query", "request", "sse"].map(PathBuf::from);
    assert_eq!(targets, played, "a target needs its test here");
    let mut all = 0;
    for target in played {
        let corpus = files(&top().join("corpus").join(target.clone()));
        let bytes: u64 = corpus.iter().map(|file| file.metadata().unwrap().len()).sum();
        assert!(bytes <= CORPUS_BYTES_MAX, "{}: {bytes} bytes; minimise it", target.display());
        all += bytes;
    }
    assert!(all <= CORPORA_BYTES_MAX, "{all} bytes");
}
