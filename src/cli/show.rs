//! One event as a line: for people, or as JSON.

use simd_json::OwnedValue;
use simd_json::prelude::{ValueAsObject, ValueAsScalar, Writable};

use crate::cli::terminal::{clean, colour_of};
use crate::json;
use crate::sse::Event;

/// Longest text of a value in a line for people; addresses and hashes are cut in the middle to it.
const VALUE_CHARS_MAX: usize = 24;
/// Most fields in a line for people.
const FIELDS_MAX: usize = 12;

/// `2026-01-31T05:51:46Z 42 stream.withdrawn 7 amount=250 recipient=GDEF…`. The time is `timestamp` of the data, or
/// else `arrived_ms`, the time of arrival in unix milliseconds, where that says anything about the event.
pub(in crate::cli) fn human(event: &Event, arrived_ms: Option<u64>, colours: bool) -> String {
    let data = parse(&event.data);
    let seconds = data.as_ref().and_then(timestamp).or(arrived_ms.map(|ms| ms / 1000));
    let time = seconds.and_then(calendar).unwrap_or_else(|| "-".to_owned());
    let kind = clean(&event.event);
    let kind = match colours {
        true => format!("\x1b[{}m{kind:<20}\x1b[0m", colour_of(&event.event)),
        false => format!("{kind:<20}"),
    };
    let mut line = format!("{time:<20} {:>7} {kind}", clean(&event.id));
    match data {
        Some(data) if data.as_object().is_some() => {
            let stream = data.as_object().and_then(|object| object.get("streamId"));
            line.push_str(&format!(" {:<8}", stream.map(text).unwrap_or_default()));
            let fields = data.as_object().into_iter().flat_map(|object| object.iter());
            for (name, value) in fields.filter(|(name, _)| *name != "streamId").take(FIELDS_MAX) {
                line.push_str(&format!(" {}={}", clean(name), text(value)));
            }
        }
        _ => line.push_str(&format!(" {}", clean(&event.data))),
    }
    line.trim_end().to_owned()
}

/// `{"id":"42","type":"stream.withdrawn","data":{…}}` with the data as it came; as a string where it is not JSON.
pub(in crate::cli) fn json_line(event: &Event) -> String {
    let mut line = Vec::from("{\"id\":");
    json::string(&mut line, &event.id);
    line.extend_from_slice(b",\"type\":");
    json::string(&mut line, &event.event);
    line.extend_from_slice(b",\"data\":");
    match parse(&event.data) {
        Some(_) => line.extend_from_slice(event.data.as_bytes()),
        None => json::string(&mut line, &event.data),
    }
    line.push(b'}');
    clean(&String::from_utf8_lossy(&line))
}

/// Reads JSON; `None` where it is none.
pub(in crate::cli) fn parse(text: &str) -> Option<OwnedValue> {
    simd_json::to_owned_value(&mut Vec::from(text)).ok()
}

/// `timestamp` of an event's data: unix seconds, as a number or in text.
fn timestamp(data: &OwnedValue) -> Option<u64> {
    let value = data.as_object()?.get("timestamp")?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Unix seconds as RFC 3339, of a year with four digits.
fn calendar(seconds: u64) -> Option<String> {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.to_string()).filter(|text| text.len() == "2026-01-31T05:51:46Z".len())
}

/// A value in a line for people.
fn text(value: &OwnedValue) -> String {
    let text = value.as_str().map_or_else(|| value.encode(), str::to_owned);
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= VALUE_CHARS_MAX {
        return clean(&text);
    }
    let half = VALUE_CHARS_MAX / 2;
    let (head, tail) = (&letters[..half], &letters[letters.len() - half + 1..]);
    clean(&head.iter().chain(&['…']).chain(tail).collect::<String>())
}
