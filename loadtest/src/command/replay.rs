//! `loadtest replay`: a full log read by many at once, from the first event on.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clap::{Args, value_parser};
use indicatif::ProgressBar;
use serde_json::json;

use crate::client::now_ns;
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, progress, refuse_too_many};
use crate::load::{
    Cost, Discarded, Expected, Herd, Order, Pace, Receipt, Run, Subject, discard, drain, publish,
};
use crate::options::{FollowingOptions, TargetOptions};

/// Publish events, then have subscribers read them all from the beginning; MB/s, frames/s, every frame
/// counted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Events in the log
    #[arg(
        long, value_name = "N",
        default_value_t = 20_000,
        value_parser = value_parser!(u32).range(1..=4_000_000),
    )]
    events: u32,

    /// Subscribers that read them
    #[arg(long, value_name = "M", default_value_t = 50, value_parser = value_parser!(u32).range(1..=10_000))]
    subscribers: u32,

    #[command(flatten)]
    following: FollowingOptions,

    /// Events of one publish request
    #[arg(long, value_name = "B", default_value_t = 1000, value_parser = value_parser!(u16).range(1..=2000))]
    batch: u16,

    /// Have one subscriber check every frame, and then all of them throw their bytes away unread, counted
    #[arg(long)]
    discard: bool,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest replay --spawn target/release/tailwire --events 200000 --subscribers 50
  loadtest replay --spawn target/release/tailwire --events 200000 --subscribers 200 \\
      --filter users --topics 100
  loadtest replay --spawn target/release/tailwire --events 200000 --subscribers 100 --discard

One thread of this tool reads for all subscribers and checks every byte; when its CPU is
near the elapsed time, the figure is the tool's. With --discard one subscriber checks every byte,
and then the kernel drops what comes for all of them, with the same query, without copying it: each
must get exactly as many bytes as the first.";

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    let events = refuse_too_many(options.events.into())?;
    let subscribers = options.subscribers as usize;
    let subject = Subject::start(&options.target, subscribers + 4)?;
    let run = Run::starting_at(now_ns(), options.following.topics.into());
    let bar = progress("filling the log", events);
    let receipt = fill(&subject, run, events, options.batch.into())?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    expected.add(&run, &receipt.acks);
    // On a log of our own the first event is 1 and this is 0; on a used one it skips what is not ours.
    let start_after = receipt.acks.iter().map(|(_, id)| id.saturating_sub(1)).min();

    let checked = if options.discard { 1 } else { subscribers };
    let mut herd = Herd::new(subject.addr, run, options.following.filter)?;
    let meter = subject.meter()?;
    herd.open(checked, start_after, &ProgressBar::hidden())?;
    drain(&mut herd, &expected)?;
    let cost = subject.cost_since(&meter)?;
    let warning = subject.warning();
    let accounts = Accounts::settle(&herd, &expected, receipt.refused, receipt.repeated_ids(), &receipt.acks);
    let discarded = match options.discard {
        true => Some(throw_away(&subject, &herd.query(0, start_after), subscribers, &accounts)?),
        false => None,
    };
    subject.stop()?;
    let replayed = Replayed {
        frames: accounts.tally.delivered * if options.discard { subscribers as u64 } else { 1 },
        bytes: discarded.map_or(accounts.tally.bytes, |(discarded, _)| discarded.bytes),
        wrong: discarded.map(|(discarded, _)| discarded.wrong),
        cost: discarded.map_or(cost, |(_, cost)| cost),
        accounts,
        warning,
    };
    Ok(replayed.outcome(options))
}

/// What one replay came to.
struct Replayed {
    accounts: Accounts,
    frames: u64,
    bytes: u64,
    /// Of those that threw their bytes away: who got other than was owed.
    wrong: Option<u64>,
    cost: Cost,
    warning: Option<&'static str>,
}

impl Replayed {
    fn outcome(self, options: &Options) -> Outcome {
        let Options { subscribers, events, .. } = options;
        let filter = options.following.filter;
        let Self { accounts, frames, wrong, cost, warning, .. } = self;
        let megabytes = self.bytes as f64 / 1e6;
        let (mb_s, frames_s) = (megabytes / cost.seconds, frames as f64 / cost.seconds);
        let mut text = format!("replay: {subscribers} subscribers × {events} events, filter {filter}\n");
        line(&mut text, "accounts", &accounts.line());
        accounts.stories.iter().for_each(|story| line(&mut text, "", story));
        if let Some(wrong) = wrong {
            let told =
                format!("{} of {subscribers} got the bytes that were checked", *subscribers as u64 - wrong);
            line(&mut text, "discarded", &told);
        }
        line(&mut text, "rate", &format!("{mb_s:.0} MB/s, {frames_s:.0} frames/s in {:.3} s", cost.seconds));
        line(&mut text, "CPU", &cost.line(frames, "frame"));
        if let Some(seconds) = cost.server.filter(|seconds| *seconds > 0.0) {
            line(&mut text, "", &format!("{:.2} GB a second of the server's CPU", megabytes / 1e3 / seconds));
        }
        if let Some(warning) = warning {
            line(&mut text, "note", warning);
        }
        let json = json!({
            "workload": "replay",
            "subscribers": subscribers,
            "events": events,
            "filter": filter.to_string(),
            "accounts": accounts.json(),
            "discardedWrongly": wrong,
            "megabytesPerSecond": mb_s,
            "framesPerSecond": frames_s,
            "cpu": cost.json(frames),
            "warning": warning,
        });
        Outcome { passed: accounts.passed() && wrong.unwrap_or(0) == 0, text, json }
    }
}

/// Measures subscribers that throw away what they get; each is owed the bytes that the one in `accounts` got.
fn throw_away(
    subject: &Subject,
    query: &str,
    subscribers: usize,
    accounts: &Accounts,
) -> Result<(Discarded, Cost), CommandError> {
    let meter = subject.meter()?;
    let mut cost = None;
    let finished = || cost = Some(subject.cost_since(&meter));
    let discarded = discard(subject.addr, query, subscribers, accounts.tally.bytes, finished)?;
    let cost = match cost {
        Some(cost) => cost?,
        None => subject.cost_since(&meter)?,
    };
    Ok((discarded, cost))
}

fn fill(subject: &Subject, run: Run, events: u64, batch: u64) -> Result<Receipt, CommandError> {
    let order = Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections: 4,
        batch,
        first_seq: 0,
        events_max: events,
        time_max: Duration::from_secs(3600),
    };
    Ok(publish(&order, &AtomicU64::new(0))?)
}
