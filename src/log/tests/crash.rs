//! Thousands of simulated power cuts: at any call to the disk, with any mix of old and new sectors and names.
//!
//! After each, the log is opened again and must hold every event that was acknowledged, nothing that was not
//! written, dense and byte for byte. Frames carry the number of the incarnation that wrote them, so that an
//! id which comes back with other bytes is caught. The last test breaks the acknowledgement rule on purpose:
//! the simulator must notice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::EventId;
use crate::log::tests::sim_disk::{Faults, Random, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, frame, options};
use crate::log::{Durability, LogOptions, OpenError, Retention};

/// When an event counts as acknowledged.
#[derive(Clone, Copy, PartialEq)]
enum AckRule {
    Durable,
    /// Wrong on purpose.
    Written,
}

/// What must hold, kept outside of the log.
#[derive(Default)]
struct Oracle {
    /// The incarnation that wrote each event which may still be there.
    salts: BTreeMap<EventId, u64>,
    /// The last ids of the batches among them.
    batch_ends: BTreeSet<EventId>,
    acked: EventId,
    /// Ids that somebody outside may know: none of them may be given to another event.
    given: BTreeSet<EventId>,
    /// Retention may have removed what is below.
    gone_below: EventId,
}

impl Oracle {
    /// Checks what a restart brought back; forgets what it rightly dropped.
    fn check(&mut self, log: &Log) -> Result<(), String> {
        let visible = log.reader.visible();
        if visible < self.acked {
            return Err(format!("recovered to {visible}, but {} was acknowledged", self.acked));
        }
        let written: Vec<(EventId, u64)> =
            self.salts.range(..=visible).map(|(&id, &salt)| (id, salt)).collect();
        let view = log.reader.view();
        for (id, salt) in written {
            let found = view.segment(id).filter(|segment| id <= segment.last(visible));
            match found {
                Some(segment) if segment.frame(id) == frame(id, salt) => {}
                Some(_) => return Err(format!("{id} has other bytes than were written")),
                None if id <= self.acked && id >= self.gone_below => {
                    return Err(format!("{id} was acknowledged and is gone"));
                }
                None => drop(self.salts.remove(&id)),
            }
        }
        let shown: u64 =
            view.segments().iter().map(|segment| segment.last(visible).next().0 - segment.base().0).sum();
        if self.salts.contains_key(&visible) && !self.batch_ends.contains(&visible) {
            return Err(format!("{visible} is inside a batch, and the rest of it is gone"));
        }
        self.salts.retain(|&id, _| id <= visible);
        self.batch_ends.retain(|&id| id <= visible);
        if shown != self.salts.len() as u64 {
            return Err(format!("{shown} events are shown, {} were written", self.salts.len()));
        }
        // What is shown after a restart may never go again.
        self.acked = self.acked.max(visible);
        Ok(())
    }
}

/// One log through `crashes` power cuts; the first violation.
fn run(seed: u64, crashes: u64, durability: Durability, rule: AckRule) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut disk = SimDisk::new(seed);
    let mut oracle = Oracle::default();
    for incarnation in 0..=crashes {
        // Some cuts hit recovery itself.
        let in_recovery = random.below(4) == 0;
        let calls = if in_recovery { random.below(30) } else { 30 + random.below(120) };
        let last = incarnation == crashes;
        // In some a flush fails first, and the kernel calls the lost pages clean.
        let fail_sync = Some(1 + random.below(12)).filter(|_| !last && random.below(4) == 0);
        let crash_after = Some(calls).filter(|_| !last);
        disk.set_faults(Faults { crash_after, fail_sync, ..Faults::default() });
        match Log::open_with(Arc::new(disk.clone()), LogOptions { durability, ..options() }) {
            Ok(mut log) => {
                log.salt = incarnation + 1;
                oracle.check(&log)?;
                if !last {
                    work(&mut log, &mut oracle, &mut random, rule)?;
                }
            }
            Err(OpenError::Io { .. }) if !last => {}
            Err(error) => return Err(format!("refused to open: {error}")),
        }
        // A killed process loses nothing yet: what it had not synced is lost by a power cut after the next
        // start.
        let killed = random.below(4) == 0;
        if !killed {
            disk = disk.crash(random.next());
        }
    }
    Ok(())
}

/// Appends and syncs until the power goes.
fn work(log: &mut Log, oracle: &mut Oracle, random: &mut Random, rule: AckRule) -> Result<(), String> {
    while log.reader.poisoned().is_none() {
        let events = if random.below(3) == 0 { 1 + random.below(40) } else { 1 };
        let first = log.writer.next_id().0;
        let ids = (first..first + events).map(EventId);
        if let Some(again) = ids.clone().find(|id| oracle.given.contains(id)) {
            return Err(format!("{again} is given a second time"));
        }
        // Recorded before the write: one that fails half way may be recovered.
        oracle.salts.extend(ids.clone().map(|id| (id, log.salt)));
        oracle.batch_ends.insert(EventId(first + events - 1));
        let appended = log.append(events, NOW_MS);
        if appended.is_ok() && (log.relaxed || rule == AckRule::Written) {
            oracle.given.extend(ids.clone());
        }
        if rule == AckRule::Written {
            oracle.acked = log.reader.written();
        }
        let synced = random.below(3) != 0 || log.syncer.sync().is_ok();
        // The mark must hold even where the sync that moved it was cut off.
        oracle.acked = oracle.acked.max(log.reader.durable());
        if appended.is_err() || !synced {
            break;
        }
        log.preparer.turn();
        if random.below(40) == 0 {
            let view = log.reader.view();
            oracle.gone_below = view.segments().last().unwrap().base();
            let bound = Retention { bytes_max: Some(view.bytes() / 2), age_ms_max: None };
            if log.retainer.retain(bound, NOW_MS).is_err() {
                break;
            }
            oracle.gone_below = log.reader.earliest();
        }
        if random.below(200) == 0 {
            let _cut_while_closing = log.syncer.close();
            break;
        }
    }
    Ok(())
}

fn check_many(seeds: std::ops::Range<u64>, durability: Durability) {
    for seed in seeds {
        if let Err(violation) = run(seed, 10, durability, AckRule::Durable) {
            panic!("seed {seed}: {violation}");
        }
    }
}

#[test]
fn no_acknowledged_event_is_lost_to_a_power_cut() {
    check_many(0..200, Durability::Commit);
}

#[test]
fn a_relaxed_log_keeps_what_was_durable() {
    check_many(1000..1050, Durability::Interval { ms: 5 });
    check_many(2000..2050, Durability::None);
}

#[test]
fn a_killed_server_and_a_power_cut_in_the_recovery_lose_nothing() {
    // The server is killed at each call of a roll's first sync, the recovery after it is cut off at each of
    // its calls.
    for durability in [Durability::Commit, Durability::Interval { ms: 5 }] {
        for (killed_at, cut_at, seed) in
            (0..9).flat_map(|k| (0..30).flat_map(move |c| (0..6).map(move |s| (k, c, s))))
        {
            check_killed_and_cut(durability, killed_at, cut_at, seed);
        }
    }
}

fn check_killed_and_cut(durability: Durability, killed_at: u64, cut_at: u64, seed: u64) {
    let disk = SimDisk::new(seed);
    let options = LogOptions { durability, ..options() };
    let mut log = Log::open_with(Arc::new(disk.clone()), options.clone()).unwrap();
    while log.reader.view().segments().len() == 1 {
        log.append(4, NOW_MS).unwrap();
        if log.writer.next_id() <= EventId(21) {
            log.syncer.sync().unwrap();
        }
    }
    disk.set_faults(Faults { crash_after: Some(killed_at), ..Faults::default() });
    let _killed = log.syncer.sync();
    let durable = log.reader.durable();
    assert!(durable >= EventId(20), "there is something to lose");
    drop(log);
    disk.set_faults(Faults { crash_after: Some(cut_at), ..Faults::default() });
    let _cut = Log::open_with(Arc::new(disk.clone()), options.clone());
    let place = format!("{durability:?}, killed at {killed_at}, cut at {cut_at}, seed {seed}");
    match Log::open_with(Arc::new(disk.crash(seed)), options) {
        Err(error) => panic!("{place}: {error}"),
        // A new epoch's commit point is past every old id: look at the events themselves.
        Ok(log) => (1..=durable.0).map(EventId).for_each(|id| {
            let view = log.reader.view();
            let segment = view.segment(id).filter(|segment| segment.last(id) == id);
            assert!(
                segment.is_some_and(|segment| segment.frame(id) == frame(id, 0)),
                "{place}: {id} is gone"
            );
        }),
    }
}

#[test]
fn a_log_that_is_being_made_may_be_killed_and_then_lose_its_power() {
    for (killed_at, cut_at, seed) in
        (0..24).flat_map(|k| (0..24).flat_map(move |c| (0..8).map(move |s| (k, c, s))))
    {
        let disk = SimDisk::new(seed);
        for calls in [killed_at, cut_at] {
            disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
            let _cut = Log::open_with(Arc::new(disk.clone()), options());
        }
        if let Err(error) = Log::open_with(Arc::new(disk.crash(seed)), options()) {
            panic!("killed at {killed_at}, cut at {cut_at}, seed {seed}: {error}");
        }
    }
}

#[test]
fn the_simulator_notices_an_ack_before_the_sync() {
    let caught = (0..50).filter(|&seed| run(seed, 10, Durability::Commit, AckRule::Written).is_err()).count();
    assert!(caught > 25, "only {caught} of 50 runs were caught");
}
