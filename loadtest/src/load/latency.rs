//! Latencies in nanoseconds, kept in a histogram of three significant digits up to ten minutes.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

const HIGHEST_NS: u64 = 600_000_000_000;

/// Points of a curve for each halving of what is still above.
const CURVE_STEPS: u32 = 4;

/// A distribution of durations.
#[derive(Debug, Clone)]
pub(crate) struct Latency {
    histogram: Histogram<u64>,
}

/// The histogram could not be made: the bounds above are wrong.
#[derive(Debug, thiserror::Error)]
#[error("the latency histogram cannot be made: {0}")]
pub(crate) struct LatencyError(#[from] hdrhistogram::CreationError);

impl Latency {
    pub(crate) fn new() -> Result<Latency, LatencyError> {
        Ok(Latency { histogram: Histogram::new_with_bounds(1, HIGHEST_NS, 3)? })
    }

    pub(crate) fn record(&mut self, ns: u64) {
        self.histogram.saturating_record(ns);
    }

    /// Adds all of another distribution. Both have the same bounds, so nothing is rounded twice.
    pub(crate) fn add(&mut self, value_counts: impl Iterator<Item = (u64, u64)>) {
        value_counts.for_each(|(ns, count)| self.histogram.saturating_record_n(ns, count));
    }

    /// Each recorded value, as far as it is told apart, and how often it was recorded.
    pub(crate) fn value_counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The value in microseconds under which `percent` of all lie.
    pub(crate) fn us(&self, percent: f64) -> f64 {
        self.histogram.value_at_percentile(percent) as f64 / 1000.0
    }

    /// The percentiles a table shows, in milliseconds: p50, p90, p99, p99.9, max.
    pub(crate) fn line_ms(&self) -> String {
        let ms = |percent| self.us(percent) / 1000.0;
        format!(
            "p50 {:.2}  p90 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2} ms",
            ms(50.0),
            ms(90.0),
            ms(99.0),
            ms(99.9),
            ms(100.0)
        )
    }

    /// `[part of all, microseconds]`, closer and closer together towards the longest.
    fn curve(&self) -> Vec<[f64; 2]> {
        let steps = self.histogram.iter_quantiles(CURVE_STEPS);
        steps.map(|step| [step.quantile_iterated_to(), step.value_iterated_to() as f64 / 1000.0]).collect()
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "count": self.count(),
            "p50Us": self.us(50.0),
            "p90Us": self.us(90.0),
            "p99Us": self.us(99.0),
            "p999Us": self.us(99.9),
            "maxUs": self.us(100.0),
            "percentiles": self.curve(),
        })
    }
}
