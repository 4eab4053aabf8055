//! `loadtest fanout`: many subscribers, a steady publisher.

use clap::{Args, value_parser};
use serde_json::json;

use crate::client::{Program, now_ns};
use crate::command::compare::compare;
use crate::command::measure::{Load, Measured, Plan, measure_plan};
use crate::command::outcome::{CommandError, Outcome, refuse_too_many};
use crate::load::{Filter, Run, Subject};
use crate::options::TargetOptions;

/// Publish at a steady rate to many subscribers; latency, exact accounting and CPU per delivery
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Open subscriptions
    #[arg(
        long, value_name = "N",
        default_value_t = 1000,
        value_parser = value_parser!(u32).range(1..=60_000),
    )]
    subscribers: u32,

    /// Events a second, due at even times whether or not the server keeps up
    #[arg(long, value_name = "R", default_value_t = 50, value_parser = value_parser!(u32).range(1..=200_000))]
    rate: u32,

    /// Seconds of publishing that are measured, after one second that is not
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3600))]
    seconds: u32,

    /// What each subscriber asks for
    #[arg(long, value_enum, default_value_t = Filter::All)]
    filter: Filter,

    /// Payment streams that the events go round; with a filter each subscriber follows one of them
    #[arg(
        long, value_name = "K",
        default_value_t = 1,
        value_parser = value_parser!(u32).range(1..=1_000_000),
    )]
    topics: u32,

    /// Publisher connections; a request waits for a free one
    #[arg(long, value_name = "C", default_value_t = 4, value_parser = value_parser!(u16).range(1..=256))]
    connections: u16,

    /// Measure the plain send(2) loop as well, in turn with Tailwire, and print the ratio
    #[arg(long)]
    compare_sendloop: bool,

    /// Rounds of the comparison
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Processes that hold the subscribers; more than one go past this process's limit of open files
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = value_parser!(u16).range(1..=16))]
    processes: u16,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  # 50,000 deliveries a second, everything to everyone
  loadtest fanout --spawn target/release/tailwire --subscribers 1000 --rate 50

  # 10,000 events a second, each for 10 of 1,000 subscribers
  loadtest fanout --spawn target/release/tailwire --filter streams --topics 100 --rate 10000

  # against the plain send loop, five rounds in turn, server and tool each on its own CPU
  loadtest fanout --spawn target/release/tailwire --compare-sendloop --rounds 5 \\
      --server-cpu 0 --client-cpu 1

Latency counts from when an event was due. \"late by\" is how far behind its schedule
the tool itself was: when that is not small against the latency, the latency is the tool's.";

impl Options {
    fn load(&self) -> Result<Load, CommandError> {
        let events = u64::from(self.rate) * u64::from(self.seconds);
        let warmup_events = u64::from(self.rate);
        refuse_too_many(events + warmup_events)?;
        Ok(Load {
            subscribers: self.subscribers as usize,
            filter: self.filter,
            topics: self.topics.into(),
            rate: self.rate.into(),
            events,
            warmup_events,
            connections: self.connections.into(),
        })
    }
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let load = options.load()?;
    if options.compare_sendloop {
        let path = options.target.spawn.clone().ok_or(CommandError::CompareNeedsSpawn)?;
        if options.filter != Filter::All {
            return Err(CommandError::CompareNeedsAll);
        }
        return compare(&options.target, &Program::Tailwire(path), load, options.rounds);
    }
    if options.target.sendloop && options.filter != Filter::All {
        return Err(CommandError::CompareNeedsAll);
    }
    let processes = usize::from(options.processes);
    let subject = Subject::start(&options.target, load.subscribers / processes + load.connections)?;
    let plan = Plan { processes, ..load.plan(&subject, Run::starting_at(now_ns(), load.topics)) };
    let measured = measure_plan(&subject, load, plan, "")?;
    let warning = subject.warning();
    subject.stop()?;
    Ok(outcome(&measured, warning))
}

fn outcome(measured: &Measured, warning: Option<&str>) -> Outcome {
    let note = warning.map(|warning| format!("  note       {warning}\n")).unwrap_or_default();
    Outcome {
        passed: measured.accounts.passed(),
        text: measured.text() + &note,
        json: json!({ "workload": "fanout", "result": measured.json(), "warning": warning }),
    }
}
