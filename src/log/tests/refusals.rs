//! What is not a log of ours, not readable, or in use is never taken for a fresh directory. And the look from
//! outside.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::support::{Log, NOW_MS, options, real_disk};
use crate::log::{LogOptions, OpenError, RealDisk, inspect};

fn filled(last: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::open(real_disk(&dir));
    log.fill_to(EventId(last));
    log.close();
    dir
}

fn refusal(dir: &tempfile::TempDir) -> OpenError {
    match Log::open_with(real_disk(dir), options()) {
        Err(error) => error,
        Ok(log) => panic!("opened with {:?}", log.recovered),
    }
}

#[test]
fn a_second_server_is_told_who_has_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(real_disk(&dir));
    let error = refusal(&dir);
    let pid = std::process::id().to_string();
    assert!(matches!(&error, OpenError::Locked { holder } if holder.contains(&pid)), "{error}");
    drop(log);
    Log::open(real_disk(&dir));
}

#[test]
fn meta_that_is_missing_damaged_or_of_another_version_is_refused() {
    let dir = filled(5);
    let meta = dir.path().join("META");
    let good = std::fs::read(&meta).unwrap();
    for (name, bytes) in [("empty", Vec::new()), ("cut", good[..40].to_vec()), ("zeros", vec![0; good.len()])]
    {
        std::fs::write(&meta, bytes).unwrap();
        assert!(matches!(refusal(&dir), OpenError::MetaDamaged { .. }), "{name}");
    }
    let mut other = good.clone();
    other[8] = 2;
    std::fs::write(&meta, other).unwrap();
    assert!(matches!(refusal(&dir), OpenError::Version { found: 2, .. }));
    std::fs::remove_file(&meta).unwrap();
    assert!(matches!(refusal(&dir), OpenError::MetaMissing { .. }));
    std::fs::write(&meta, good).unwrap();
    assert_eq!(Log::open(real_disk(&dir)).recovered.last, EventId(5));
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let (dir, other) = (filled(5), filled(5));
    let name = format!("seg/{:020}.seg", 1);
    std::fs::copy(other.path().join(&name), dir.path().join(&name)).unwrap();
    assert!(matches!(refusal(&dir), OpenError::Foreign { .. }));
}

#[test]
fn an_impossible_segment_size_is_refused() {
    for segment_bytes in [0, 4096, (4 << 20) + 1, 1 << 30] {
        let dir = tempfile::tempdir().unwrap();
        let opened = Log::open_with(real_disk(&dir), LogOptions { segment_bytes, ..options() });
        assert!(matches!(opened.err(), Some(OpenError::SegmentBytes { .. })), "{segment_bytes}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn segments_of_other_sizes_live_together() {
    let dir = filled(200);
    let large = LogOptions { segment_bytes: 1 << 20, ..options() };
    let mut log = Log::open_with(real_disk(&dir), large).unwrap();
    log.fill_to(EventId(400));
    crate::log::tests::support::check_frames(&log.reader, EventId(1), 0);
}

#[test]
fn checkpoints_that_are_lost_cost_an_epoch_at_most() {
    let dir = filled(50);
    for name in ["CHECKPOINT.a", "CHECKPOINT.b"] {
        std::fs::write(dir.path().join(name), b"noise").unwrap();
    }
    let log = Log::open(real_disk(&dir));
    assert!(log.recovered.new_epoch, "whether it was relaxed is not known");
    crate::log::tests::support::check_frames(&log.reader, EventId::new(1, 1), 0);
    assert!(log.reader.view().segment(EventId(50)).is_some());
}

#[test]
fn files_and_directories_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("data");
    let log = Log::open(Arc::new(RealDisk::open(&root).unwrap()));
    let mode = |name: &str| root.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("seg")), (0o700, 0o700));
    for name in ["META", "LOCK", "CHECKPOINT.a", "seg/00000000000000000001.seg"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    drop(log);
    assert!(RealDisk::open_existing(&parent.path().join("none")).is_err());
}

#[test]
fn a_look_from_outside_works_beside_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let disk = real_disk(&dir);
    assert!(inspect(&*disk).is_err(), "there is no log yet");
    let mut log = Log::open(Arc::clone(&disk));
    log.fill_to(EventId(300));
    let before = disk.list("seg").unwrap().len();
    let seen = inspect(&*disk).unwrap();
    assert_eq!(disk.list("seg").unwrap().len(), before, "it removes nothing");
    assert_eq!((seen.format, seen.epoch, seen.earliest, seen.last), (1, 0, EventId(1), EventId(300)));
    assert_eq!(seen.faults, []);
    assert_eq!(seen.segments.iter().filter_map(|segment| segment.count).sum::<u64>(), 300);
    let (last, sealed) = seen.segments.split_last().unwrap();
    assert!(!last.sealed && sealed.iter().all(|segment| segment.sealed));
    assert_eq!(last.times_ms, Some((NOW_MS, NOW_MS)));
    assert!(seen.checkpoint.is_some_and(|checkpoint| !checkpoint.clean && !checkpoint.relaxed));
    let base = sealed[0].base.0;
    std::fs::write(dir.path().join(format!("seg/{base:020}.seg")), vec![0; 8192]).unwrap();
    assert!(!inspect(&*disk).unwrap().faults.is_empty());
    drop(log);
}
