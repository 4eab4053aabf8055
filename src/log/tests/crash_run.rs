//! Leads a simulated log through the lives of a case and compares it with the model after each start.
//!
//! All parts of the log live on one thread and take turns; `SyncDuring` gives one a turn in the middle of
//! another's. The first violation ends the run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::event::EventId;
use crate::log::tests::crash_case::{Batch, Case, End, Life, Op, Turn};
use crate::log::tests::crash_model::{Model, Written, shown};
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::tests::support::NOW_MS;
use crate::log::{
    Durability, LogOptions, OpenError, Opened, Preparer, Reader, Recovered, Retainer, Retention, Syncer,
    WriteError, Writer, open,
};

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Power cuts, each followed by a recovery that was compared with the model.
    pub(crate) cuts: u64,
    pub(crate) kills: u64,
    /// Of the cuts, those that hit a start.
    pub(crate) cuts_in_recovery: u64,
    pub(crate) events: u64,
    /// Snapshots that were taken, and starts that went on from one.
    pub(crate) snapshots: u64,
    pub(crate) snapshots_used: u64,
    pub(crate) sidecars: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.kills += other.kills;
        self.cuts_in_recovery += other.cuts_in_recovery;
        self.events += other.events;
        self.snapshots += other.snapshots;
        self.snapshots_used += other.snapshots_used;
        self.sidecars += other.sidecars;
    }
}

/// The writer, which may have its turn while another part has its own.
struct Pen {
    writer: Writer,
    life: u64,
    frames: Vec<u8>,
    /// What was written since the model was told.
    written: Vec<Written>,
    failed: bool,
}

/// The parts of an open log.
struct Session {
    pen: Arc<Mutex<Pen>>,
    preparer: Arc<Mutex<Preparer>>,
    syncer: Syncer,
    retainer: Retainer,
    reader: Reader,
    recovered: Recovered,
}

struct World {
    disk: SimDisk,
    model: Model,
    now_ms: u64,
    tally: Tally,
}

/// Runs a case to its end, and once more in order after it.
pub(in crate::log) fn run(case: &Case) -> Result<Tally, String> {
    let disk = SimDisk::new(case.seed);
    let mut world = World { disk, model: Model::default(), now_ms: NOW_MS, tally: Tally::default() };
    for (number, life) in case.lives.iter().enumerate() {
        world.live(life, number as u64).map_err(|fault| format!("life {number}: {fault}"))?;
    }
    world.disk.set_faults(Faults::default());
    let last = Life { ops: vec![Op::Append(Batch { events: 1, bytes: 0 }), Op::Sync], ..Life::quiet() };
    world.live(&last, case.lives.len() as u64).map_err(|fault| format!("in the end: {fault}"))?;
    Ok(world.tally)
}

/// Runs `lives` up to the power cut that ends the last one, and leaves the cut to the caller. The disk says how
/// many calls the last one made.
pub(in crate::log) fn until_cut(lives: &[Life]) -> Result<(SimDisk, Model), String> {
    let disk = SimDisk::new(1);
    let mut world = World { disk, model: Model::default(), now_ms: NOW_MS, tally: Tally::default() };
    for (number, life) in lives.iter().enumerate() {
        world.live(&Life { end: End::Kill, ..life.clone() }, number as u64)?;
    }
    Ok((world.disk, world.model))
}

/// Starts in order what a power cut has left, and compares.
pub(in crate::log) fn check_start(disk: &SimDisk, mut model: Model) -> Result<(), String> {
    let life = Life::quiet();
    let session =
        Session::open(disk, &life, NOW_MS, 0).map_err(|error| format!("refused to open: {error}"))?;
    model.check(&session.reader)
}

/// Every cut of the recovery of what a power cut has left comes to what an uncut one comes to.
pub(in crate::log) fn check_cut_starts(disk: &SimDisk) -> Result<u64, String> {
    let mut world =
        World { disk: disk.fork(), model: Model::default(), now_ms: NOW_MS, tally: Tally::default() };
    let probe = disk.fork();
    let opened = Session::open(&probe, &Life::quiet(), NOW_MS, 0);
    let calls = probe.calls();
    drop(opened);
    (0..=calls).try_for_each(|at| world.cut_again(&Life::quiet(), at, at + 1))?;
    Ok(calls + 1)
}

impl World {
    fn live(&mut self, life: &Life, number: u64) -> Result<(), String> {
        self.disk.set_faults(life.faults);
        let mut started = false;
        match Session::open(&self.disk, life, self.now_ms, number) {
            Ok(mut session) => {
                started = true;
                self.greet(&session, life)?;
                self.work(&mut session, life)?;
                if life.end == End::Close && session.syncer.close().is_ok() {
                    self.model.close(session.reader.written());
                }
                self.disk.forget_turn();
                self.judge_poison(&session)?;
            }
            Err(OpenError::Io { .. }) if self.disk.was_hit() => drop(self.model.take_closed()),
            Err(error) => return Err(format!("refused to open: {error}")),
        }
        let End::Cut { seed, torn, again } = life.end else {
            self.tally.kills += u64::from(life.end == End::Kill);
            return Ok(());
        };
        self.tally.cuts += 1;
        self.tally.cuts_in_recovery += u64::from(!started);
        self.disk = self.disk.cut(seed, torn);
        again.map_or(Ok(()), |at| self.cut_again(life, at, seed))
    }

    /// Compares what a start found.
    fn greet(&mut self, session: &Session, life: &Life) -> Result<(), String> {
        self.model.check(&session.reader)?;
        let closed = self.model.take_closed();
        let recovered = &session.recovered;
        if closed && !(recovered.clean && recovered.new_epoch == life.new_epoch) {
            return Err(format!("it was closed in order, and the start found {recovered:?}"));
        }
        Ok(())
    }

    /// Only a fault of the disk may end the writing.
    fn judge_poison(&self, session: &Session) -> Result<(), String> {
        match session.reader.poisoned() {
            Some(reason) if !self.disk.was_hit() => Err(format!("poisoned without a fault: {reason}")),
            _ => Ok(()),
        }
    }

    fn work(&mut self, session: &mut Session, life: &Life) -> Result<(), String> {
        for &op in &life.ops {
            let goes_on = self.perform(session, op, life);
            self.hear(session, life)?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// False when something has failed for good.
    fn perform(&mut self, session: &mut Session, op: Op, life: &Life) -> bool {
        match op {
            Op::Append(batch) => session.pen.lock().unwrap().append(batch, self.now_ms),
            Op::Sync => session.syncer.sync().is_ok(),
            Op::SyncDuring(nth, turn) => {
                session.give_turn(&self.disk, nth, turn, self.now_ms, life.durability);
                let synced = session.syncer.sync().is_ok();
                self.disk.forget_turn();
                synced
            }
            Op::Prepare => {
                session.preparer.lock().unwrap().turn();
                session.reader.poisoned().is_none()
            }
            Op::Checkpoint => session.syncer.checkpoint().is_ok(),
            Op::Retain(quarters) => self.retain(session, quarters),
            Op::Days(days) => {
                self.now_ms += days * 24 * 3_600_000;
                true
            }
            Op::Free(bytes) => {
                self.disk.set_free_bytes(Some(bytes).filter(|&bytes| bytes > 0));
                true
            }
        }
    }

    fn retain(&mut self, session: &mut Session, quarters: u64) -> bool {
        let view = session.reader.view();
        // A call that fails half way may have removed all but the last.
        self.model.retain_from(view.segments().last().map_or(EventId::ZERO, |segment| segment.base()));
        let bound = Retention { bytes_max: Some(view.bytes() / 4 * quarters), age_ms_max: None };
        session.retainer.retain(bound, self.now_ms).is_ok()
    }

    /// Tells the model what was written, and what the marks promise now.
    fn hear(&mut self, session: &Session, life: &Life) -> Result<(), String> {
        let mut pen = session.pen.lock().unwrap();
        self.tally.events += pen.written.len() as u64;
        for written in pen.written.drain(..) {
            self.model.write(written)?;
        }
        // The mark must hold even where the sync that moved it was cut off.
        self.model.ack(session.reader.durable());
        if life.durability == Durability::Commit {
            self.model.ack(session.reader.visible());
        } else {
            self.model.give(session.reader.visible().max(session.reader.written()));
        }
        Ok(())
    }

    /// A recovery that is cut off and done again comes to what one that is not cut off comes to.
    fn cut_again(&mut self, life: &Life, at: u64, seed: u64) -> Result<(), String> {
        let again = |disk: &SimDisk| {
            let session = Session::open(disk, life, self.now_ms, 0);
            session.map(|session| shown(&session.reader))
        };
        let once = again(&self.disk.fork());
        let cut = self.disk.fork();
        cut.set_faults(Faults { crash_after: Some(at), ..Faults::default() });
        drop(again(&cut));
        let twice = again(&cut.crash(seed));
        self.tally.cuts += 1;
        self.tally.cuts_in_recovery += 1;
        match (once, twice) {
            (Ok(once), Ok(twice)) if once == twice => Ok(()),
            (Ok(once), Ok(twice)) => {
                let ends = [once.last(), twice.last()].map(|last| last.map_or(EventId::ZERO, |last| last.0));
                Err(format!(
                    "recovery found {} events up to {}; cut at call {at} and done again it found {} up to {}",
                    once.len(),
                    ends[0],
                    twice.len(),
                    ends[1]
                ))
            }
            (Err(error), _) => Err(format!("refused to open: {error}")),
            (_, Err(error)) => Err(format!("refused to open after a cut of the recovery at {at}: {error}")),
        }
    }
}

impl Session {
    fn open(disk: &SimDisk, life: &Life, now_ms: u64, number: u64) -> Result<Self, OpenError> {
        let options = LogOptions {
            segment_bytes: life.segment_bytes,
            durability: life.durability,
            new_epoch: life.new_epoch,
            accept_gap: life.accept_gap,
        };
        let Opened { mut writer, syncer, preparer, retainer, reader, recovered, .. } =
            open(Arc::new(disk.clone()), options, now_ms)?;
        writer.set_spare_wait(Duration::ZERO);
        let pen = Pen { writer, life: number, frames: Vec::new(), written: Vec::new(), failed: false };
        Ok(Self {
            pen: Arc::new(Mutex::new(pen)),
            preparer: Arc::new(Mutex::new(preparer)),
            syncer,
            retainer,
            reader,
            recovered,
        })
    }

    fn give_turn(&self, disk: &SimDisk, nth: u64, turn: Turn, now_ms: u64, durability: Durability) {
        match turn {
            Turn::Append(batch) => {
                let pen = Arc::clone(&self.pen);
                disk.during(nth, move || {
                    pen.lock().unwrap().append(batch, now_ms);
                });
            }
            // Where nobody is shown what is durable the preparer syncs, and would wait for the sync it is in.
            Turn::Prepare if durability == Durability::None => {}
            Turn::Prepare => {
                let preparer = Arc::clone(&self.preparer);
                disk.during(nth, move || preparer.lock().unwrap().turn());
            }
        }
    }
}

impl Pen {
    /// Appends one batch. False: the log takes no more.
    fn append(&mut self, batch: Batch, now_ms: u64) -> bool {
        let first = self.writer.next_id().0;
        let made = (0..batch.events)
            .map(|n| Written::new(EventId(first + n), self.life, batch.bytes, n + 1 < batch.events));
        let made: Vec<Written> = made.collect();
        let bytes = made.iter().map(|written| written.bytes).sum();
        match self.writer.begin(made.len(), bytes, now_ms) {
            Ok(()) => {}
            // Nothing of it was written.
            Err(WriteError::NoSegment { .. } | WriteError::DiskFull) => return true,
            Err(WriteError::Poisoned { .. }) => return false,
        }
        for written in made {
            self.frames.clear();
            written.push_frame(&mut self.frames);
            self.writer.push(written.id, written.record(&self.frames));
            self.written.push(written);
        }
        self.failed |= self.writer.flush().is_err();
        !self.failed
    }
}
