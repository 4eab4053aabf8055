//! What publishers and the disk do to a simulated way in, as a value.
//!
//! A case is made from a seed, or by taking things out of another one. What has to come of it is in
//! `crash_model`.

use crate::log::Durability;
use crate::log::tests::crash_shrink::Shrinkable;
use crate::log::tests::sim_disk::{Faults, Random, Torn};

/// What tells an event from its repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    None,
    Key,
    /// So far past the highest position that was submitted for this source; 0 is a repeat.
    Source {
        source: u8,
        step: u64,
    },
}

/// One event of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spec {
    New {
        stream: u8,
        name: Name,
        sender: bool,
        recipient: bool,
    },
    /// An earlier event once more, so many back.
    Again(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// All or nothing, by one of two workers.
    Submit {
        worker: usize,
        specs: Vec<Spec>,
    },
    Write,
    Sync,
    /// The threads beside the writer's and the sync thread's have their turns.
    Background,
    /// Keeps so many quarters of the bytes.
    Retain(u64),
    /// An earlier key with other data, an earlier position, other parties: nothing of it may be stored.
    Probe(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Close,
    Kill,
    Cut { seed: u64, torn: Torn },
}

/// From one start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) durability: Durability,
    pub(crate) faults: Faults,
    pub(crate) ops: Vec<Op>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) segment_bytes: u64,
    pub(crate) lives: Vec<Life>,
}

/// Payment streams and sources there are: few, so that events meet.
pub(crate) const STREAMS: u64 = 6;
pub(crate) const SOURCES: u64 = 2;

impl Case {
    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let durability = [Some(Durability::Commit), Some(Durability::Commit), None][random.below(3) as usize];
        let lives = 4 + random.below(8);
        Self {
            seed,
            segment_bytes: [72 * 1024, 80 * 1024, 128 * 1024][random.below(3) as usize],
            lives: (0..lives).map(|_| Life::random(&mut random, durability)).collect(),
        }
    }
}

impl Life {
    pub(crate) fn quiet() -> Self {
        Self { durability: Durability::Commit, faults: Faults::default(), ops: Vec::new(), end: End::Kill }
    }

    fn random(random: &mut Random, durability: Option<Durability>) -> Self {
        let all = [Durability::Commit, Durability::Interval { ms: 5 }, Durability::None];
        let ops = 4 + random.below(40);
        let crash_after = match random.below(6) {
            0 => Some(random.below(24)),
            1 => None,
            _ => Some(16 + random.below(2 * ops)),
        };
        let faults = Faults {
            crash_after,
            fail_sync: random.one_in(6).then(|| 4 + random.below(12)),
            fail_write: random.one_in(16).then(|| 4 + random.below(20)),
            free_bytes: random.one_in(30).then_some(100_000),
            ..Faults::default()
        };
        let end = match random.below(12) {
            0 => End::Close,
            1 | 2 => End::Kill,
            _ => End::Cut {
                seed: random.next(),
                torn: [Torn::Evenly, Torn::MostlyOld, Torn::MostlyNew][random.below(3) as usize],
            },
        };
        Self {
            durability: durability.unwrap_or(all[random.below(3) as usize]),
            faults,
            ops: (0..ops).map(|_| Op::random(random)).collect(),
            end,
        }
    }
}

impl Op {
    fn random(random: &mut Random) -> Self {
        match random.below(20) {
            0..8 => {
                let events = if random.one_in(4) { 1 + random.below(6) } else { 1 };
                let specs = (0..events).map(|_| Spec::random(random)).collect();
                Self::Submit { worker: random.below(2) as usize, specs }
            }
            8..12 => Self::Write,
            12..15 => Self::Sync,
            15..18 => Self::Background,
            18 if random.one_in(3) => Self::Retain(random.below(4)),
            _ => Self::Probe(random.below(30) as usize),
        }
    }
}

impl Spec {
    fn random(random: &mut Random) -> Self {
        let name = match random.below(8) {
            0 => Name::None,
            1 | 2 => Name::Source { source: random.below(SOURCES) as u8, step: random.below(3) },
            3 => return Self::Again(random.below(40) as usize),
            _ => Name::Key,
        };
        let stream = random.below(STREAMS) as u8;
        Self::New { stream, name, sender: random.one_in(4), recipient: random.one_in(4) }
    }
}

impl Shrinkable for Case {
    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Vec::new();
        for at in 0..self.lives.len() {
            let mut without = self.clone();
            without.lives.remove(at);
            simpler.push(without);
        }
        for (at, life) in self.lives.iter().enumerate() {
            simpler.extend(life.simpler().into_iter().map(|life| {
                let mut with = self.clone();
                with.lives[at] = life;
                with
            }));
        }
        simpler
    }
}

impl Shrinkable for Life {
    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Vec::new();
        for chunk in [16, 4, 1] {
            for at in (0..self.ops.len()).step_by(chunk) {
                let mut without = self.clone();
                without.ops.drain(at..(at + chunk).min(self.ops.len()));
                simpler.push(without);
            }
        }
        for (at, op) in self.ops.iter().enumerate() {
            let Op::Submit { worker, specs } = op else { continue };
            for one in (0..specs.len()).filter(|_| specs.len() > 1) {
                let mut fewer = specs.clone();
                fewer.remove(one);
                let mut with = self.clone();
                with.ops[at] = Op::Submit { worker: *worker, specs: fewer };
                simpler.push(with);
            }
        }
        let crash_after = self.faults.crash_after;
        simpler.extend([
            Self { faults: Faults::default(), ..self.clone() },
            Self { faults: Faults { crash_after, ..Faults::default() }, ..self.clone() },
            Self { durability: Durability::Commit, ..self.clone() },
            Self { end: End::Kill, ..self.clone() },
        ]);
        simpler.retain(|other| other != self);
        simpler
    }
}
