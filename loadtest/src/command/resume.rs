//! `loadtest resume`: what it costs the server to begin a subscription at a position, at the log's end and far behind
//! it, over one that begins with the next event.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::json;

use crate::client::{Frame, Subscription, now_ns};
use crate::command::outcome::{CommandError, Outcome, line, progress, refuse_too_many};
use crate::load::{Filter, Order, Pace, Run, Subject, publish};
use crate::options::TargetOptions;

const TIMEOUT: Duration = Duration::from_secs(20);
const RECEIVE_BYTES: usize = 8 * 1024;
/// In which a server has noticed that all subscribers of a batch are gone.
const REST: Duration = Duration::from_secs(4);
/// CPU that a server with nothing to do takes in a second.
const IDLE_CPU_SECONDS: f64 = 0.02;

/// Fill a log, then connect again and again in four ways; server CPU for each connection, and over a plain one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Events in the log
    #[arg(
        long, value_name = "N",
        default_value_t = 2_000_000,
        value_parser = value_parser!(u32).range(1000..=4_000_000),
    )]
    events: u32,

    /// Events of each payment stream, spread evenly over the log: what a resume from the beginning brings
    #[arg(long, value_name = "E", default_value_t = 4, value_parser = value_parser!(u32).range(2..=100))]
    each: u32,

    /// Connections of each kind in each round
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = value_parser!(u32).range(100..=9000))]
    connects: u32,

    /// Rounds, each of all kinds in turn; the medians are printed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=20))]
    rounds: u32,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest resume --spawn target/release/tailwire --events 2000000 --server-cpu 0 --client-cpu 1

A connection counts from its opening to its greeting, for \"far behind\" to the last of the few events
that it is owed; ending it is not in the figure. Each follows a payment stream of its own.";

/// How a connection begins.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    filter: Filter,
    last_event_id: Option<u64>,
    owed: u64,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    let topics = u64::from(options.events / options.each);
    let events = refuse_too_many(topics * u64::from(options.each))?;
    let subject = Subject::start(&options.target, options.connects as usize + 16)?;
    let run = Run::starting_at(now_ns(), topics);
    let bar = progress("filling the log", events);
    let receipt = publish(&order(&subject, run, events), &AtomicU64::new(0))?;
    bar.finish_and_clear();
    settle(&subject)?;
    let ids = || receipt.acks.iter().map(|(_, id)| *id);
    let (before, end) = (ids().min().map(|id| id - 1), ids().max());
    let kinds = [
        Kind { name: "plain", filter: Filter::Streams, last_event_id: None, owed: 0 },
        Kind { name: "at the end", filter: Filter::Streams, last_event_id: end, owed: 0 },
        Kind { name: "at the end, all", filter: Filter::All, last_event_id: end, owed: 0 },
        Kind {
            name: "far behind",
            filter: Filter::Streams,
            last_event_id: before,
            owed: options.each.into(),
        },
    ];
    let mut costs = kinds.map(|_| Vec::new());
    for _ in 0..options.rounds {
        for (kind, costs) in kinds.iter().zip(&mut costs) {
            costs.push(measure(&subject, run, *kind, options.connects)?);
        }
    }
    subject.stop()?;

    let mut text = format!("resume: {events} events, {} connections of each kind\n", options.connects);
    let medians = costs.map(median);
    let plain = medians.first().copied().flatten();
    for (kind, cost) in kinds.iter().zip(&medians) {
        let figure = match cost.zip(plain) {
            Some((cost, plain)) => format!("{cost:.1} µs a connection, {:+.1} over plain", cost - plain),
            None => "unknown (give --spawn or --server-pid)".to_owned(),
        };
        line(&mut text, kind.name, &figure);
    }
    let json = json!({
        "workload": "resume",
        "events": events,
        "each": options.each,
        "connects": options.connects,
        "kinds": kinds.map(|kind| kind.name),
        "serverUsEach": medians,
    });
    Ok(Outcome { passed: true, text, json })
}

/// Waits until the server has done what is left to do after the log was filled, a minute at most.
fn settle(subject: &Subject) -> Result<(), CommandError> {
    for _ in 0..60 {
        let meter = subject.meter()?;
        std::thread::sleep(Duration::from_secs(1));
        if subject.cost_since(&meter)?.server.unwrap_or(0.0) <= IDLE_CPU_SECONDS {
            break;
        }
    }
    Ok(())
}

fn order(subject: &Subject, run: Run, events: u64) -> Order {
    Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections: 4,
        batch: 1000,
        first_seq: 0,
        events_max: events,
        time_max: Duration::from_secs(3600),
    }
}

/// Microseconds of the server's CPU for each of `connects` connections, which stay open until all are.
fn measure(subject: &Subject, run: Run, kind: Kind, connects: u32) -> Result<Option<f64>, CommandError> {
    let mut open = Vec::with_capacity(connects as usize);
    let meter = subject.meter()?;
    for number in 0..u64::from(connects) {
        let mut query = run.query(kind.filter, number % run.topics);
        if let Some(id) = kind.last_event_id {
            query.push_str(&format!("&lastEventId={id}"));
        }
        open.push(begin(subject, &query, kind.owed)?);
    }
    let cost = subject.cost_since(&meter)?;
    open.into_iter().for_each(Subscription::cut);
    std::thread::sleep(REST);
    Ok(cost.server_us_each(connects.into()))
}

fn begin(subject: &Subject, query: &str, owed: u64) -> Result<Subscription, CommandError> {
    let mut subscription = Subscription::open(subject.addr, query, None, TIMEOUT)?;
    let (mut greeted, mut got) = (false, 0);
    while !greeted || got < owed {
        let bytes = subscription.read(RECEIVE_BYTES, &mut |frame| match frame {
            Frame::Greeting { .. } => greeted = true,
            Frame::Event { .. } => got += 1,
            _ => {}
        })?;
        if bytes == 0 {
            return Err(CommandError::Owed { owed, got });
        }
    }
    if got == owed { Ok(subscription) } else { Err(CommandError::Owed { owed, got }) }
}

fn median(costs: Vec<Option<f64>>) -> Option<f64> {
    let mut costs: Vec<f64> = costs.into_iter().flatten().collect();
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied()
}
