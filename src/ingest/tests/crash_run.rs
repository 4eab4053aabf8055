//! Leads a simulated way in through the lives of a case: two workers that submit, the writer and the sync
//! thread stepped by hand, over a disk that loses what was not synced.
//!
//! `Session::background` is where parts that work beside those two have their turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::doorbell::Doorbell;
use crate::event::{EventId, EventType};
use crate::ingest::tests::crash_case::{Case, End, Life, Name, Op, Spec};
use crate::ingest::tests::crash_model::{Meant, Model};
use crate::ingest::tests::rig::NOW_MS;
use crate::ingest::tests::support::event;
use crate::ingest::{Ingest, PublishError, Published, Submission, Ticket};
use crate::limits;
use crate::log::tests::crash_run::Tally;
use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::{Durability, LogOptions, OpenError, Preparer, Reader, Retainer, Retention};

/// Writes between two syncs; at its bound the writer thread would wait for the sync thread, which is the same
/// one here.
const WRITES_MAX: usize = limits::WRITES_UNSYNCED_MAX - 2;

/// What a submission has to come to.
enum Expected {
    /// As the model says.
    Stored(Vec<usize>),
    /// Refused in these words, or not taken at all.
    Refused(PublishError),
    /// A repeat of an event in the same source, none of which is before it.
    Reached(usize),
}

struct Session {
    ingest: Ingest,
    preparer: Preparer,
    retainer: Retainer,
    indexer: crate::log::Indexer,
    reader: Reader,
    /// By the token of the ticket.
    asked: HashMap<u64, Expected>,
    writes: usize,
}

struct World {
    disk: SimDisk,
    model: Model,
    segment_bytes: u64,
    tally: Tally,
    /// Highest position submitted for each source.
    positions: [u64; 8],
    tokens: u64,
}

thread_local! {
    static BELLS: Vec<Doorbell> = (0..2).map(|_| Doorbell::open().unwrap()).collect();
}

/// Runs a case to its end, and asks about everything after it.
pub(crate) fn run(case: &Case) -> Result<Tally, String> {
    let mut world = World {
        disk: SimDisk::new(case.seed),
        model: Model::default(),
        segment_bytes: case.segment_bytes,
        tally: Tally::default(),
        positions: [0; 8],
        tokens: 0,
    };
    for (number, life) in case.lives.iter().enumerate() {
        world.live(life).map_err(|fault| format!("life {number}: {fault}"))?;
    }
    world.disk.set_faults(Faults::default());
    let probes = (0..world.model.meant.len()).map(Op::Probe);
    let last = Life { ops: probes.collect(), ..Life::quiet() };
    world.live(&last).map_err(|fault| format!("in the end: {fault}"))?;
    Ok(world.tally)
}

impl World {
    fn live(&mut self, life: &Life) -> Result<(), String> {
        self.disk.set_faults(life.faults);
        let mut started = false;
        match Session::open(&self.disk, life.durability, self.segment_bytes) {
            Ok(mut session) => {
                started = true;
                self.tally.snapshots_used += u64::from(session.ingest.remembered.snapshot > EventId::ZERO);
                self.model.check(&session.reader)?;
                for op in &life.ops {
                    self.perform(&mut session, op)?;
                    self.hear(&mut session, life.durability)?;
                }
                if life.end == End::Close {
                    session.close();
                    self.hear(&mut session, life.durability)?;
                }
            }
            Err(OpenError::Io { .. }) if self.disk.was_hit() => {}
            Err(error) => return Err(format!("refused to open: {error}")),
        }
        match life.end {
            End::Close => {}
            End::Kill => self.tally.kills += 1,
            End::Cut { seed, torn } => {
                self.tally.cuts += 1;
                self.tally.cuts_in_recovery += u64::from(!started);
                self.disk = self.disk.cut(seed, torn);
            }
        }
        Ok(())
    }

    fn perform(&mut self, session: &mut Session, op: &Op) -> Result<(), String> {
        match op {
            Op::Submit { worker, specs } => {
                let numbers: Vec<usize> = specs.iter().map(|&spec| self.mean(spec)).collect();
                let events = numbers.iter().map(|&number| self.model.meant[number].event()).collect();
                self.model.submit(&numbers);
                self.tally.events += numbers.len() as u64;
                self.ask(session, *worker, events, Expected::Stored(numbers));
            }
            Op::Write => session.write(),
            Op::Sync => session.sync(),
            Op::Background => session.background(&mut self.tally),
            Op::Retain(quarters) => {
                let bytes_max = Some(session.reader.view().bytes() / 4 * quarters);
                // One that is cut off is done by the next start.
                let _cut = session.retainer.retain(Retention { bytes_max, age_ms_max: None }, NOW_MS);
                self.model.retained(session.reader.earliest());
            }
            Op::Probe(back) => self.probe(session, *back),
        }
        Ok(())
    }

    fn ask(
        &mut self,
        session: &mut Session,
        worker: usize,
        events: Vec<crate::event::NewEvent>,
        expected: Expected,
    ) {
        self.tokens += 1;
        let ticket = Ticket { worker, token: self.tokens };
        session.ingest.publisher.submit(Submission { ticket, events }).unwrap();
        session.asked.insert(self.tokens, expected);
    }

    /// The number of the event that a spec means.
    fn mean(&mut self, spec: Spec) -> usize {
        let number = self.model.meant.len();
        match spec {
            Spec::Again(back) if number > 0 => number - 1 - back % number,
            Spec::Again(_) => {
                self.mean(Spec::New { stream: 0, name: Name::Key, sender: false, recipient: false })
            }
            Spec::New { stream, name, sender, recipient } => {
                let position = match name {
                    Name::Source { source, step } => {
                        self.positions[usize::from(source)] += step;
                        self.positions[usize::from(source)]
                    }
                    _ => 0,
                };
                self.model.meant.push(Meant { number, stream, name, position, sender, recipient });
                number
            }
        }
    }

    /// Asks what must be refused or be a repeat.
    fn probe(&mut self, session: &mut Session, back: usize) {
        let count = self.model.meant.len();
        let Some(&meant) = count.checked_sub(1 + back).and_then(|at| self.model.meant.get(at)) else {
            return;
        };
        let first = self.model.first_of(meant.number);
        match (meant.name, first) {
            (Name::Key, Some(first)) => {
                let refusal = PublishError::KeyConflict { index: 0, first };
                let other = meant.event().data(r#"{"other":true}"#);
                self.ask(session, 0, vec![other], Expected::Refused(refusal));
                self.model.submit(&[meant.number]);
                self.ask(session, 1, vec![meant.event()], Expected::Stored(vec![meant.number]));
            }
            (Name::Source { .. }, Some(_)) => {
                self.ask(session, 0, vec![meant.event()], Expected::Reached(meant.number));
            }
            _ => {}
        }
        if self.model.sender_is_known(meant.stream) {
            let stranger = event(EventType::Created, &meant.stream.to_string()).from("GX");
            let refusal = PublishError::PartiesConflict { index: 0, party: "sender" };
            self.ask(session, 1, vec![stranger], Expected::Refused(refusal));
        }
        session.write();
    }

    /// Takes the answers that came, and what the marks promise now.
    fn hear(&mut self, session: &mut Session, durability: Durability) -> Result<(), String> {
        let durable = session.reader.durable();
        let promised = Some(durable).filter(|_| durability == Durability::Commit);
        for worker in 0..2 {
            while let Some(answer) = session.ingest.answers[worker].try_next() {
                let Some(expected) = session.asked.remove(&answer.ticket.token) else {
                    return Err(format!("{:?} was answered twice", answer.ticket));
                };
                self.compare(&expected, &answer.outcome, promised)?;
            }
        }
        self.model.is_safe(durable);
        Ok(())
    }

    fn compare(
        &mut self,
        expected: &Expected,
        outcome: &Result<Vec<Published>, PublishError>,
        durable: Option<EventId>,
    ) -> Result<(), String> {
        match (expected, outcome) {
            (Expected::Stored(numbers), Ok(published)) => self.model.answered(numbers, published, durable),
            (Expected::Stored(numbers), Err(error)) => self.model.fate(numbers, error),
            (Expected::Refused(refusal), Err(error)) if refusal == error => Ok(()),
            (Expected::Reached(number), Ok(published)) if published[0].duplicate => {
                self.model.answered(&[*number], published, durable)
            }
            (_, Err(PublishError::Unavailable { .. } | PublishError::CommitUnknown)) => Ok(()),
            (Expected::Refused(refusal), other) => Err(format!("{other:?} instead of {refusal:?}")),
            (Expected::Reached(number), other) => {
                Err(format!("{other:?} for event {number}, which its source had passed"))
            }
        }
    }
}

impl Session {
    fn open(disk: &SimDisk, durability: Durability, segment_bytes: u64) -> Result<Self, OpenError> {
        let options = LogOptions { segment_bytes, durability, new_epoch: false, accept_gap: false };
        let snapshot = crate::ingest::Snapshot::read(Arc::new(disk.clone()), 1000);
        let mut log = crate::log::open(Arc::new(disk.clone()), options, NOW_MS)?;
        log.writer.set_spare_wait(Duration::ZERO);
        let (preparer, retainer, indexer) = (log.preparer, log.retainer, log.indexer);
        let reader = log.reader.clone();
        let bells = BELLS.with(Vec::clone);
        let ingest = crate::ingest::open((log.writer, log.syncer, log.reader), durability, bells, snapshot);
        Ok(Self { ingest, preparer, retainer, indexer, reader, asked: HashMap::new(), writes: 0 })
    }

    fn write(&mut self) {
        while self.ingest.writer.step(NOW_MS) {
            self.writes += 1;
            if self.writes >= WRITES_MAX {
                self.sync();
            }
        }
    }

    fn sync(&mut self) {
        self.ingest.sync.step();
        self.writes = 0;
    }

    /// The turns of the parts beside the writer and the sync thread.
    fn background(&mut self, tally: &mut Tally) {
        self.preparer.turn();
        // What they write can be made again: a failure is nobody's loss.
        tally.snapshots += u64::from(matches!(self.ingest.snapshotter.turn(NOW_MS), Ok(Some(_))));
        tally.sidecars += u64::from(self.indexer.turn().is_ok_and(|indexed| indexed.written.is_some()));
    }

    fn close(&mut self) {
        self.write();
        self.sync();
        self.ingest.sync.committer.close();
    }
}
