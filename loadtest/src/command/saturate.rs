//! `loadtest saturate`: publishers as fast as they are answered, with so many requests under way. What the
//! server does when it is never idle, and what waiting costs then.

use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::now_ns;
use crate::command::measure::{Measured, Plan, measure_plan};
use crate::command::outcome::{CommandError, Outcome, line};
use crate::load::{EVENTS_MAX, Filter, Order, Pace, Run, Subject};
use crate::options::{CrowdOptions, TargetOptions};

/// Events of the warm-up and of the measured stretch, at most.
const STRETCH_EVENTS_MAX: u64 = EVENTS_MAX / 2;

/// Publish as fast as the server acknowledges to many subscribers; deliveries a second and latency
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    crowd: CrowdOptions,

    /// Publish requests under way, one on each connection; the next follows its answer
    #[arg(long, value_name = "K", default_value_t = 16, value_parser = value_parser!(u16).range(1..=256))]
    in_flight: u16,

    /// Events of one publish request; more than one go as NDJSON
    #[arg(long, value_name = "B", default_value_t = 1, value_parser = value_parser!(u16).range(1..=4096))]
    batch: u16,

    /// Seconds of publishing that are measured, after one second that is not
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = value_parser!(u32).range(1..=600))]
    seconds: u32,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest saturate --spawn target/release/tailwire --subscribers 1000 --in-flight 1
  loadtest saturate --spawn target/release/tailwire --subscribers 1000 --in-flight 16 \\
      --server-cpu 0 --client-cpu 1

Deliveries a second count from the first request to the last delivery, whatever the server
still had to send when publishing ended. Latency counts from when a request was sent: here
the server sets the pace, so it tells what waiting costs and not what a steady rate would
find. When this tool's CPU is near the elapsed time, the rate is the tool's.";

/// The parameters of one saturation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saturation {
    pub(crate) subscribers: usize,
    /// Connections with one request under way on each.
    pub(crate) in_flight: usize,
    /// Events of one request.
    pub(crate) batch: u64,
    pub(crate) warmup: Duration,
    pub(crate) time: Duration,
    /// Processes that hold the subscribers.
    pub(crate) processes: usize,
}

/// Saturates one server. `label` heads the progress bars.
pub(crate) fn saturate(
    subject: &Subject,
    load: Saturation,
    run: Run,
    label: &str,
) -> Result<Measured<Saturation>, CommandError> {
    let order = |time_max| Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections: load.in_flight,
        batch: load.batch,
        first_seq: 0,
        events_max: STRETCH_EVENTS_MAX,
        time_max,
    };
    let plan = Plan {
        subscribers: load.subscribers,
        filter: Filter::All,
        processes: load.processes,
        warmup: order(load.warmup),
        measured: order(load.time),
    };
    measure_plan(subject, load, plan, label)
}

impl Measured<Saturation> {
    pub(crate) fn saturation_text(&self) -> String {
        let Saturation { subscribers, in_flight, batch, .. } = self.load;
        let mut text = format!(
            "saturate {}: {subscribers} subscribers, {in_flight} requests of {batch} in flight\n",
            self.name
        );
        let Measured { events, deliveries, seconds, .. } = self;
        let rate = self.deliveries_per_second();
        line(
            &mut text,
            "rate",
            &format!("{rate:.0} deliveries/s: {events} events, {deliveries} deliveries in {seconds:.2} s"),
        );
        self.write_lines(&mut text);
        text
    }

    pub(crate) fn saturation_json(&self) -> Value {
        self.json_with(json!({
            "subscribers": self.load.subscribers,
            "inFlight": self.load.in_flight,
            "batch": self.load.batch,
            "events": self.events,
        }))
    }
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let load = Saturation {
        subscribers: options.crowd.subscribers as usize,
        in_flight: options.in_flight.into(),
        batch: options.batch.into(),
        warmup: Duration::from_secs(1),
        time: Duration::from_secs(options.seconds.into()),
        processes: options.crowd.processes.into(),
    };
    let subject = Subject::start(&options.target, load.subscribers / load.processes + load.in_flight)?;
    let measured = saturate(&subject, load, Run::starting_at(now_ns(), 1), "")?;
    let warning = subject.warning();
    subject.stop()?;
    let mut text = measured.saturation_text();
    warning.iter().for_each(|warning| line(&mut text, "note", warning));
    let json = json!({ "workload": "saturate", "result": measured.saturation_json(), "warning": warning });
    Ok(Outcome { passed: measured.accounts.passed(), text, json })
}
