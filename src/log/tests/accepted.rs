//! What follows an accepted gap: later gaps, cuts in the middle of the repair, files that come back.
//!
//! Each log holds events 1..=N of known bytes on the simulated disk, one synced after the other.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::{Log, frame, options};
use crate::log::{Access, Disk, LogOptions};

fn unclosed(last: u64) -> SimDisk {
    let disk = SimDisk::new(last);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(last));
    disk
}

fn accept(disk: &SimDisk) -> Result<Log, crate::log::OpenError> {
    Log::open_with(Arc::new(disk.clone()), LogOptions { accept_gap: true, ..options() })
}

fn seal_at(disk: &SimDisk, base: EventId) -> u64 {
    disk.open(&segment_name(base), Access::Read).unwrap().bytes().unwrap() - 64 * 1024
}

fn break_entry(disk: &SimDisk, base: EventId, id: EventId) {
    let offset = seal_at(disk, base) - 64 * (id.0 - base.0 + 1);
    disk.corrupt(&segment_name(base), offset, |byte| byte ^ 1);
}

fn break_seal(disk: &SimDisk, base: EventId) {
    disk.corrupt(&segment_name(base), seal_at(disk, base), |byte| byte ^ 1);
}

/// The events of the first epoch that the log shows, each with the right bytes.
fn kept(log: &Log, last: u64) -> Vec<u64> {
    let view = log.reader.view();
    let shown = |&id: &u64| {
        let segment = view.segment(EventId(id)).filter(|segment| segment.last(EventId(id)) == EventId(id));
        segment.is_some_and(|segment| {
            assert_eq!(segment.frame(EventId(id)), frame(EventId(id), 0), "{id}");
            true
        })
    };
    (1..=last).filter(shown).collect()
}

#[test]
fn a_hole_may_grow_into_the_events_before_it() {
    let disk = unclosed(30);
    for id in 11..=19 {
        break_entry(&disk, EventId(1), EventId(id));
    }
    accept(&disk).unwrap().close();
    break_seal(&disk, EventId(1));
    break_entry(&disk, EventId(1), EventId(9));
    break_entry(&disk, EventId(1), EventId(10));
    accept(&disk).unwrap().close();
    let log = Log::open(Arc::new(disk));
    assert_eq!(kept(&log, 30), (1..=8).chain(20..=30).collect::<Vec<_>>());
}

#[test]
fn a_hole_may_swallow_another() {
    let disk = unclosed(30);
    for id in 11..=19 {
        break_entry(&disk, EventId(1), EventId(id));
    }
    accept(&disk).unwrap().close();
    break_seal(&disk, EventId(1));
    for id in 5..=10 {
        break_entry(&disk, EventId(1), EventId(id));
    }
    disk.unlink(&segment_name(EventId(20))).unwrap();
    disk.unlink(&segment_name(EventId::new(1, 1))).unwrap();
    accept(&disk).unwrap().close();
    let log = Log::open(Arc::new(disk));
    assert_eq!(kept(&log, 30), (1..=4).collect::<Vec<_>>());
    assert_eq!(log.reader.view().holes().len(), 1);
}

/// A log of 30 events in one segment, damaged so that `survivors` are left.
struct Damaged {
    entries: &'static [u64],
    /// The frame of the last event as well: only its entry tells that there was more.
    last_frame: bool,
}

impl Damaged {
    fn make(&self) -> SimDisk {
        let disk = unclosed(30);
        for &id in self.entries {
            break_entry(&disk, EventId(1), EventId(id));
        }
        if self.last_frame {
            let bytes: u64 = (1..30).map(|id| frame(EventId(id), 0).len() as u64).sum();
            disk.corrupt(&segment_name(EventId(1)), 4096 + bytes, |byte| byte ^ 1);
        }
        disk
    }

    fn survivors(&self) -> Vec<u64> {
        let whole = |id: &u64| !(self.entries.contains(id) || self.last_frame && *id == 30);
        (1..=30).filter(whole).collect()
    }
}

#[test]
fn a_repair_may_be_cut_off_at_any_call_and_is_done_again() {
    let cases = [
        Damaged { entries: &[5, 12], last_frame: false },
        Damaged { entries: &[1, 12], last_frame: false },
        Damaged { entries: &[5, 29], last_frame: true },
    ];
    for (number, damaged) in cases.iter().enumerate() {
        let mut finished = false;
        for cut_at in 0.. {
            // Seed 0: killed, and what the disk holds is not lost. Else the power goes as well.
            for seed in 0..6 {
                let disk = damaged.make();
                disk.set_faults(Faults { crash_after: Some(cut_at), ..Faults::default() });
                finished = accept(&disk).is_ok();
                disk.set_faults(Faults::default());
                let disk = if seed == 0 { disk } else { disk.crash(seed) };
                let place = format!("case {number}, cut at {cut_at}, seed {seed}");
                let log = accept(&disk).unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(kept(&log, 30), damaged.survivors(), "{place}");
                assert!(log.writer.next_id() > EventId(30), "{place}: {}", log.writer.next_id());
                log.close();
                let again = Log::open(Arc::new(disk.clone()));
                assert_eq!(kept(&again, 30), damaged.survivors(), "{place}");
                let aside = disk.names().iter().filter(|name| name.contains(".seg.bad")).count();
                assert!(aside >= 1, "{place}: the damaged file is kept");
            }
            if finished {
                break;
            }
        }
    }
}

#[test]
fn an_epoch_is_above_every_id_that_is_known() {
    let epochs = LogOptions { new_epoch: true, ..options() };
    // An older META beside newer segments: its epoch has been used.
    let disk = unclosed(10);
    let old = SimDisk::read_all(&disk, "META");
    let mut log = Log::open_with(Arc::new(disk.clone()), epochs.clone()).unwrap();
    let first = log.writer.next_id();
    log.fill_to(EventId(first.0 + 20));
    log.close();
    disk.replace("META", &old);
    let accepted = LogOptions { accept_gap: true, ..epochs.clone() };
    let log = Log::open_with(Arc::new(disk), accepted).unwrap();
    assert!(log.writer.next_id().epoch() > first.epoch(), "{} after {first}", log.writer.next_id());
    assert!(log.reader.view().segment(EventId(first.0 + 20)).is_some());
}

#[test]
fn two_restores_of_one_backup_begin_different_epochs() {
    let next_at = |now_ms: u64| {
        let disk = unclosed(10);
        let epochs = LogOptions { new_epoch: true, ..options() };
        crate::log::open(Arc::new(disk), epochs, now_ms).unwrap().writer.next_id()
    };
    let now_ms = crate::log::tests::support::NOW_MS;
    let (one, other) = (next_at(now_ms), next_at(now_ms + 3_600_000));
    assert!(one.epoch() < other.epoch(), "{one} and {other}");
    assert_eq!((one.sequence(), other.sequence()), (1, 1));
    assert!(next_at(0).epoch() == 1, "a clock that is wrong is no harm");
}

#[test]
fn a_segment_that_comes_back_after_its_events_were_announced_as_gone_is_put_aside() {
    for gone in [0, 1] {
        let disk = unclosed(500);
        let log = Log::open(Arc::new(disk.clone()));
        let base = log.reader.view().segments()[gone].base();
        log.close();
        let bytes = disk.read_all(&segment_name(base));
        disk.unlink(&segment_name(base)).unwrap();
        let log = accept(&disk).unwrap();
        let earliest = log.reader.view().earliest();
        log.close();
        disk.replace(&segment_name(base), &bytes);
        let log = Log::open(Arc::new(disk.clone()));
        assert_eq!((log.reader.view().earliest(), log.recovered.last), (earliest, EventId(500)));
        assert_eq!(disk.read_all(&format!("{}.bad", segment_name(base))), bytes, "segment {gone}");
    }
}

#[test]
fn files_put_aside_do_not_replace_each_other() {
    let disk = unclosed(30);
    let name = segment_name(EventId(1));
    for entry in [20, 10, 5] {
        break_entry(&disk, EventId(1), EventId(entry));
        if entry < 20 {
            break_seal(&disk, EventId(1));
        }
        accept(&disk).unwrap().close();
    }
    let names = disk.names();
    for aside in [".bad", ".bad.2", ".bad.3"] {
        assert!(names.contains(&format!("{name}{aside}")), "{names:?}");
    }
}

#[test]
fn an_empty_last_segment_proves_those_before_it() {
    let disk = unclosed(300);
    let log = Log::open(Arc::new(disk.clone()));
    let last = log.reader.view().segments().iter().rev().nth(1).unwrap().base();
    drop(log);
    disk.unlink(&segment_name(last)).unwrap();
    disk.replace("CHECKPOINT.a", b"");
    disk.replace("CHECKPOINT.b", b"");
    let refused = Log::open_with(Arc::new(disk.clone()), options()).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|error| error.contains("missing at the end")), "{last}");
    assert!(accept(&disk).unwrap().writer.next_id() > EventId(300));
}

#[test]
fn files_older_than_meta_are_not_taken_for_leftovers_of_retention() {
    let disk = unclosed(800);
    let mut log = Log::open(Arc::new(disk.clone()));
    let old: Vec<String> = disk.names().into_iter().filter(|name| name.ends_with(".seg")).collect();
    let bases: Vec<EventId> = log.reader.view().segments().iter().map(|segment| segment.base()).collect();
    assert!(bases.len() > 4);
    let bytes: Vec<Vec<u8>> = old[..2].iter().map(|name| disk.read_all(name)).collect();
    let half = crate::log::Retention { bytes_max: Some(log.reader.view().bytes() / 2), age_ms_max: None };
    log.retainer.retain(half, 0).unwrap();
    let kept_from = log.reader.earliest();
    log.close();
    // Leftovers beside the first kept segment go.
    disk.replace(&old[0], &bytes[0]);
    Log::open(Arc::new(disk.clone())).close();
    assert!(!disk.names().contains(&old[0]));
    // Old files without it are of another time.
    disk.replace(&old[0], &bytes[0]);
    disk.replace(&old[1], &bytes[1]);
    disk.unlink(&segment_name(kept_from)).unwrap();
    assert!(Log::open_with(Arc::new(disk.clone()), options()).is_err());
    assert!(disk.names().contains(&old[0]) && disk.names().contains(&old[1]));
    let log = accept(&disk).unwrap();
    assert_eq!(log.reader.earliest(), EventId(1));
}

#[test]
fn what_the_disk_cannot_read_is_refused_or_accepted_as_a_gap() {
    let ends = || {
        (1..=20).scan(4096, |end, id| {
            Some((id, *end, {
                *end += frame(EventId(id), 0).len() as u64;
                *end
            }))
        })
    };
    for page in [0, 1, 2, 3] {
        let disk = unclosed(20);
        disk.set_faults(Faults { bad_page: Some(page), ..Faults::default() });
        let refused = Log::open_with(Arc::new(disk.clone()), options()).err();
        assert!(matches!(refused, Some(crate::log::OpenError::Io { .. })), "page {page}: {refused:?}");
        let whole = |&(_, start, end): &(u64, u64, u64)| end <= page * 4096 || (page + 1) * 4096 <= start;
        let readable: Vec<u64> =
            ends().filter(|event| page > 0 && whole(event)).map(|event| event.0).collect();
        let log = accept(&disk).unwrap();
        assert_eq!(kept(&log, 20), readable, "page {page}");
        assert!(log.writer.next_id() > EventId(20));
    }
}

#[test]
fn a_flipped_version_is_damage_and_another_version_is_not() {
    let disk = unclosed(20);
    let name = segment_name(EventId(1));
    disk.corrupt(&name, 8, |byte| byte ^ 2);
    let refused = Log::open_with(Arc::new(disk.clone()), options()).err().unwrap();
    assert!(matches!(refused, crate::log::OpenError::Corrupt { .. }), "{refused}");
    accept(&disk).unwrap();
    let disk = unclosed(20);
    disk.corrupt(&name, 8, |_| 2);
    disk.corrupt(&name, 68, |byte| byte ^ 1);
    let refused = accept(&disk).err().unwrap();
    assert!(matches!(refused, crate::log::OpenError::Version { found: 2, .. }), "{refused}");
}

#[test]
fn an_unfinished_batch_at_a_torn_end_goes_as_a_whole_from_a_salvaged_run() {
    let disk = SimDisk::new(5);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(20));
    log.append(5, 1).unwrap();
    drop(log);
    break_entry(&disk, EventId(1), EventId(7));
    break_entry(&disk, EventId(1), EventId(25));
    let log = accept(&disk).unwrap();
    assert_eq!(kept(&log, 25), (1..=20).filter(|&id| id != 7).collect::<Vec<_>>());
}

#[test]
fn segments_that_overlap_are_refused_even_with_an_accepted_gap() {
    let disk = unclosed(300);
    let log = Log::open(Arc::new(disk.clone()));
    let view = log.reader.view();
    let (second, third) = (view.segments()[1].base(), view.segments()[2].base());
    drop((view, log));
    // The second one comes back in an older state, in which it went by its tail's name.
    let header = crate::log::header::Header::decode(&disk.read_all(&segment_name(third))).unwrap();
    let moved = crate::log::header::Header { base: third.previous(), ..header };
    let mut bytes = disk.read_all(&segment_name(third));
    bytes[..4096].copy_from_slice(&moved.encode());
    let seal_at = bytes.len() - 64 * 1024;
    let seal = crate::log::header::Seal::decode(&bytes[seal_at..], &header).unwrap();
    bytes[seal_at..seal_at + 72].copy_from_slice(&seal.encode(&moved));
    disk.unlink(&segment_name(third)).unwrap();
    disk.replace(&segment_name(third.previous()), &bytes);
    let refused = accept(&disk).err().unwrap();
    assert!(matches!(refused, crate::log::OpenError::Overlap { .. }), "{second} {third}: {refused}");
}

#[test]
fn an_epoch_after_nothing_may_be_cut_off_before_its_first_segment_has_a_name() {
    let (mut refused, mut opened, mut finished) = (0, 0, false);
    for cut_at in 0.. {
        let disk = unclosed(30);
        disk.unlink(&segment_name(EventId(1))).unwrap();
        disk.set_faults(Faults { crash_after: Some(cut_at), ..Faults::default() });
        finished |= accept(&disk).is_ok();
        disk.set_faults(Faults::default());
        let recorded = !crate::log::inspect(&disk).unwrap().holes.is_empty();
        let next = Log::open_with(Arc::new(disk.clone()), options()).map(|log| log.writer.next_id());
        assert_eq!(next.is_ok(), recorded, "cut at {cut_at}: {next:?}");
        assert!(next.is_err() || next.is_ok_and(|next| next.epoch() > 0), "cut at {cut_at}");
        *(if recorded { &mut opened } else { &mut refused }) += 1;
        if finished {
            break;
        }
    }
    assert!(refused > 1 && opened > 2, "{refused} refused, {opened} opened");
}
