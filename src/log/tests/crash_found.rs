//! What the simulator has found, each as the shortest way there.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::crash_model::shown;
use crate::log::tests::sim_disk::{Faults, SimDisk, Torn};
use crate::log::tests::support::{Log, NOW_MS, options};
use crate::log::{Durability, LogOptions, Retention};

const NOTHING: Retention = Retention { bytes_max: Some(0), age_ms_max: None };

#[test]
fn retention_leaves_the_last_segment_where_a_full_disk_keeps_the_next_from_having_a_file() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(500));
    drop(log);
    disk.set_faults(Faults { free_bytes: Some(1000), ..Faults::default() });
    let mut log = Log::open(Arc::new(disk.clone()));
    assert!(log.retainer.retain(NOTHING, NOW_MS).unwrap().segments > 1);
    let kept = shown(&log.reader);
    assert!(!kept.is_empty());
    drop(log);
    disk.set_faults(Faults::default());
    assert_eq!(shown(&Log::open(Arc::new(disk)).reader), kept);
}

#[test]
fn retention_leaves_the_last_segment_until_the_next_has_its_name() {
    let disk = SimDisk::new(1);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(500));
    drop(log);
    disk.set_faults(Faults { free_bytes: Some(1000), ..Faults::default() });
    let mut log = Log::open(Arc::new(disk.clone()));
    disk.set_faults(Faults::default());
    log.preparer.turn();
    // Its file is there now, under the name it was prepared under.
    log.append(1, NOW_MS).unwrap();
    log.retainer.retain(NOTHING, NOW_MS).unwrap();
    let kept = shown(&log.reader);
    assert!(!kept.is_empty());
    drop(log);
    assert_eq!(shown(&Log::open(Arc::new(disk.crash(1))).reader), kept);
}

#[test]
fn what_retention_gave_up_stays_away_when_the_segment_after_it_goes_too() {
    // The first kept segment holds one event that was never synced; a start finds it torn and begins an epoch;
    // the next one takes it away, and the power goes before that or before the older ones are gone for good.
    let relaxed = LogOptions { durability: Durability::None, ..options() };
    for (cuts, seed) in
        (8..30).flat_map(|a| (8..30).map(move |b| [a, b])).flat_map(|cuts| (0..3).map(move |s| (cuts, s)))
    {
        let mut disk = SimDisk::new(seed);
        let mut log = Log::open_with(Arc::new(disk.clone()), relaxed.clone()).unwrap();
        while log.reader.view().segments().len() < 5 {
            log.append(8, NOW_MS).unwrap();
        }
        log.syncer.sync().unwrap();
        drop(log);
        let mut log = Log::open_with(Arc::new(disk.clone()), relaxed.clone()).unwrap();
        log.append(1, NOW_MS).unwrap();
        // META knows, and all names are taken away, those of sidecars too; nothing makes that durable.
        let calls = 5 + 2 * (log.reader.view().segments().len() as u64 - 1);
        disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
        assert!(log.retainer.retain(NOTHING, NOW_MS).is_err(), "it is cut off");
        drop(log);
        let left = disk.names().iter().filter(|name| name.ends_with(".seg")).count();
        assert_eq!(left, 1, "all the others are removed before the cut");
        for calls in cuts {
            disk = disk.cut(seed, Torn::Evenly);
            disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
            let _cut = Log::open_with(Arc::new(disk.clone()), options());
        }
        if let Err(error) = Log::open_with(Arc::new(disk.cut(seed, Torn::Evenly)), options()) {
            panic!("cuts at {cuts:?}, seed {seed}: {error}");
        }
    }
}

#[test]
fn a_seal_that_was_not_durable_may_go_beside_a_hole_that_swallowed_the_segment_after_it() {
    // A recovery is killed right behind the head of a seal; the next start believes that and begins an epoch;
    // one after it widens the hole over the segment of that epoch, and then the power takes the seal away.
    let relaxed = LogOptions { durability: Durability::None, ..options() };
    for (calls, seed) in
        (2..12).flat_map(|a| (2..16).map(move |b| [a, b])).flat_map(|calls| (0..4).map(move |s| (calls, s)))
    {
        let disk = SimDisk::new(seed);
        let mut log = Log::open_with(Arc::new(disk.clone()), relaxed.clone()).unwrap();
        log.append(1, NOW_MS).unwrap();
        drop(log);
        let [killed, cut] = calls.map(|calls| Faults { crash_after: Some(calls), ..Faults::default() });
        disk.set_faults(killed);
        let _killed = Log::open_with(Arc::new(disk.clone()), options());
        disk.set_faults(Faults::default());
        drop(Log::open_with(Arc::new(disk.clone()), relaxed.clone()).unwrap());
        disk.set_faults(cut);
        let _cut = Log::open_with(Arc::new(disk.clone()), options());
        if let Err(error) = Log::open_with(Arc::new(disk.cut(seed, Torn::Evenly)), options()) {
            panic!("killed and cut at {calls:?}, seed {seed}: {error}");
        }
    }
}
