//! What Tailwire means to be, and whether this run shows it. A goal that needs somebody who was not there, or
//! a stage that was left out, is neither met nor missed.

use crate::compare::contender::Contender;
use crate::compare::figure::{Figure, Measure};
use crate::compare::results::Results;
use crate::compare::stage::Stage;

/// A bound on one of Tailwire's figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// Where the bound lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    Most(f64),
    /// At most this many times another's figure.
    MostTimes(f64, Contender),
    /// At least this many times another's figure.
    LeastTimes(f64, Contender),
}

/// What became of a goal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Tailwire's figure as the goal puts it: itself, or the factor to the other's.
    Met(f64),
    NotMet(f64),
    /// Who or what is missing for it.
    Unknown(&'static str),
}

/// The goals, in the order of the stages.
pub(crate) const GOALS: &[Goal] = &{
    use Bound::{LeastTimes, Most, MostTimes};
    use Contender::{DurableStreams, Loop, Nchan};
    use Measure::{AckP50, CpuRatio, Frames, Memory, P50, P99, Rate};
    use Stage::{Idle, Narrow, Replay, Saturate1, Saturate16, Wide};
    [
        goal(Narrow, CpuRatio, Most(0.95)),
        goal(Wide, CpuRatio, Most(0.95)),
        goal(Narrow, P50, MostTimes(0.7, DurableStreams)),
        goal(Narrow, P99, MostTimes(1.15, Loop)),
        goal(Saturate1, Rate, LeastTimes(2.0, DurableStreams)),
        goal(Saturate1, P99, Most(25.0)),
        goal(Saturate1, AckP50, Most(0.6)),
        goal(Saturate16, Rate, LeastTimes(2.0, DurableStreams)),
        goal(Saturate16, P99, Most(25.0)),
        goal(Saturate16, AckP50, Most(0.6)),
        goal(Idle, Memory, Most(64.0)),
        goal(Replay, Frames, LeastTimes(10.0, Nchan)),
    ]
};

const fn goal(stage: Stage, measure: Measure, bound: Bound) -> Goal {
    Goal { figure: Figure { stage, measure }, bound }
}

impl Goal {
    pub(crate) fn check(&self, results: &Results) -> Verdict {
        let Some(own) = results.median(Contender::Tailwire, self.figure) else {
            let no_loop = self.figure.measure == Measure::CpuRatio
                && results.median(Contender::Loop, Figure::of(self.figure.stage, Measure::Cpu)).is_none();
            return Verdict::Unknown(if no_loop {
                Contender::Loop.name()
            } else {
                Contender::Tailwire.name()
            });
        };
        let (value, met): (f64, fn(f64, f64) -> bool) = match self.bound {
            Bound::Most(_) => (own, |value, bound| value <= bound),
            Bound::MostTimes(_, other) | Bound::LeastTimes(_, other) => {
                let Some(of_other) = results.median(other, self.figure) else {
                    return Verdict::Unknown(other.name());
                };
                let at_most = matches!(self.bound, Bound::MostTimes(..));
                (
                    own / of_other,
                    if at_most { |value, bound| value <= bound } else { |value, bound| value >= bound },
                )
            }
        };
        if met(value, self.bound.number()) { Verdict::Met(value) } else { Verdict::NotMet(value) }
    }
}

impl Bound {
    pub(crate) fn number(&self) -> f64 {
        match *self {
            Bound::Most(bound) | Bound::MostTimes(bound, _) | Bound::LeastTimes(bound, _) => bound,
        }
    }

    pub(crate) fn words(&self) -> String {
        match self {
            Bound::Most(bound) => format!("≤ {bound}"),
            Bound::MostTimes(times, other) => format!("≤ {times} × {}", of(*other)),
            Bound::LeastTimes(times, other) => format!("≥ {times} × {}", of(*other)),
        }
    }
}

impl Verdict {
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Verdict::Met(_) => "met",
            Verdict::NotMet(_) => "not met",
            Verdict::Unknown(_) => "not known",
        }
    }
}

fn of(other: Contender) -> String {
    let name = other.name();
    format!("{name}'{}", if name.ends_with('s') { "" } else { "s" })
}
