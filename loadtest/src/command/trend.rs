//! Whether memory grows: a straight line through readings by least squares, with the standard error of its
//! slope, and what counts as flat.

use serde_json::{Value, json};

/// A rise over the whole stretch below either of these is no growth: an allocator's next region, or noise.
const RISE_BYTES: f64 = 1024.0 * 1024.0;
const RISE_PART: f64 = 0.02;
/// Standard errors within which a slope may be chance.
const ERRORS: f64 = 3.0;
/// A line through fewer readings says nothing.
const READINGS_MIN: usize = 5;

/// A line through readings of bytes over seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    /// Bytes a second, and its standard error.
    pub(crate) slope: f64,
    pub(crate) error: f64,
    pub(crate) mean: f64,
    pub(crate) seconds: f64,
    pub(crate) readings: usize,
}

impl Trend {
    /// The line through these (seconds, bytes); `None` for too few of them.
    pub(crate) fn of(readings: impl Iterator<Item = (f64, f64)>) -> Option<Trend> {
        let points: Vec<(f64, f64)> = readings.collect();
        let (first, last) = (points.first()?.0, points.last()?.0);
        if points.len() < READINGS_MIN || last <= first {
            return None;
        }
        let count = points.len() as f64;
        let mean_of = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean_of(|point| point.0), mean_of(|point| point.1));
        let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        let slope = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
        let residue: f64 = points.iter().map(|(x, y)| (y - mean_y - slope * (x - mean_x)).powi(2)).sum();
        let error = (residue / (count - 2.0) / spread).sqrt();
        Some(Trend { slope, error, mean: mean_y, seconds: last - first, readings: points.len() })
    }

    /// What the line rises by over the whole stretch, in bytes.
    pub(crate) fn rise(&self) -> f64 {
        self.slope * self.seconds
    }

    pub(crate) fn is_flat(&self) -> bool {
        let rise = self.rise();
        rise < RISE_BYTES || rise < RISE_PART * self.mean || self.slope < ERRORS * self.error
    }

    pub(crate) fn line(&self) -> String {
        let kib = |bytes: f64| bytes / 1024.0;
        format!(
            "{}: {:.0} KiB, slope {:+.1} ± {:.1} KiB a minute, {:+.0} KiB in {:.0} s ({} readings)",
            if self.is_flat() { "flat" } else { "NOT FLAT" },
            kib(self.mean),
            kib(self.slope) * 60.0,
            kib(self.error) * 60.0,
            kib(self.rise()),
            self.seconds,
            self.readings
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "flat": self.is_flat(),
            "meanBytes": self.mean,
            "bytesPerSecond": self.slope,
            "standardError": self.error,
            "riseBytes": self.rise(),
            "seconds": self.seconds,
            "readings": self.readings,
        })
    }
}
