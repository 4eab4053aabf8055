//! The stages of a comparison and how many of everything each takes. The sizes are the plan's; what a stage
//! does with them is `run`'s.

use clap::ValueEnum;

use crate::compare::figure::Measure;

/// One kind of load that every contender is put under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Stage {
    /// A steady rate to some subscribers
    Narrow,
    /// A fifth of the rate to five times as many
    Wide,
    /// As fast as acknowledged, one request in flight
    Saturate1,
    /// As fast as acknowledged, sixteen in flight
    Saturate16,
    /// Memory of subscribers that nothing is sent to
    Idle,
    /// Everything again from the first event
    Replay,
}

impl Stage {
    pub(crate) fn all() -> &'static [Stage] {
        Stage::value_variants()
    }

    /// The key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Stage::Narrow => "fanoutNarrow",
            Stage::Wide => "fanoutWide",
            Stage::Saturate1 => "saturate1",
            Stage::Saturate16 => "saturate16",
            Stage::Idle => "idle",
            Stage::Replay => "replay",
        }
    }

    /// The name in a goal.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Stage::Narrow => "fan-out, narrow:",
            Stage::Wide => "fan-out, wide:",
            Stage::Saturate1 => "saturated, 1 in flight:",
            Stage::Saturate16 => "saturated, 16 in flight:",
            Stage::Idle => "idle:",
            Stage::Replay => "replay:",
        }
    }

    /// What is read off a contender in this stage.
    pub(crate) fn measures(self) -> &'static [Measure] {
        use crate::compare::figure::Measure::{
            AckP50, AckP99, Cpu, CpuRatio, Frames, Memory, P50, P99, Rate, Tool,
        };
        match self {
            Stage::Narrow => &[Cpu, CpuRatio, P50, P99, AckP50, AckP99],
            Stage::Wide => &[Cpu, CpuRatio, P50, P99],
            Stage::Saturate1 | Stage::Saturate16 => &[Rate, P99, AckP50, Tool],
            Stage::Idle => &[Memory],
            Stage::Replay => &[Frames, Tool],
        }
    }

    /// Requests in flight at a time.
    pub(crate) fn in_flight(self) -> usize {
        match self {
            Stage::Narrow | Stage::Wide | Stage::Replay => 4,
            Stage::Saturate16 => 16,
            Stage::Saturate1 | Stage::Idle => 1,
        }
    }

    /// Of a fan-out the CPU is counted in ticks of 10 ms and its ratio is the first goal, so it gets all rounds;
    /// what differs by factors needs fewer.
    pub(crate) fn rounds(self, all: u32) -> u32 {
        match self {
            Stage::Narrow | Stage::Wide => all,
            Stage::Saturate1 | Stage::Saturate16 => all.div_ceil(2).min(3),
            Stage::Idle => 1,
            Stage::Replay => all.div_ceil(3),
        }
    }
}
