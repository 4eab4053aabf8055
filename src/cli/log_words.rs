//! Places, times, sizes, holes and faults of a log, in words and as JSON.

use std::cmp::Ordering;

use crate::json;
use crate::log::{Fault, Hole};

/// Ids are strings as everywhere in JSON; offsets are numbers.
pub(in crate::cli) fn json_fault(fault: &Fault) -> String {
    let event = fault.event.map_or_else(|| "null".to_owned(), |event| format!("\"{event}\""));
    let offset = fault.offset.map_or_else(|| "null".to_owned(), |offset| offset.to_string());
    format!(
        r#"{{"file":{},"kind":"{}","eventId":{event},"offset":{offset},"expected":{},"found":{}}}"#,
        json_string(&fault.file),
        fault.kind.name(),
        json_string(&fault.expected),
        json_string(&fault.found)
    )
}

pub(in crate::cli) fn json_hole(hole: &Hole) -> String {
    let missed = hole.missed.map_or_else(|| "null".to_owned(), |missed| missed.to_string());
    format!(r#"{{"after":"{}","first":"{}","missed":{missed}}}"#, hole.after, hole.first)
}

pub(in crate::cli) fn json_string(text: &str) -> String {
    let mut out = Vec::new();
    json::string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// The items with commas between them.
pub(in crate::cli) fn json_list<T>(items: &[T], json: fn(&T) -> String) -> String {
    items.iter().map(json).collect::<Vec<_>>().join(",")
}

pub(in crate::cli) fn words_of_hole(hole: &Hole) -> String {
    let missed = match hole.missed {
        None => "an unknown number of events".to_owned(),
        Some(missed) => count(missed, "event"),
    };
    format!("{missed} between {} and {}", hole.after, hole.first)
}

/// `1 event`, `2 events`.
pub(in crate::cli) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

pub(in crate::cli) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `1 to 42`, `42` alone, or that there is none.
pub(in crate::cli) fn range(first: u64, last: u64) -> String {
    match first.cmp(&last) {
        Ordering::Greater => "none".to_owned(),
        Ordering::Equal => first.to_string(),
        Ordering::Less => format!("{first} to {last}"),
    }
}

pub(in crate::cli) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Unix milliseconds as RFC 3339; the number itself where no calendar has it.
pub(in crate::cli) fn time(unix_ms: u64) -> String {
    let known = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| format!("{unix_ms} ms"), |time| time.to_string())
}
