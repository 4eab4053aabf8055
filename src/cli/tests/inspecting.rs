//! `log inspect` tells what is in a directory, for people and as JSON, and changes nothing there.

use std::path::Path;
use std::sync::Arc;

use crate::cli::exit::Exit;
use crate::cli::inspect::{human_text, run};
use crate::cli::show::parse;
use crate::config::InspectOptions;
use crate::event::EventId;
use crate::log::{Durability, Hole, Inspection, LogOptions, RealDisk, Record, open};

const NOW_MS: u64 = 1_708_560_000_000;

fn inspect(dir: &Path, json: bool) -> (Exit, String, String) {
    let options = InspectOptions { data_dir: dir.to_path_buf(), json };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(&options, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit, text(out), text(err))
}

/// A log with `count` events, closed in order.
fn fill(dir: &Path, count: usize) {
    let options = LogOptions {
        segment_bytes: crate::limits::SEGMENT_BYTES_MIN,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap: false,
    };
    let mut log = open(Arc::new(RealDisk::open(dir).unwrap()), options, NOW_MS).unwrap();
    let preparing = std::thread::spawn(move || log.preparer.run());
    let frame = [b'x'; 100];
    log.writer.begin(count, count * frame.len(), NOW_MS).unwrap();
    for _ in 0..count {
        let id = log.writer.next_id();
        log.writer.push(
            id,
            Record {
                stream: 1,
                sender: 2,
                recipient: 3,
                key: 0,
                aux: 5,
                flags: 0,
                kind: 1,
                payload_offset: 7,
                frame: &frame,
            },
        );
    }
    log.writer.flush().unwrap();
    log.syncer.sync().unwrap();
    log.syncer.close().unwrap();
    drop((log.writer, log.syncer, log.reader, log.retainer));
    preparing.join().unwrap();
}

fn files(dir: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut files: Vec<(String, u64)> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_sound_log() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 3);
    let before = (files(dir.path()), files(&dir.path().join("seg")));
    let (exit, out, err) = inspect(dir.path(), false);
    assert_eq!((exit, err.as_str()), (Exit::Done, ""), "{out}");
    for part in
        ["events 1 to 3", "00000000000000000001.seg", "300 B", "closed in order", "2024-02-22T00:00:00Z"]
    {
        assert!(out.contains(part), "{part:?} is missing in\n{out}");
    }
    let (exit, out, _) = inspect(dir.path(), true);
    assert_eq!(exit, Exit::Done);
    assert!(parse(&out).is_some(), "not JSON: {out}");
    for part in
        [r#""earliestEventId":"1","lastEventId":"3""#, r#""count":3"#, r#""clean":true"#, r#""faults":[]"#]
    {
        assert!(out.contains(part), "{part} is missing in {out}");
    }
    assert_eq!(before, (files(dir.path()), files(&dir.path().join("seg"))), "nothing changed");
}

#[test]
fn a_fault_is_told_by_word_and_exit() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 3);
    for name in ["CHECKPOINT.a", "CHECKPOINT.b"] {
        let _absent = std::fs::remove_file(dir.path().join(name));
    }
    let (exit, out, _) = inspect(dir.path(), false);
    assert_eq!(exit, Exit::Refused);
    assert!(out.contains("FAULT: CHECKPOINT.a: checkpoint: expected"), "{out}");
}

#[test]
fn one_is_one() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 1);
    let (_, out, _) = inspect(dir.path(), false);
    assert!(out.contains("events 1, segment files"), "{out}");
    let log = Inspection {
        uuid: Some([0; 16]),
        format: 1,
        epoch: 0,
        created_ms: 0,
        earliest: EventId(1),
        last: EventId(9),
        segments: Vec::new(),
        holes: [Some(1), Some(2), None]
            .map(|missed| Hole { after: EventId(3), first: EventId(5), missed })
            .to_vec(),
        checkpoint: None,
        faults: Vec::new(),
    };
    let text = human_text(&log);
    for part in ["hole: 1 event between 3 and 5", "hole: 2 events b", "hole: an unknown number of events b"] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn what_is_no_log_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_path_buf(), dir.path().join("nowhere")] {
        let (exit, out, err) = inspect(&path, false);
        assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
        let name = path.display().to_string();
        let (words, cure) = if path.exists() {
            ("is not a Tailwire log", "name one")
        } else {
            ("cannot be opened", "name a")
        };
        assert!(err.starts_with(&format!("tailwire: {name} {words}")) && err.contains(cure), "{err}");
        assert!(err.contains("--data-dir"), "{err}");
    }
    assert!(files(dir.path()).is_empty(), "looking makes no directory");
}
