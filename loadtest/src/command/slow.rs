//! `loadtest slow`: one subscriber reads a trickle; its neighbours must not feel it, the server's memory must
//! not grow by it, and it must lose nothing.

use std::fmt::Write;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::client::{Memory, now_ns};
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, memory_json, progress, refuse_too_many};
use crate::load::{
    Expected, Filter, Herd, Latency, Order, Pace, Receipt, Run, SlowReader, SlowReport, Subject, gather,
};
use crate::options::TargetOptions;

/// Stretches the run is cut into, with a reading of the server's memory after each.
const STRETCHES: u64 = 12;

/// One slow reader among fast ones; their latency with and without it, server memory, then its catching up
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Subscribers that read at once
    #[arg(
        long, value_name = "N",
        default_value_t = 1000,
        value_parser = value_parser!(u32).range(1..=60_000),
    )]
    fast: u32,

    /// Bytes a second that the slow one reads
    #[arg(
        long, value_name = "BYTES",
        default_value_t = 1024,
        value_parser = value_parser!(u64).range(1..=10_000_000),
    )]
    slow_rate: u64,

    /// Events a second
    #[arg(long, value_name = "R", default_value_t = 50, value_parser = value_parser!(u32).range(1..=10_000))]
    rate: u32,

    /// Seconds with the slow reader; a quarter of it goes before and a quarter after, without it
    #[arg(long, value_name = "S", default_value_t = 180, value_parser = value_parser!(u32).range(4..=3600))]
    seconds: u32,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest slow --spawn target/release/tailwire --fast 1000 --slow-rate 1024 --seconds 180
  loadtest slow --spawn target/release/tailwire --fast 100 --rate 1000 --seconds 30";

/// Everything at work in the run.
struct Scene<'a> {
    subject: &'a Subject,
    run: Run,
    herd: Herd,
    expected: Expected,
    next_seq: u64,
    rate: f64,
    receipts: Vec<Receipt>,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    let rate = u64::from(options.rate);
    let events_with = refuse_too_many(rate * u64::from(options.seconds) * 3 / 2)? * 2 / 3;
    let events_without = events_with / 4;
    let subject = Subject::start(&options.target, options.fast as usize + 5)?;
    let run = Run::starting_at(now_ns(), 1);
    let mut scene = Scene {
        subject: &subject,
        run,
        herd: Herd::new(subject.addr, run, Filter::All)?,
        expected: Expected::default(),
        next_seq: 0,
        rate: rate as f64,
        receipts: Vec::new(),
    };
    let bar = progress("opening subscribers", options.fast.into());
    scene.herd.open(options.fast as usize, None, &bar)?;
    bar.finish_and_clear();

    let before = scene.without("before the slow reader", events_without)?;
    let owed_before = scene.expected.all();
    let slow = SlowReader::start(subject.addr, run, options.slow_rate)?;
    let memory = with_slow_reader(&mut scene, events_with)?;
    let owed = scene.expected.all() - owed_before;
    let with = scene.take_latency();
    let slow = slow.let_loose(owed)?;
    // Before and after: what drifts on the machine meanwhile is not taken for the slow reader's doing.
    let after = scene.without("after the slow reader", events_without)?;
    let accounts = scene.settle();
    drop(scene);
    subject.stop()?;
    Ok(outcome(options, &accounts, [&before, &with, &after], &memory, &slow, owed))
}

/// Publishes in stretches and reads the server's memory before, between and after: seconds and what was read.
fn with_slow_reader(scene: &mut Scene<'_>, events: u64) -> Result<Vec<(f64, Memory)>, CommandError> {
    let begun = Instant::now();
    let mut memory = Vec::new();
    let mut sample = |scene: &Scene<'_>| -> Result<(), CommandError> {
        memory.extend(scene.subject.memory()?.map(|memory| (begun.elapsed().as_secs_f64(), memory)));
        Ok(())
    };
    sample(scene)?;
    let bar = progress("with the slow reader", STRETCHES);
    for stretch in 0..STRETCHES {
        let until = events * (stretch + 1) / STRETCHES;
        let from = events * stretch / STRETCHES;
        if until > from {
            scene.publish(until - from, &ProgressBar::hidden())?;
        }
        sample(scene)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(memory)
}

impl Scene<'_> {
    fn publish(&mut self, events: u64, bar: &ProgressBar) -> Result<(), CommandError> {
        let order = Order {
            addr: self.subject.addr,
            run: self.run,
            pace: Pace::EventsPerSecond(self.rate),
            connections: 4,
            batch: 1,
            first_seq: self.next_seq,
            events_max: events,
            time_max: Duration::from_secs(2 * 3600),
        };
        self.next_seq += events;
        self.receipts.push(gather(&mut self.herd, &mut self.expected, &order, bar)?);
        Ok(())
    }

    /// A stretch with nobody slow; its latency.
    fn without(&mut self, what: &'static str, events: u64) -> Result<Latency, CommandError> {
        let bar = progress(what, events);
        self.publish(events.max(1), &bar)?;
        bar.finish_and_clear();
        Ok(self.take_latency())
    }

    fn take_latency(&mut self) -> Latency {
        let latency = self.herd.latency.clone();
        self.herd.latency.clear();
        latency
    }

    fn settle(&self) -> Accounts {
        let acks: Vec<(u64, u64)> =
            self.receipts.iter().flat_map(|receipt| receipt.acks.iter().copied()).collect();
        let refused = self.receipts.iter().map(|receipt| receipt.refused).sum();
        let repeated = self.receipts.iter().map(Receipt::repeated_ids).sum();
        Accounts::settle(&self.herd, &self.expected, refused, repeated, &acks)
    }
}

fn outcome(
    options: &Options,
    accounts: &Accounts,
    [before, with, after]: [&Latency; 3],
    memory: &[(f64, Memory)],
    slow: &SlowReport,
    owed: u64,
) -> Outcome {
    let slow_exact = slow.tally.delivered == owed && !slow.tally.has_faults();
    // A slow reader that was never behind would have tested nothing.
    let was_behind = slow.slow_events < owed;
    let passed = accounts.passed() && slow_exact && was_behind;
    let mut text =
        format!("slow: one at {} B/s among {} at {}/s\n", options.slow_rate, options.fast, options.rate);
    accounts.write_lines(&mut text, "fast");
    line(&mut text, "before", &before.line_ms());
    line(&mut text, "with", &with.line_ms());
    line(&mut text, "after", &after.line_ms());
    let mut slow_line = format!(
        "{}: read {} B and {} of {owed} events while slow; then all {} \
         in {:.2} s, duplicated {}, misordered {}, id holes {}, lost {}",
        if slow_exact { "EXACT" } else { "FAULTY" },
        slow.slow_bytes,
        slow.slow_events,
        slow.tally.delivered,
        slow.catch_up.as_secs_f64(),
        slow.tally.duplicated,
        slow.tally.misordered,
        slow.tally.id_holes,
        slow.tally.lost
    );
    if !was_behind {
        slow_line.push_str("; it was never behind: lower --slow-rate or raise --rate");
    }
    line(&mut text, "slow one", &slow_line);
    let mut series = String::new();
    for (seconds, memory) in memory {
        let _ = write!(series, "{seconds:.0}s {}/{}  ", memory.anonymous / 1024, memory.rss / 1024);
    }
    line(&mut text, "memory", &format!("anonymous/RSS KiB over time: {series}"));
    let series =
        memory.iter().map(|(seconds, memory)| json!([seconds, memory_json(memory)])).collect::<Vec<Value>>();
    let json = json!({
        "workload": "slow",
        "fast": options.fast,
        "slowRate": options.slow_rate,
        "rate": options.rate,
        "accounts": accounts.json(),
        "deliveryBefore": before.json(),
        "deliveryWith": with.json(),
        "deliveryAfter": after.json(),
        "slow": {
            "exact": slow_exact,
            "wasBehind": was_behind,
            "owed": owed,
            "bytesWhileSlow": slow.slow_bytes,
            "eventsWhileSlow": slow.slow_events,
            "catchUpSeconds": slow.catch_up.as_secs_f64(),
            "tally": slow.tally.json(),
        },
        "memory": series,
    });
    Outcome { passed, text, json }
}
