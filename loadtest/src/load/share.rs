//! What one process of several counted, on its way to the process that reports: every count, every latency
//! value, and the id and digest of every event, so that adding shares loses nothing and two processes that
//! were sent different bytes for one event are found out.

use serde_json::{Value, json};

use crate::load::account::Tally;

/// The count of a herd, settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) tally: Tally,
    pub(crate) owed: u64,
    pub(crate) missing: u64,
    /// Subscribers that lack an event.
    pub(crate) lacking: u64,
    pub(crate) last_delivery_ns: u64,
    /// Values in nanoseconds and how often each came.
    pub(crate) latency: Vec<(u64, u64)>,
    /// `seq`, id and digest of each event.
    pub(crate) events: Vec<(u64, u64, u64)>,
    pub(crate) stories: Vec<String>,
}

impl Share {
    pub(crate) fn json(&self) -> Value {
        json!({
            "tally": self.tally.json(),
            "owed": self.owed,
            "missing": self.missing,
            "lacking": self.lacking,
            "lastDeliveryNs": self.last_delivery_ns,
            "latency": self.latency,
            "events": self.events,
            "stories": self.stories,
        })
    }

    /// `None` for anything that `json` does not write.
    pub(crate) fn read(json: &Value) -> Option<Share> {
        let number = |name: &str| json.get(name)?.as_u64();
        let rows = |name: &str| -> Option<Vec<Vec<u64>>> {
            let row = |row: &Value| row.as_array()?.iter().map(Value::as_u64).collect();
            json.get(name)?.as_array()?.iter().map(row).collect()
        };
        let latency = rows("latency")?.into_iter().map(|row| Some((*row.first()?, *row.get(1)?)));
        let events = rows("events")?.into_iter().map(|row| Some((*row.first()?, *row.get(1)?, *row.get(2)?)));
        let stories = json.get("stories")?.as_array()?.iter().map(|story| Some(story.as_str()?.to_owned()));
        Some(Share {
            tally: Tally::read(json.get("tally")?)?,
            owed: number("owed")?,
            missing: number("missing")?,
            lacking: number("lacking")?,
            last_delivery_ns: number("lastDeliveryNs")?,
            latency: latency.collect::<Option<_>>()?,
            events: events.collect::<Option<_>>()?,
            stories: stories.collect::<Option<_>>()?,
        })
    }
}
