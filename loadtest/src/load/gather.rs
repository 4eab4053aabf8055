//! Publishing and receiving at once: the publisher on a thread of its own, the herd on the caller's, and
//! afterwards the wait for what is still under way. What is owed follows from what was acknowledged, and from
//! nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::Value;

use crate::load::event::Run;
use crate::load::herd::{Herd, HerdError};
use crate::load::publisher::{Order, PublishError, Receipt, publish};

/// Nothing received for this long: what is missing will not come.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);
const PUMP_TIMEOUT: Duration = Duration::from_millis(50);

/// Events that were acknowledged, by topic.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    by_topic: Vec<u64>,
}

/// Why a run could not be finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatherError {
    #[error(transparent)]
    Herd(#[from] HerdError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("the publisher thread panicked; this is a fault of the load tool")]
    Panicked,
}

impl Expected {
    pub(crate) fn add(&mut self, run: &Run, acks: &[(u64, u64)]) {
        self.by_topic.resize(usize::try_from(run.topics).unwrap_or(usize::MAX), 0);
        for (seq, _) in acks {
            let topic = usize::try_from(seq % run.topics).unwrap_or(usize::MAX);
            if let Some(count) = self.by_topic.get_mut(topic) {
                *count += 1;
            }
        }
    }

    pub(crate) fn by_topic(&self) -> &[u64] {
        &self.by_topic
    }

    /// What `by_topic` gave, from JSON.
    pub(crate) fn read(json: &Value) -> Option<Expected> {
        let by_topic = json.as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?;
        Some(Expected { by_topic })
    }

    pub(crate) fn all(&self) -> u64 {
        self.by_topic.iter().sum()
    }

    pub(crate) fn of_topic(&self, topic: u64) -> u64 {
        usize::try_from(topic).ok().and_then(|topic| self.by_topic.get(topic)).copied().unwrap_or(0)
    }
}

/// Publishes an order while the herd listens, then waits until the herd has all it is owed, or nothing comes
/// any more.
pub(crate) fn gather(
    herd: &mut Herd,
    expected: &mut Expected,
    order: &Order,
    bar: &ProgressBar,
) -> Result<Receipt, GatherError> {
    gather_while(herd, expected, order, bar, &mut |_| Ok(()))
}

/// Like `gather`, with `tick` between any two turns of serving, while events are published: for what the herd
/// is to do meanwhile, and for readings.
pub(crate) fn gather_while(
    herd: &mut Herd,
    expected: &mut Expected,
    order: &Order,
    bar: &ProgressBar,
    tick: &mut dyn FnMut(&mut Herd) -> Result<(), HerdError>,
) -> Result<Receipt, GatherError> {
    let progress = AtomicU64::new(0);
    let receipt = std::thread::scope(|scope| {
        let publisher = scope.spawn(|| publish(order, &progress));
        while !publisher.is_finished() {
            tick(herd)?;
            herd.pump(PUMP_TIMEOUT)?;
            bar.set_position(progress.load(Ordering::Relaxed));
        }
        publisher.join().map_err(|_| GatherError::Panicked)?.map_err(GatherError::from)
    })?;
    expected.add(&order.run, &receipt.acks);
    drain(herd, expected)?;
    Ok(receipt)
}

/// Pumps until the herd has all it is owed, or nothing has come for ten seconds.
pub(crate) fn drain(herd: &mut Herd, expected: &Expected) -> Result<(), HerdError> {
    let owed = herd.owed(expected);
    let mut deadline = Instant::now() + DRAIN_PATIENCE;
    while herd.tally.delivered < owed && Instant::now() < deadline {
        let before = herd.tally.delivered;
        herd.pump(PUMP_TIMEOUT)?;
        if herd.tally.delivered > before {
            deadline = Instant::now() + DRAIN_PATIENCE;
        }
    }
    Ok(())
}
