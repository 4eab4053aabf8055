//! What the tests of this module share: how an event is read and how its outcome is written down to compare.

use crate::event::{EventError, NewEvent, Rules, parse_json};

pub(super) const LENIENT: Rules = Rules { strict_addresses: false };
pub(super) const STRICT: Rules = Rules { strict_addresses: true };

/// The one event of a body of `POST /events`.
pub(super) fn read_one(body: &str) -> Result<NewEvent, EventError> {
    let mut events = parse_json(body.as_bytes(), LENIENT)?;
    assert!(!events.batch, "a single event");
    assert_eq!(events.events.len(), 1);
    Ok(events.events.remove(0))
}

/// The data of an event as text.
pub(super) fn data(event: &NewEvent) -> &str {
    std::str::from_utf8(&event.data).unwrap()
}

/// An error as a publisher sees it: each field's path and message, or the message alone.
pub(super) fn seen(error: &EventError) -> String {
    match error {
        EventError::Fields { faults, .. } => {
            let lines = faults.iter().map(|fault| format!("{} {}", fault.path, fault.message));
            lines.collect::<Vec<_>>().join("\n")
        }
        EventError::Json { .. } | EventError::TooMany { .. } => error.to_string(),
    }
}
