//! What a server answers to a publisher: event ids, or why not.

use std::time::Duration;

use simd_json::OwnedValue;
use simd_json::prelude::{
    ValueAsArray, ValueObjectAccess, ValueObjectAccessAsArray, ValueObjectAccessAsScalar,
};

use crate::cli::exit::Exit;
use crate::cli::show::parse;
use crate::cli::terminal::clean;
use crate::cli::transport::retry_after;

/// Longest part of an answer that is not ours which is shown.
const FOREIGN_CHARS_MAX: usize = 200;

/// One event's fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Stored {
    pub(in crate::cli) id: String,
    pub(in crate::cli) duplicate: bool,
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Answer {
    Stored(Vec<Stored>),
    Refused {
        /// What the server says, its details line by line.
        message: String,
        exit: Exit,
        /// Nothing was stored and the server asks to come back: 429, 503.
        retry_after: Option<Duration>,
    },
}

/// Reads an answer to the end. `event_lines`: the line of the input that each event of the request stood on; empty
/// where it was not a line an event.
pub(in crate::cli) fn read(
    mut response: ureq::http::Response<ureq::Body>,
    event_lines: &[u64],
) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let wait = matches!(status, 429 | 503).then(|| retry_after(&response).unwrap_or(Duration::from_secs(1)));
    let text = response.body_mut().read_to_string()?;
    if matches!(status, 200 | 201) {
        if let Some(stored) = parse(&text).as_ref().and_then(stored) {
            return Ok(Answer::Stored(stored));
        }
        let message = "the answer names no event; is that a Tailwire server?".to_owned();
        return Ok(Answer::Refused { message, exit: Exit::Refused, retry_after: None });
    }
    let exit = if matches!(status, 408 | 429 | 500..) { Exit::TryLater } else { Exit::Refused };
    Ok(Answer::Refused { message: complaint(status, &text, event_lines), exit, retry_after: wait })
}

/// The server's own words: `message`, then each of `details` that says more, with the places of a batch as lines.
pub(in crate::cli) fn complaint(status: u16, text: &str, event_lines: &[u64]) -> String {
    let body = parse(text);
    let Some(message) = body.as_ref().and_then(|body| body.get_str("message")) else {
        let foreign: String = text.trim().chars().take(FOREIGN_CHARS_MAX).collect();
        return clean(&format!("the server answered {status} {foreign}")).trim_end().to_owned();
    };
    let mut said = with_line(&clean(message), event_lines);
    for detail in body.as_ref().and_then(|body| body.get_array("details")).into_iter().flatten() {
        let part = |name| clean(detail.get_str(name).unwrap_or_default());
        let (path, reason) = (part("path"), part("message"));
        let line = with_line(&format!("{path}: {reason}"), event_lines);
        // With one field at fault the message says it already, or all but where in the batch it is.
        if reason == said && path.starts_with('[') {
            said = line;
        } else if reason != said && line != said {
            said.push_str(&format!("\n  {line}"));
        }
    }
    said
}

/// `event [2]: …`, `event 2 is …` and `[2].data.amount: …` with the line of the input in place of the index, which
/// counts from 0 and within one request.
fn with_line(text: &str, event_lines: &[u64]) -> String {
    const FORMS: [(&str, &str, &str, &str); 3] = [
        ("event [", "]", "line ", ""),
        ("[", "].", "line ", ", "),
        ("event ", " is", "the event on line ", " is"),
    ];
    let found = FORMS.iter().find_map(|(before, after, name, joint)| {
        let (index, rest) = text.strip_prefix(before)?.split_once(after)?;
        let line = event_lines.get(index.parse::<usize>().ok()?)?;
        Some(format!("{name}{line}{joint}{rest}"))
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// The ids of `{"eventId":…}` or `{"results":[…]}`.
fn stored(body: &OwnedValue) -> Option<Vec<Stored>> {
    let one = |value: &OwnedValue| {
        let id = clean(value.get_str("eventId")?);
        Some(Stored { id, duplicate: value.get_bool("duplicate").unwrap_or(false) })
    };
    match body.get("results") {
        Some(results) => results.as_array()?.iter().map(one).collect(),
        None => one(body).map(|stored| vec![stored]),
    }
}
