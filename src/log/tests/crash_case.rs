//! What happens to a simulated log, as a value: its lives, what is done in each, how each ends.
//!
//! A case is made from a seed, or by taking things out of another one (`crash_shrink`). It says nothing of
//! what has to come of it (`crash_model`) and does nothing (`crash_run`).

use crate::log::Durability;
use crate::log::tests::crash_shrink::Shrinkable;
use crate::log::tests::sim_disk::{Faults, Random, Torn};

/// Events of one publisher. `bytes`: of each frame; 0: different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Batch {
    pub(in crate::log) events: u64,
    pub(in crate::log) bytes: usize,
}

/// What another thread does in the middle of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Turn {
    Append(Batch),
    Prepare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Op {
    Append(Batch),
    Sync,
    /// A sync with a turn of another thread before its nth call to the disk.
    SyncDuring(u64, Turn),
    /// The preparer's turn: seals, and the next segment.
    Prepare,
    Checkpoint,
    /// Keeps so many quarters of the bytes.
    Retain(u64),
    Days(u64),
    /// So many bytes are free from now on; 0: enough.
    Free(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum End {
    /// An orderly stop.
    Close,
    /// The process dies; what it wrote stays in the page cache.
    Kill,
    /// The power goes. `again`: the recovery after it is also cut at that call, and must come to the same.
    Cut { seed: u64, torn: Torn, again: Option<u64> },
}

/// From one start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) struct Life {
    pub(in crate::log) durability: Durability,
    pub(in crate::log) segment_bytes: u64,
    pub(in crate::log) new_epoch: bool,
    /// Nothing is ever damaged here, so that it must make no difference.
    pub(in crate::log) accept_gap: bool,
    pub(in crate::log) faults: Faults,
    pub(in crate::log) ops: Vec<Op>,
    pub(in crate::log) end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) struct Case {
    /// Of the ids that the log draws.
    pub(in crate::log) seed: u64,
    pub(in crate::log) lives: Vec<Life>,
}

/// The smallest size takes about five frames of 700 bytes.
pub(in crate::log) const SEGMENT_SIZES: [u64; 4] = [72 * 1024, 76 * 1024, 84 * 1024, 128 * 1024];
/// Seeds from here on break a promise of the disk on purpose.
pub(in crate::log) const LYING_SEEDS: u64 = 1 << 60;

/// What the lives of one case have in common.
struct Style {
    durability: Option<Durability>,
    segment_bytes: u64,
    /// Of all frames; 0: different ones; `None`: either.
    bytes: Option<usize>,
    ops_max: u64,
}

impl Case {
    pub(in crate::log) fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let style = Style {
            durability: [Some(Durability::Commit), Some(Durability::None), None, Some(Durability::Commit)]
                [random.below(4) as usize],
            segment_bytes: SEGMENT_SIZES[random.below(4) as usize],
            // Frames of one length fit into each other's places, which is where leftovers can come to life.
            bytes: [Some(64), Some(0), Some(200), None][random.below(4) as usize],
            ops_max: 4 + random.below(40),
        };
        let lives = 6 + random.below(10);
        Self {
            seed,
            lives: (0..lives).map(|_| Life::random(&mut random, &style, seed >= LYING_SEEDS)).collect(),
        }
    }
}

impl Life {
    /// Nothing is done and nothing goes wrong.
    pub(in crate::log) fn quiet() -> Self {
        Self {
            durability: Durability::Commit,
            segment_bytes: SEGMENT_SIZES[0],
            new_epoch: false,
            accept_gap: false,
            faults: Faults::default(),
            ops: Vec::new(),
            end: End::Kill,
        }
    }

    fn random(random: &mut Random, style: &Style, lying: bool) -> Self {
        let all = [Durability::Commit, Durability::Interval { ms: 5 }, Durability::None];
        let ops = 1 + random.below(style.ops_max);
        // Some cuts hit recovery itself, some come after the last thing done.
        let crash_after = match random.below(8) {
            0 | 1 => Some(random.below(24)),
            2 => None,
            _ => Some(16 + random.below(6 + 3 * ops)),
        };
        let nth = |random: &mut Random, odds| random.one_in(odds).then(|| 1 + random.below(12));
        let faults = Faults {
            crash_after,
            fail_sync: nth(random, 6),
            fail_write: nth(random, 24),
            lying_sync: Some(1 + random.below(12)).filter(|_| lying),
            fail_rename: random.one_in(100),
            fail_unlink: random.one_in(100),
            free_bytes: random.one_in(60).then_some(100_000),
            ..Faults::default()
        };
        let durability = style.durability.unwrap_or(all[random.below(3) as usize]);
        let new_size = random.one_in(8).then(|| SEGMENT_SIZES[random.below(4) as usize]);
        Self {
            durability,
            segment_bytes: new_size.unwrap_or(style.segment_bytes),
            new_epoch: random.one_in(50),
            accept_gap: random.one_in(20),
            faults,
            ops: (0..ops).map(|_| Op::random(random, style)).collect(),
            end: End::random(random),
        }
    }
}

impl Op {
    fn random(random: &mut Random, style: &Style) -> Self {
        match random.below(100) {
            0..42 => Self::Append(Batch::random(random, style)),
            42..66 => Self::Sync,
            66..74 => {
                let prepare = random.one_in(3);
                let batch = Batch::random(random, style);
                Self::SyncDuring(
                    1 + random.below(5),
                    if prepare { Turn::Prepare } else { Turn::Append(batch) },
                )
            }
            74..94 => Self::Prepare,
            94..96 => Self::Checkpoint,
            96..98 => Self::Retain(random.below(4)),
            98 => Self::Days(random.below(9)),
            _ => Self::Free([0, 0, 100_000][random.below(3) as usize]),
        }
    }
}

impl Batch {
    fn random(random: &mut Random, style: &Style) -> Self {
        let events = match random.below(6) {
            0..4 => 1,
            4 => 2 + random.below(6),
            _ => 2 + random.below(30),
        };
        Self { events, bytes: style.bytes.unwrap_or([0, 40, 64, 3000][random.below(4) as usize]) }
    }
}

impl End {
    fn random(random: &mut Random) -> Self {
        match random.below(16) {
            0 => Self::Close,
            1..4 => Self::Kill,
            _ => Self::Cut {
                seed: random.next(),
                torn: [Torn::Evenly, Torn::Evenly, Torn::MostlyOld, Torn::MostlyNew]
                    [random.below(4) as usize],
                again: random.one_in(10).then(|| random.below(24)),
            },
        }
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
            simpler.extend(op.simpler().map(|op| {
                let mut with = self.clone();
                with.ops[at] = op;
                with
            }));
        }
        let quiet = Self { ops: self.ops.clone(), end: self.end, ..Self::quiet() };
        let crash_after = self.faults.crash_after;
        simpler.extend([
            Self { faults: quiet.faults, ..self.clone() },
            Self { faults: Faults { crash_after, ..quiet.faults }, ..self.clone() },
            Self { faults: Faults { crash_after: None, ..self.faults }, ..self.clone() },
            Self { durability: quiet.durability, ..self.clone() },
            Self { segment_bytes: quiet.segment_bytes, ..self.clone() },
            Self { new_epoch: false, accept_gap: false, ..self.clone() },
            Self { end: End::Kill, ..self.clone() },
        ]);
        if let End::Cut { seed, torn, .. } = self.end {
            simpler.push(Self { end: End::Cut { seed, torn, again: None }, ..self.clone() });
        }
        simpler.retain(|other| other != self);
        simpler
    }
}

impl Op {
    fn simpler(self) -> impl Iterator<Item = Self> {
        let one = |batch: Batch| Batch { events: 1, ..batch };
        let (first, second) = match self {
            Self::Append(batch) => (Self::Append(one(batch)), Self::Append(Batch { bytes: 64, ..batch })),
            Self::SyncDuring(nth, Turn::Append(batch)) => {
                (Self::Sync, Self::SyncDuring(nth, Turn::Append(one(batch))))
            }
            _ => (Self::Sync, self),
        };
        [first, second].into_iter().filter(move |&other| other != self)
    }
}
