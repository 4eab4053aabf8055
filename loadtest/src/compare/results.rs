//! What a comparison has found: a value for each contender, figure and round, and everything that went wrong.

use std::collections::BTreeMap;

use crate::command::median;
use crate::compare::contender::{Contender, Missing};
use crate::compare::figure::{Figure, Measure};
use crate::compare::stage::Stage;

/// Something a contender did wrong, or that kept it from being measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) contender: Contender,
    pub(crate) stage: Stage,
    /// From 1.
    pub(crate) round: u32,
    pub(crate) story: String,
}

/// All that was found so far.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// By round, from 0; a round that broke off has no entry.
    values: BTreeMap<(Contender, Figure), BTreeMap<u32, f64>>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) skipped: Vec<Missing>,
    pub(crate) warnings: Vec<&'static str>,
}

impl Results {
    /// Enters a value. A ratio is never entered: it follows from two others.
    pub(crate) fn enter(&mut self, contender: Contender, figure: Figure, round: u32, value: f64) {
        if value.is_finite() {
            self.values.entry((contender, figure)).or_default().insert(round, value);
        }
    }

    /// The values of the rounds, in their order. A ratio takes the rounds that both have.
    pub(crate) fn rounds(&self, contender: Contender, figure: Figure) -> Vec<f64> {
        if figure.measure != Measure::CpuRatio {
            return self.entered(contender, figure).map(|(_, value)| value).collect();
        }
        let cpu = Figure::of(figure.stage, Measure::Cpu);
        let of_loop: BTreeMap<u32, f64> = self.entered(Contender::Loop, cpu).collect();
        let ratio = |(round, value): (u32, f64)| of_loop.get(&round).map(|of_loop| value / of_loop);
        self.entered(contender, cpu).filter_map(ratio).collect()
    }

    /// The median over the rounds, if there is a round.
    pub(crate) fn median(&self, contender: Contender, figure: Figure) -> Option<f64> {
        let rounds = self.rounds(contender, figure);
        (!rounds.is_empty()).then(|| median(rounds))
    }

    /// Who is best by the medians, the send loop apart: it is a limit and no choice.
    pub(crate) fn best(&self, contenders: &[Contender], figure: Figure) -> Option<Contender> {
        if !figure.measure.ranks() {
            return None;
        }
        let sign = if figure.measure.more_is_better() { -1.0 } else { 1.0 };
        let value = |contender: &Contender| Some((*contender, sign * self.median(*contender, figure)?));
        let rivals = contenders.iter().filter(|contender| **contender != Contender::Loop);
        let best = rivals.filter_map(value).min_by(|(_, left), (_, right)| left.total_cmp(right));
        best.map(|(contender, _)| contender)
    }

    pub(crate) fn has_faults(&self, contender: Contender) -> bool {
        self.faults.iter().any(|fault| fault.contender == contender)
    }

    fn entered(&self, contender: Contender, figure: Figure) -> impl Iterator<Item = (u32, f64)> {
        let of_rounds = self.values.get(&(contender, figure)).into_iter().flatten();
        of_rounds.map(|(round, value)| (*round, *value))
    }
}
