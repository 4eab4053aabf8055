//! `tailwire publish`: one event from the command line, or many from standard input.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::answer::{Answer, read};
use crate::cli::batch::{Batch, Batches};
use crate::cli::exit::Exit;
use crate::cli::show::parse;
use crate::cli::token_place::authorization;
use crate::cli::transport::{agent, hope, unreachable};
use crate::config::{Field, PublishOptions, What};
use crate::event::EventType;
use crate::json;

/// Longer than any answer takes: the server answers within its own timeouts.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a request that was refused for now, with nothing stored, is sent again.
const RETRIES_MAX: u32 = 5;
const RETRY_WAIT_MAX: Duration = Duration::from_secs(30);

/// Runs the command on the process's own input and output.
pub fn publish(options: &PublishOptions) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    Publish { options, out: &mut out, err: &mut err, wait: &std::thread::sleep }
        .run(std::io::stdin().lock())
        .into()
}

/// One run of the command, its world given.
pub(in crate::cli) struct Publish<'a> {
    pub(in crate::cli) options: &'a PublishOptions,
    pub(in crate::cli) out: &'a mut dyn Write,
    pub(in crate::cli) err: &'a mut dyn Write,
    pub(in crate::cli) wait: &'a dyn Fn(Duration),
}

impl Publish<'_> {
    pub(in crate::cli) fn run(&mut self, input: impl Read) -> Exit {
        let agent = agent(SILENCE);
        match &self.options.what {
            What::Event { kind, fields, idempotency_key } => {
                let body = match body(*kind, fields) {
                    Ok(body) => body,
                    Err(error) => return self.complain(&error.to_string(), Exit::Refused),
                };
                let batch =
                    Batch { body, content_type: "application/json", lines: 1..=1, event_lines: Vec::new() };
                self.send(&agent, &batch, idempotency_key.as_deref())
            }
            What::Stdin => {
                let mut batches = Batches::new(input);
                loop {
                    match batches.next() {
                        Ok(None) => return Exit::Done,
                        Ok(Some(batch)) => match self.send(&agent, &batch, None) {
                            Exit::Done => {}
                            exit => {
                                let lines = match (batch.lines.start(), batch.lines.end()) {
                                    (first, last) if first == last => format!("line {first}"),
                                    (first, last) => format!("lines {first} to {last}"),
                                };
                                return self.complain(&format!("stopped at {lines} of the input"), exit);
                            }
                        },
                        Err(error) => return self.complain(&error.to_string(), Exit::Refused),
                    }
                }
            }
        }
    }

    /// Sends one request, again while the server says that nothing was stored and to come back.
    fn send(&mut self, agent: &ureq::Agent, batch: &Batch, key: Option<&str>) -> Exit {
        let url = format!("{}/events", self.options.url);
        let authorization = match authorization(&self.options.token) {
            Ok(authorization) => authorization,
            Err(error) => return self.complain(&error.to_string(), Exit::Refused),
        };
        let mut retries = 0;
        loop {
            let mut request = agent.post(&url).content_type(batch.content_type);
            if let Some(authorization) = &authorization {
                request = request.header("Authorization", authorization.as_str());
            }
            if let Some(key) = key {
                request = request.header("Idempotency-Key", key);
            }
            match request.send(batch.body.as_slice()).and_then(|response| read(response, &batch.event_lines))
            {
                Ok(Answer::Stored(stored)) => {
                    for event in stored {
                        let _closed = writeln!(self.out, "{}", event.id);
                        if event.duplicate {
                            let _closed =
                                writeln!(self.err, "tailwire: event {} was stored before", event.id);
                        }
                    }
                    return Exit::Done;
                }
                Ok(Answer::Refused { retry_after: Some(wait), message, .. }) if retries < RETRIES_MAX => {
                    retries += 1;
                    let _closed = writeln!(self.err, "tailwire: {message} (trying again)");
                    (self.wait)(wait.min(RETRY_WAIT_MAX));
                }
                Ok(Answer::Refused { message, exit, .. }) => return self.complain(&message, exit),
                Err(error) => return self.complain(&unreachable(&url, &error), hope(&error)),
            }
        }
    }

    fn complain(&mut self, message: &str, exit: Exit) -> Exit {
        let _closed = writeln!(self.err, "tailwire: {message}");
        exit
    }
}

/// A field of the command line that cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("{name}:={value} is not JSON; write {name}={value} to send it as text")]
pub(in crate::cli) struct NotJson {
    name: String,
    value: String,
}

/// The event of the command line as JSON.
pub(in crate::cli) fn body(kind: EventType, fields: &[Field]) -> Result<Vec<u8>, NotJson> {
    let mut out = Vec::from("{\"type\":");
    json::string(&mut out, kind.name());
    out.extend_from_slice(b",\"data\":{");
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::string(&mut out, &field.name);
        out.push(b':');
        if field.json && parse(&field.value).is_none() {
            return Err(NotJson { name: field.name.clone(), value: field.value.clone() });
        }
        if field.json || is_number(&field.value) {
            out.extend_from_slice(field.value.as_bytes());
        } else {
            json::string(&mut out, &field.value);
        }
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

/// A whole number as JSON would write it, within 64 bits; a longer amount stays text.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits == "0" || !digits.starts_with('0');
    let fits = text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
    plain && fits && digits.bytes().all(|byte| byte.is_ascii_digit())
}
