//! How big a comparison is. Every contender is given the same.

use std::time::Duration;

use crate::command::Load;
use crate::compare::contender::Contender;
use crate::compare::figure::thousands;
use crate::compare::stage::Stage;
use crate::load::Filter;

/// Times as many subscribers in the wide fan-out, at as much less a rate.
const WIDE: u32 = 5;

/// The sizes of one comparison.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) contenders: Vec<Contender>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) rounds: u32,
    pub(crate) subscribers: u32,
    /// Events a second in the narrow fan-out.
    pub(crate) rate: u32,
    /// Of measured publishing in a fan-out.
    pub(crate) seconds: u32,
    /// A saturated stage ends after this long or this many events, whichever comes first.
    pub(crate) saturate: Duration,
    pub(crate) saturate_events: u64,
    pub(crate) idle_subscribers: u32,
    pub(crate) replay_subscribers: u32,
    pub(crate) replay_events: u32,
}

impl Plan {
    /// The fan-out of a stage that is one.
    pub(crate) fn load(&self, stage: Stage) -> Load {
        let factor = if stage == Stage::Wide { WIDE } else { 1 };
        let rate = (self.rate / factor).max(1);
        Load {
            subscribers: (self.subscribers * factor) as usize,
            filter: Filter::All,
            topics: 1,
            rate: rate.into(),
            events: u64::from(rate) * u64::from(self.seconds),
            warmup_events: rate.into(),
            connections: stage.in_flight(),
        }
    }

    /// Whether the contender has what the stage measures.
    pub(crate) fn offers(contender: Contender, stage: Stage) -> bool {
        stage != Stage::Replay || contender.keeps_events()
    }

    /// Most connections that are open at a time.
    pub(crate) fn connections(&self) -> u32 {
        let of_stage = |stage: &Stage| match stage {
            Stage::Wide => self.subscribers * WIDE,
            Stage::Idle => self.idle_subscribers,
            Stage::Replay => self.replay_subscribers,
            Stage::Narrow | Stage::Saturate1 | Stage::Saturate16 => self.subscribers,
        };
        self.stages.iter().map(of_stage).max().unwrap_or(0) + 16
    }

    /// The stage in words, with its sizes.
    pub(crate) fn words(&self, stage: Stage) -> String {
        let number = |value: u32| thousands(value.into());
        match stage {
            Stage::Narrow | Stage::Wide => {
                let load = self.load(stage);
                format!("fan-out, {} subscribers × {}/s", thousands(load.subscribers as f64), load.rate)
            }
            Stage::Saturate1 | Stage::Saturate16 => {
                format!(
                    "saturated, {} subscribers, {} in flight",
                    number(self.subscribers),
                    stage.in_flight()
                )
            }
            Stage::Idle => {
                let (from, to) = (number(self.idle_subscribers / 5), number(self.idle_subscribers));
                format!("idle, from {from} to {to} subscribers")
            }
            Stage::Replay => format!(
                "replay, {} subscribers × {} events",
                number(self.replay_subscribers),
                number(self.replay_events)
            ),
        }
    }
}
