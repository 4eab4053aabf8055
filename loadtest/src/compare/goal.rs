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
    AtMost(f64),
    /// At most this many times another's figure.
    AtMostTimes(f64, Contender),
    /// At least this many times another's figure.
    AtLeastTimes(f64, Contender),
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
    use Bound::{AtLeastTimes, AtMost, AtMostTimes};
    use Contender::{DurableStreams, Loop, Nchan};
    use Measure::{AckP50, CpuRatio, Frames, Memory, P50, P99, Rate};
    use Stage::{Idle, Narrow, Replay, Saturate1, Saturate16, Wide};
    [
        goal(Narrow, CpuRatio, AtMost(0.95)),
        goal(Wide, CpuRatio, AtMost(0.95)),
        goal(Narrow, P50, AtMostTimes(0.7, DurableStreams)),
        goal(Narrow, P99, AtMostTimes(1.15, Loop)),
        goal(Saturate1, Rate, AtLeastTimes(2.0, DurableStreams)),
        goal(Saturate1, P99, AtMost(25.0)),
        goal(Saturate1, AckP50, AtMost(0.6)),
        goal(Saturate16, Rate, AtLeastTimes(2.0, DurableStreams)),
        goal(Saturate16, P99, AtMost(25.0)),
        goal(Saturate16, AckP50, AtMost(0.6)),
        goal(Idle, Memory, AtMost(64.0)),
        goal(Replay, Frames, AtLeastTimes(10.0, Nchan)),
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
            Bound::AtMost(_) => (own, |value, bound| value <= bound),
            Bound::AtMostTimes(_, other) | Bound::AtLeastTimes(_, other) => {
                let Some(of_other) = results.median(other, self.figure) else {
                    return Verdict::Unknown(other.name());
                };
                let at_most = matches!(self.bound, Bound::AtMostTimes(..));
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
            Bound::AtMost(bound) | Bound::AtMostTimes(bound, _) | Bound::AtLeastTimes(bound, _) => bound,
        }
    }

    pub(crate) fn words(&self) -> String {
        match self {
            Bound::AtMost(bound) => format!("≤ {bound}"),
            Bound::AtMostTimes(times, other) => format!("≤ {times} × {}'s", other.name()),
            Bound::AtLeastTimes(times, other) => format!("≥ {times} × {}'s", other.name()),
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
