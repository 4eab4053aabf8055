//! What a workload hands to `main`, the errors that keep it from doing so, and the few things all of them
//! print alike.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::client::{Memory, ServerError, SubscriptionError, UsageError};
use crate::command::restart::RestartError;
use crate::compare::CompareError;
use crate::load::{
    AttackError, EVENTS_MAX, GatherError, HelperError, HerdError, PublishError, SlowError, SubjectError,
};
use crate::sendloop::SendLoopError;

/// A finished run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Every event came exactly once, in order, to whom it was owed.
    pub(crate) passed: bool,
    pub(crate) text: String,
    pub(crate) json: Value,
}

/// Why a run could not be made or finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("the server is not to be had")]
    Subject(#[from] SubjectError),
    #[error("the server did not end as it should")]
    Server(#[from] ServerError),
    #[error("the server's figures cannot be read")]
    Usage(#[from] UsageError),
    #[error("the run broke off")]
    Gather(#[from] GatherError),
    #[error("the subscribers failed")]
    Herd(#[from] HerdError),
    #[error("the helper processes failed")]
    Helper(#[from] HelperError),
    #[error("the publisher failed")]
    Publish(#[from] PublishError),
    #[error("the slow reader failed")]
    Slow(#[from] SlowError),
    #[error("the attackers failed")]
    Attack(#[from] AttackError),
    #[error("the send loop failed")]
    SendLoop(#[from] SendLoopError),
    #[error(
        "{asked} events are more than the {EVENTS_MAX} that one run accounts for; lower --rate or --seconds"
    )]
    TooManyEvents { asked: u64 },
    #[error("the send loop has no log; this workload needs --spawn or --url")]
    NeedsLog,
    #[error("{} cannot be started", program.display())]
    RunServer { program: PathBuf, source: std::io::Error },
    #[error("a subscription failed")]
    Subscription(#[from] SubscriptionError),
    #[error("a subscriber got {got} of the {owed} events it was owed")]
    Owed { owed: u64, got: u64 },
    #[error("the restart could not be timed")]
    Restart(#[from] RestartError),
    #[error("there is no comparison")]
    Compare(#[from] CompareError),
    #[error("--compare-sendloop needs --spawn, so that both servers start afresh and are pinned alike")]
    CompareNeedsSpawn,
    #[error("--compare-sendloop needs --filter all: the send loop sends everything to everyone")]
    CompareNeedsAll,
}

/// The server's memory before and after something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) before: Option<Memory>,
    pub(crate) after: Option<Memory>,
}

impl Growth {
    pub(crate) fn line(&self) -> String {
        match self.before.zip(self.after) {
            None => "unknown (give --spawn or --server-pid)".to_owned(),
            Some((before, after)) => format!(
                "RSS {} → {}, anonymous {} → {} KiB",
                before.rss / 1024,
                after.rss / 1024,
                before.anonymous / 1024,
                after.anonymous / 1024
            ),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::json!({
            "before": self.before.map(|memory| memory_json(&memory)),
            "after": self.after.map(|memory| memory_json(&memory)),
        })
    }
}

pub(crate) fn memory_json(memory: &Memory) -> Value {
    serde_json::json!({ "rss": memory.rss, "pss": memory.pss, "anonymous": memory.anonymous })
}

/// A progress bar on standard error; nothing where that is no terminal.
pub(crate) fn progress(what: impl Into<Cow<'static, str>>, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    // The template is a constant; the default style stands in should it ever be wrong.
    if let Ok(style) = ProgressStyle::with_template("{msg:40} {wide_bar} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Appends one labelled line of a text report. Writing to a String cannot fail.
pub(crate) fn line(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "  {label:<10} {value}");
}

pub(crate) fn refuse_too_many(events: u64) -> Result<u64, CommandError> {
    if events > EVENTS_MAX { Err(CommandError::TooManyEvents { asked: events }) } else { Ok(events) }
}
