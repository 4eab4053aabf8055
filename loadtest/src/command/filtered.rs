//! `loadtest filtered`: many subscribers, each of a payment stream of its own, so that every event is for one
//! of them. What finding and serving that one costs, beside what publishing costs anyway.

use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::{Program, now_ns};
use crate::command::compare::median;
use crate::command::measure::{Measured, Plan, measure_plan};
use crate::command::outcome::{CommandError, Outcome, line, refuse_too_many};
use crate::load::{Filter, Order, Pace, Run, Subject};
use crate::options::{BesideOptions, CrowdOptions, TargetOptions};

/// Subscribers each on a payment stream of their own; CPU of finding and serving the one an event is for
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    crowd: CrowdOptions,

    /// Events a second, due at even times whether or not the server keeps up
    #[arg(long, value_name = "R", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=200_000))]
    rate: u32,

    /// Events of one publish request, sent as NDJSON
    #[arg(long, value_name = "B", default_value_t = 64, value_parser = value_parser!(u16).range(1..=4096))]
    batch: u16,

    /// Seconds of publishing that are measured without subscribers, and again with them
    #[arg(long, value_name = "S", default_value_t = 6, value_parser = value_parser!(u32).range(1..=600))]
    seconds: u32,

    #[command(flatten)]
    beside: BesideOptions,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest filtered --spawn target/release/tailwire --subscribers 10000 --rate 10000 --batch 64
  loadtest filtered --spawn target/release/tailwire --subscribers 10000 --compare-sendloop \\\\
      --server-cpu 0 --client-cpu 1

\"delivery side\" is the server's CPU for an event with subscribers less that without any,
at the same rate on the same server. The send loop finds the subscriber in a hash table and
sends; it checks nothing and keeps nothing.";

/// The parameters of one measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filtering {
    pub(crate) subscribers: usize,
    /// Events a second.
    pub(crate) rate: f64,
    /// Events of one request.
    pub(crate) batch: u64,
    pub(crate) seconds: u32,
    pub(crate) processes: usize,
}

/// The same load without subscribers and with them.
#[derive(Debug)]
pub(crate) struct Filtered {
    pub(crate) alone: Measured<Filtering>,
    pub(crate) served: Measured<Filtering>,
}

/// Measures one server: publishing alone, then with the subscribers.
pub(crate) fn filter(subject: &Subject, load: Filtering, label: &str) -> Result<Filtered, CommandError> {
    let measure = |subscribers: usize| {
        let run = Run::starting_at(now_ns(), load.subscribers as u64);
        let order = |seconds: u32| Order {
            addr: subject.addr,
            run,
            pace: Pace::EventsPerSecond(load.rate),
            connections: 4,
            batch: load.batch,
            first_seq: 0,
            events_max: (load.rate * f64::from(seconds)) as u64,
            time_max: Duration::from_secs(3600),
        };
        let plan = Plan {
            subscribers,
            filter: Filter::Streams,
            processes: if subscribers == 0 { 1 } else { load.processes },
            warmup: order(1),
            measured: order(load.seconds),
        };
        measure_plan(subject, load, plan, label)
    };
    Ok(Filtered { alone: measure(0)?, served: measure(load.subscribers)? })
}

impl Filtered {
    pub(crate) fn passed(&self) -> bool {
        self.alone.accounts.passed() && self.served.accounts.passed()
    }

    /// The server's microseconds for each event: publishing alone, and with the subscribers.
    pub(crate) fn us_an_event(&self) -> [f64; 2] {
        [&self.alone, &self.served]
            .map(|measured| measured.cost.server_us_each(measured.events).unwrap_or(f64::NAN))
    }

    /// What finding and serving one subscriber costs, in microseconds of the server.
    pub(crate) fn delivery_side_us(&self) -> f64 {
        let [alone, served] = self.us_an_event();
        served - alone
    }

    fn text(&self) -> String {
        let Filtering { subscribers, rate, batch, .. } = self.served.load;
        let mut text = format!(
            "filtered on {}: {subscribers} subscribers of a payment stream each, {rate}/s in batches of {batch}\n",
            self.served.name
        );
        self.served.write_lines(&mut text);
        let [alone, served] = self.us_an_event();
        line(
            &mut text,
            "an event",
            &format!(
                "{served:.2} µs with subscribers, {alone:.2} µs without: delivery side {:.2} µs",
                served - alone
            ),
        );
        text
    }

    fn json(&self) -> Value {
        let [alone, served] = self.us_an_event();
        self.served.json_with(json!({
            "subscribers": self.served.load.subscribers,
            "rate": self.served.load.rate,
            "batch": self.served.load.batch,
            "events": self.served.events,
            "usAnEventAlone": alone,
            "usAnEvent": served,
            "deliverySideUs": served - alone,
        }))
    }
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let load = Filtering {
        subscribers: options.crowd.subscribers as usize,
        rate: options.rate.into(),
        batch: options.batch.into(),
        seconds: options.seconds,
        processes: options.crowd.processes.into(),
    };
    refuse_too_many(u64::from(options.rate) * (u64::from(options.seconds) + 1))?;
    if options.beside.compare_sendloop {
        let path = options.target.spawn.clone().ok_or(CommandError::CompareNeedsSpawn)?;
        return compare(options, &Program::Tailwire(path), load);
    }
    let subject = Subject::start(&options.target, load.subscribers / load.processes + 4)?;
    let filtered = filter(&subject, load, "")?;
    let warning = subject.warning();
    subject.stop()?;
    let mut text = filtered.text();
    warning.iter().for_each(|warning| line(&mut text, "note", warning));
    let json = json!({ "workload": "filtered", "result": filtered.json(), "warning": warning });
    Ok(Outcome { passed: filtered.passed(), text, json })
}

/// Round after round on both, each started afresh; the ratios' medians are what to read.
fn compare(options: &Options, tailwire: &Program, load: Filtering) -> Result<Outcome, CommandError> {
    Subject::prepare(&options.target, load.subscribers / load.processes + 4)?;
    let (mut text, mut results, mut passed) = (String::new(), Vec::new(), true);
    let (mut sides, mut totals) = (Vec::new(), Vec::new());
    for round in 1..=options.beside.rounds {
        let measure = |program: Program, name| -> Result<Filtered, CommandError> {
            let subject = Subject::launch(&options.target, program, name)?;
            let label = format!("round {round} of {}, {name}: ", options.beside.rounds);
            let filtered = filter(&subject, load, &label)?;
            subject.stop()?;
            Ok(filtered)
        };
        // Who goes first changes, lest the second always find a warmer machine.
        let first =
            if round.is_multiple_of(2) { Some(measure(Program::SendLoop, "send loop")?) } else { None };
        let ours = measure(tailwire.clone(), "tailwire")?;
        let theirs = first.map_or_else(|| measure(Program::SendLoop, "send loop"), Ok)?;
        sides.push(ours.delivery_side_us() / theirs.delivery_side_us());
        totals.push(ours.us_an_event()[1] / theirs.us_an_event()[1]);
        for filtered in [&ours, &theirs] {
            passed &= filtered.passed();
            text.push_str(&filtered.text());
            results.push(filtered.json());
        }
    }
    let (side, total) = (median(sides), median(totals));
    line(
        &mut text,
        "ratio",
        &format!(
            "delivery side {side:.2} × one direct send for each event; with publishing {total:.2} × \
             (medians of {} rounds)",
            options.beside.rounds
        ),
    );
    let json = json!({
        "workload": "filtered-compare",
        "rounds": options.beside.rounds,
        "results": results,
        "ratios": { "deliverySide": side, "total": total },
    });
    Ok(Outcome { passed, text, json })
}
