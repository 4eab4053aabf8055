//! Latencies in nanoseconds, kept in a histogram of three significant digits up to ten minutes.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

const HIGHEST_NS: u64 = 600_000_000_000;

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

    pub(crate) fn json(&self) -> Value {
        json!({
            "count": self.count(),
            "p50Us": self.us(50.0),
            "p90Us": self.us(90.0),
            "p99Us": self.us(99.0),
            "p999Us": self.us(99.9),
            "maxUs": self.us(100.0),
        })
    }
}
