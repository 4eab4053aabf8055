//! What a subscription says about itself, for people: the greeting, gaps, and the server's farewell.

use simd_json::OwnedValue;
use simd_json::prelude::{ValueAsScalar, ValueObjectAccess};

use crate::cli::show::parse;
use crate::cli::terminal::clean;
use crate::sse::Event;

/// What an event of the stream is to someone who follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Meaning {
    /// An event of a payment stream.
    Event,
    /// Something to tell on standard error.
    Notice(String),
    /// Bookkeeping.
    Nothing,
}

pub(in crate::cli) fn meaning(event: &Event) -> Meaning {
    let data = parse(&event.data);
    let text = |name: &str| match data.as_ref().and_then(|data| data.get(name)) {
        Some(value) => clean(&value.as_str().map_or_else(|| number(value), str::to_owned)),
        None => "?".to_owned(),
    };
    match event.event.as_str() {
        "message" if text("type") == "connected" => Meaning::Notice(format!(
            "connected, after event {} (kept since {})",
            text("lastEventId"),
            text("earliestEventId")
        )),
        "gap" => Meaning::Notice(format!(
            "GAP: events after {} are gone, {} of them; going on at {}",
            text("requested"),
            text("missed"),
            text("earliest")
        )),
        "reconnect" => Meaning::Notice(format!("the server ends this stream: {}", text("reason"))),
        "position" | "message" => Meaning::Nothing,
        _ => Meaning::Event,
    }
}

fn number(value: &OwnedValue) -> String {
    value.as_u64().map_or_else(|| "an unknown number".to_owned(), |number| number.to_string())
}
