//! The ways in: from the body of a publisher's request to `NewEvent`s.
//!
//! All or nothing: one bad event and there is none. What a body may hold is in the files beside this one.

use crate::event::data::{Stream, Task};
use crate::event::elements::{Elements, is_space, lines};
use crate::event::envelope::{read_event, read_flat};
use crate::event::fault::{EventError, JsonFault};
use crate::event::fields::Rules;
use crate::event::json::{Document, Reader};
use crate::event::{EventType, NewEvent};
use crate::limits;
use crate::topic::StreamId;

/// The body of `POST /events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    pub events: Vec<NewEvent>,
    /// Whether the body was an array or NDJSON: the answer then has `results`.
    pub batch: bool,
}

/// `POST /events` with `application/json`: one event, an array of them, or the indexer form of either.
pub fn parse_json(body: &[u8], rules: Rules) -> Result<Events, EventError> {
    let first = first_byte(body)?.ok_or(JsonFault::Empty).map_err(whole)?;
    if first == b'[' {
        return read_batch(Elements::new(body), rules);
    }
    let event = read_one(body, |document| read_event(document, None, rules))?;
    Ok(Events { events: vec![event], batch: false })
}

/// `POST /events` with `application/x-ndjson`: one event a line, blank lines skipped.
pub fn parse_ndjson(body: &[u8], rules: Rules) -> Result<Events, EventError> {
    first_byte(body)?;
    read_batch(lines(body), rules)
}

/// `POST /streams`. `pending`: the name for a payment stream without `streamId` (`pending-<16 base32
/// chars>`).
pub fn parse_new_stream(body: &[u8], pending: &StreamId, rules: Rules) -> Result<NewEvent, EventError> {
    first_byte(body)?.ok_or(JsonFault::Empty).map_err(whole)?;
    let task = Task { kind: EventType::Created, stream: Stream::Else(pending), rules, parent: "" };
    read_one(body, |document| read_flat(document, task))
}

/// `POST /streams/{streamId}/{action}`: the body is the event's data, `streamId` comes from the path.
/// An empty body is data without fields.
pub fn parse_action(
    body: &[u8],
    stream: &StreamId,
    kind: EventType,
    rules: Rules,
) -> Result<NewEvent, EventError> {
    let body = if first_byte(body)?.is_none() { b"{}" } else { body };
    let task = Task { kind, stream: Stream::Given(stream), rules, parent: "" };
    read_one(body, |document| read_flat(document, task))
}

fn read_one(
    body: &[u8],
    take: impl FnOnce(&Document<'_>) -> Result<NewEvent, EventError>,
) -> Result<NewEvent, EventError> {
    Reader::new().read(body, take).map_err(whole)?
}

fn read_batch<'t>(
    texts: impl Iterator<Item = Result<&'t [u8], JsonFault>>,
    rules: Rules,
) -> Result<Events, EventError> {
    let mut reader = Reader::new();
    let mut events = Vec::new();
    for text in texts {
        let text = text.map_err(whole)?;
        if events.len() == limits::BATCH_EVENTS_MAX {
            return Err(EventError::TooMany { max: limits::BATCH_EVENTS_MAX });
        }
        let index = Some(events.len());
        let event = reader
            .read(text, |document| read_event(document, index, rules))
            .map_err(|fault| EventError::Json { index, fault })??;
        events.push(event);
    }
    if events.is_empty() {
        return Err(whole(JsonFault::NoEvents));
    }
    Ok(Events { events, batch: true })
}

/// The first byte of a body that is not white space.
fn first_byte(body: &[u8]) -> Result<Option<u8>, EventError> {
    if body.starts_with(b"\xEF\xBB\xBF") {
        return Err(whole(JsonFault::ByteOrderMark));
    }
    Ok(body.iter().find(|byte| !is_space(byte)).copied())
}

fn whole(fault: JsonFault) -> EventError {
    EventError::Json { index: None, fault }
}
