//! `loadtest fanout`: many subscribers, a steady publisher.

use clap::{Args, value_parser};
use serde_json::json;

use crate::client::{Program, now_ns};
use crate::command::compare::compare;
use crate::command::measure::{Load, Measured, Plan, measure_plan};
use crate::command::outcome::{CommandError, Outcome, refuse_too_many};
use crate::load::{Filter, Run, Subject};
use crate::options::{BesideOptions, CrowdOptions, FollowingOptions, TargetOptions};

/// Publish at a steady rate to many subscribers; latency, exact accounting and CPU per delivery
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    crowd: CrowdOptions,

    /// Events a second, due at even times whether or not the server keeps up
    #[arg(long, value_name = "R", default_value_t = 50, value_parser = value_parser!(u32).range(1..=200_000))]
    rate: u32,

    /// Seconds of publishing that are measured, after one second that is not
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3600))]
    seconds: u32,

    #[command(flatten)]
    following: FollowingOptions,

    /// Publisher connections; a request waits for a free one
    #[arg(long, value_name = "C", default_value_t = 4, value_parser = value_parser!(u16).range(1..=256))]
    connections: u16,

    #[command(flatten)]
    beside: BesideOptions,

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
            subscribers: self.crowd.subscribers as usize,
            filter: self.following.filter,
            topics: self.following.topics.into(),
            rate: self.rate.into(),
            events,
            warmup_events,
            connections: self.connections.into(),
        })
    }
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let load = options.load()?;
    if options.beside.compare_sendloop {
        let path = options.target.spawn.clone().ok_or(CommandError::CompareNeedsSpawn)?;
        if options.following.filter != Filter::All {
            return Err(CommandError::CompareNeedsAll);
        }
        return compare(&options.target, &Program::Tailwire(path), load, options.beside.rounds);
    }
    if options.target.sendloop && options.following.filter != Filter::All {
        return Err(CommandError::CompareNeedsAll);
    }
    let processes = usize::from(options.crowd.processes);
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
