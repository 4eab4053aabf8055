//! A power cut or a kill while a snapshot is taken, at any call to the disk: the answers are those of before.

use std::sync::Arc;

use crate::event::{EventId, EventType};
use crate::ingest::tests::restart::options;
use crate::ingest::tests::rig::{NOW_MS, Rig};
use crate::ingest::tests::support::{created, event, withdrawn};
use crate::log::tests::sim_disk::{Faults, SimDisk};

fn open(disk: &SimDisk) -> Rig {
    Rig::over(Arc::new(disk.clone()), options(), 2).unwrap()
}

/// Whatever was cut: every answer must be as if nothing had been.
fn check(disk: &SimDisk, place: &str) -> EventId {
    let mut rig = open(disk);
    let snapshot = rig.ingest.remembered.snapshot;
    for (event, id) in [
        (created("1", "GS", "GR").key("a"), 1),
        (withdrawn("2").at("indexer", 5), 2),
        (created("3", "GS", "GR").key("b"), 4),
        (withdrawn("2").at("indexer", 4), 2),
    ] {
        assert_eq!(rig.publish(&[event]), Ok(vec![(id, true)]), "{place}");
    }
    // Payment stream 2 has ended, so with a bound of two it went when 3 came.
    let known = rig.publish(&[created("1", "GX", "GR")]).is_err()
        && rig.publish(&[created("3", "GX", "GR")]).is_err();
    assert!(known, "{place}");
    assert!(rig.publish(&[created("2", "GX", "GR")]).is_ok(), "{place}: 2 is forgotten");
    rig.stop();
    snapshot
}

#[test]
fn cut_off_at_any_call_the_answers_do_not_change() {
    let mut seen = std::collections::BTreeSet::new();
    for (calls, seed, killed) in
        (0..10).flat_map(|calls| (0..6).flat_map(move |seed| [(calls, seed, false), (calls, seed, true)]))
    {
        let place = format!("cut at {calls}, seed {seed}, killed: {killed}");
        let disk = SimDisk::new(seed);
        for events in [
            vec![created("1", "GS", "GR").key("a"), withdrawn("2").to("GR").at("indexer", 5)],
            vec![event(EventType::Completed, "2"), created("3", "GS", "GR").key("b")],
        ] {
            let mut rig = open(&disk);
            rig.publish(&events).unwrap();
            rig.stop();
            let mut rig = open(&disk);
            disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
            let _cut = rig.ingest.snapshotter.turn(NOW_MS);
            rig.stop();
            disk.set_faults(Faults::default());
        }
        let disk = if killed { disk } else { disk.crash(seed) };
        seen.insert(check(&disk, &place));
    }
    assert!(seen.contains(&EventId::ZERO) && seen.contains(&EventId(4)), "cut before and after: {seen:?}");
}
