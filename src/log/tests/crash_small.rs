//! Small workloads, proved instead of sampled: the power is cut at each call to the disk, and each state that
//! the disk may then be in is recovered and compared.
//!
//! A cut after which there are more states than the bound is sampled, and counted as such.

use crate::log::Durability;
use crate::log::tests::crash_case::{Batch, Life, Op};
use crate::log::tests::crash_run::{check_cut_starts, check_start, until_cut};
use crate::log::tests::crash_sweep::{asked, say};
use crate::log::tests::sim_disk::{Faults, Random, SimDisk, Torn};

/// States of one cut that are all looked at, in an ordinary test run and in the long one.
const STATES_MAX: u64 = 256;
const STATES_MAX_LONG: u64 = 4096;
/// Of the states, one in so many has every cut of its recovery tried as well.
const CUT_STARTS_ONE_IN: u64 = 64;

#[derive(Default)]
struct Count {
    cuts: u64,
    /// Of these all states were looked at.
    proved: u64,
    states: u64,
    starts: u64,
}

fn append(events: u64, bytes: usize) -> Op {
    Op::Append(Batch { events, bytes })
}

fn life(ops: &[Op]) -> Life {
    Life { ops: ops.to_vec(), ..Life::quiet() }
}

/// What is done, life by life; the power goes in the last.
fn workloads() -> Vec<(&'static str, Vec<Life>)> {
    let relaxed = |durability, ops: &[Op]| Life { durability, ..life(ops) };
    let failing = Life {
        faults: Faults { fail_sync: Some(5), ..Faults::default() },
        ..life(&[append(1, 64), Op::Sync, append(1, 64), Op::Sync, append(1, 64), Op::Sync])
    };
    let big = 2500;
    let rolls = [append(1, big), Op::Sync, Op::Prepare, append(1, big), Op::Sync, Op::Prepare];
    let rolls_unsynced = [Op::Prepare, append(1, big), append(1, big), Op::Prepare, append(1, big), Op::Sync];
    let unsynced = life(&[append(1, 64), append(2, 64)]);
    let again = life(&[append(1, 64), Op::Sync]);
    let retained = life(&[&[Op::Prepare][..], &rolls, &rolls, &[Op::Retain(0)]].concat());
    vec![
        ("a new log", vec![life(&[])]),
        ("two commits", vec![life(&[append(1, 64), Op::Sync, append(2, 64), Op::Sync])]),
        ("one commit of three writes", vec![life(&[append(1, 64), append(1, 64), append(1, 64), Op::Sync])]),
        ("a batch over sectors", vec![life(&[append(2, 700), Op::Sync])]),
        ("segments, each synced", vec![life(&[&[Op::Prepare][..], &rolls, &rolls].concat())]),
        ("segments in one sync", vec![life(&rolls_unsynced)]),
        ("retention", vec![retained]),
        ("a start after a kill", vec![unsynced.clone(), life(&[])]),
        ("events over a torn tail", vec![unsynced.clone(), again.clone(), life(&[])]),
        ("a kill after a failed sync", vec![failing, again.clone()]),
        ("a checkpoint", vec![life(&[append(1, 64), Op::Sync, Op::Checkpoint, append(1, 64), Op::Sync])]),
        (
            "shown before durable",
            vec![relaxed(Durability::None, &[append(1, 64), append(1, 64)]), again.clone()],
        ),
        (
            "acked before durable",
            vec![relaxed(Durability::Interval { ms: 5 }, &[append(2, 64), Op::Sync]), again],
        ),
    ]
}

/// Runs the lives with a power cut at a call of the last one; false when it does not make so many.
fn check_cut(lives: &[Life], at: u64, bound: u64, count: &mut Count) -> Result<bool, String> {
    let mut lives = lives.to_vec();
    let last = lives.last_mut().unwrap();
    last.faults.crash_after = Some(at);
    let (disk, model) = until_cut(&lives)?;
    let comes = disk.calls() > at;
    count.cuts += 1;
    let mut looked_at = 0;
    let check = |state: &SimDisk, count: &mut Count| {
        count.states += 1;
        if count.states.is_multiple_of(CUT_STARTS_ONE_IN) {
            count.starts += check_cut_starts(state)?;
        }
        check_start(state, model.clone())
    };
    // Counts through the states like an odometer whose wheels show themselves as it turns.
    let mut wheels: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut wheel = 0;
        let state = disk.fork().crash_by(Random::new(1), &mut |states| {
            wheel += 1;
            if wheels.len() < wheel {
                wheels.push((0, states));
            }
            wheels[wheel - 1].0
        });
        check(&state, count).map_err(|fault| format!("state {wheels:?}: {fault}"))?;
        looked_at += 1;
        while wheels.pop_if(|(shown, states)| *shown + 1 == *states).is_some() {}
        match wheels.last_mut() {
            Some((shown, _)) if looked_at < bound => *shown += 1,
            Some(_) => break,
            None => {
                count.proved += 1;
                return Ok(comes);
            }
        }
    }
    for seed in 0..bound {
        let torn = [Torn::Evenly, Torn::MostlyNew, Torn::MostlyOld][seed as usize % 3];
        check(&disk.fork().cut(seed, torn), count)
            .map_err(|fault| format!("seed {seed}, {torn:?}: {fault}"))?;
    }
    Ok(comes)
}

#[test]
fn every_state_after_every_cut_of_a_small_workload_is_recovered() {
    let bound = if asked("TAILWIRE_CRASHES").is_some() { STATES_MAX_LONG } else { STATES_MAX };
    let mut count = Count::default();
    for (name, lives) in workloads() {
        let mut at = 0;
        while check_cut(&lives, at, bound, &mut count)
            .unwrap_or_else(|fault| panic!("{name}, power cut after call {at}, {fault}"))
        {
            at += 1;
        }
    }
    say(&format!(
        "log::tests::crash_small: {} cuts, all states of {} of them, {} states, {} cut recoveries, 0 violations\n",
        count.cuts, count.proved, count.states, count.starts
    ));
    assert!(count.proved * 2 > count.cuts, "most are proved: {} of {}", count.proved, count.cuts);
}
