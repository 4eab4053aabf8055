//! What is compared: a measure in a stage. Each knows its words, its unit and which way is better.

use crate::compare::plan::Plan;
use crate::compare::stage::Stage;

/// A quantity that is read off a contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// The server's CPU for one delivery, all threads, microseconds.
    Cpu,
    /// `Cpu` over the send loop's in the same round.
    CpuRatio,
    /// From when an event was due to when a subscriber had it, milliseconds.
    P50,
    P99,
    /// From when a publish request was due to its answer, milliseconds.
    AckP50,
    AckP99,
    /// Deliveries a second.
    Rate,
    /// User-space bytes a subscriber.
    Memory,
    /// Frames a second of all replaying subscribers.
    Frames,
    /// This tool's own CPU, per cent of its one: near 100 a rate is the tool's and no server's.
    Tool,
}

/// A measure in a stage: one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Figure {
    pub(crate) stage: Stage,
    pub(crate) measure: Measure,
}

impl Measure {
    /// The key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Measure::Cpu => "cpuUsEach",
            Measure::CpuRatio => "cpuRatioToLoop",
            Measure::P50 => "deliveryP50Ms",
            Measure::P99 => "deliveryP99Ms",
            Measure::AckP50 => "ackP50Ms",
            Measure::AckP99 => "ackP99Ms",
            Measure::Rate => "deliveriesPerSecond",
            Measure::Memory => "bytesPerSubscriber",
            Measure::Frames => "framesPerSecond",
            Measure::Tool => "toolCpuPercent",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Measure::Cpu => "CPU a delivery, µs",
            Measure::CpuRatio => "  of the send loop's, ×",
            Measure::P50 => "delivery p50, ms",
            Measure::P99 => "delivery p99, ms",
            Measure::AckP50 => "ack p50, ms",
            Measure::AckP99 => "ack p99, ms",
            Measure::Rate => "deliveries/s",
            Measure::Memory => "memory a subscriber, B",
            Measure::Frames => "frames/s",
            Measure::Tool => "  (this tool's CPU, %)",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        matches!(self, Measure::Rate | Measure::Frames)
    }

    /// Whether it says something about the contender at all.
    pub(crate) fn ranks(self) -> bool {
        self != Measure::Tool
    }

    /// A value as the table shows it.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Measure::Rate | Measure::Frames | Measure::Memory => thousands(value),
            Measure::Tool => format!("{value:.0}"),
            _ => format!("{value:.2}"),
        }
    }
}

impl Figure {
    pub(crate) fn of(stage: Stage, measure: Measure) -> Figure {
        Figure { stage, measure }
    }

    /// Every figure of a plan, in the order of the table.
    pub(crate) fn all(plan: &Plan) -> Vec<Figure> {
        let of_stage = |stage: &Stage| {
            let stage = *stage;
            stage.measures().iter().map(move |measure| Figure { stage, measure: *measure })
        };
        plan.stages.iter().flat_map(of_stage).collect()
    }
}

/// A whole number with its thousands set apart, as in 1,234,567.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < -0.5 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
