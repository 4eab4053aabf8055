//! What the log commands say of one event that lies in a log: whether its frame is one, and what it holds.

use crate::event::EventType;
use crate::log::{Fault, FaultKind, FoundEvent};
use crate::sse;

/// The type and the data of an event whose checksums are right; what is wrong with its frame all the same.
pub(in crate::cli) fn read<'a>(event: &FoundEvent<'a>) -> Result<(EventType, &'a [u8]), Box<Fault>> {
    let kind = EventType::from_code(event.entry.kind());
    let checked = sse::check(event.frame, event.id, kind, event.entry.payload_offset());
    let fault = |expected: String, found: String| {
        Box::new(Fault {
            file: event.file.to_owned(),
            kind: FaultKind::Frame,
            event: Some(event.id),
            offset: Some(event.frame_offset()),
            expected,
            found,
        })
    };
    match (kind, checked) {
        (None, _) => Err(fault("an event type that is known".to_owned(), event.entry.kind().to_string())),
        (_, Err(malformed)) => Err(fault(malformed.to_string(), start_of(event.frame))),
        (Some(kind), Ok(data)) => Ok((kind, data)),
    }
}

/// The first bytes of a frame, for people.
fn start_of(frame: &[u8]) -> String {
    let start = String::from_utf8_lossy(frame.get(..frame.len().min(40)).unwrap_or_default()).into_owned();
    format!("{start:?}")
}
