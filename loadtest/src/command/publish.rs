//! `loadtest publish`: how many events a second the server makes durable, and what each costs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::{Args, value_parser};
use serde_json::json;

use crate::client::now_ns;
use crate::command::outcome::{CommandError, Growth, Outcome, line, progress};
use crate::load::{GatherError, Order, Pace, PublishError, Receipt, Run, Subject, publish};
use crate::options::TargetOptions;

/// Publish as fast as answers come; durable events a second, ack latency and CPU per event
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Publisher connections, each with one request under way
    #[arg(long, value_name = "C", default_value_t = 16, value_parser = value_parser!(u16).range(1..=256))]
    connections: u16,

    /// Events of one request; more than one go as NDJSON
    #[arg(long, value_name = "B", default_value_t = 1, value_parser = value_parser!(u16).range(1..=2000))]
    batch: u16,

    /// Seconds of publishing
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3600))]
    seconds: u32,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest publish --spawn target/release/tailwire --connections 64
  loadtest publish --spawn target/release/tailwire --connections 4 --batch 1000

The tool's publisher is one thread; when the tool's CPU is near the elapsed time, the
figure is the tool's. A run ends early after 16 million events.";

/// 256 MB of acknowledgements. Thirty segments of the default size hold ten million events of this tool.
const EVENTS_MAX: u64 = 16_000_000;

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let subject = Subject::start(&options.target, options.connections.into())?;
    let order = Order {
        addr: subject.addr,
        run: Run::starting_at(now_ns(), 64),
        pace: Pace::Unpaced,
        connections: options.connections.into(),
        batch: options.batch.into(),
        first_seq: 0,
        events_max: EVENTS_MAX,
        time_max: Duration::from_secs(options.seconds.into()),
    };
    let before = subject.memory()?;
    let meter = subject.meter()?;
    let receipt = publish_with_bar(&order, options.seconds)?;
    let cost = subject.cost_since(&meter)?;
    let memory = Growth { before, after: subject.memory()? };
    let warning = subject.warning();
    subject.stop()?;

    let events = receipt.acks.len() as u64;
    let rate = events as f64 / receipt.seconds;
    let repeated = receipt.repeated_ids();
    let passed = repeated == 0 && receipt.refused == 0;
    let verdict = if passed { "EXACT" } else { "FAULTY" };
    let mut text = format!("publish: {} connections × batches of {}\n", options.connections, options.batch);
    line(
        &mut text,
        "accounts",
        &format!("{verdict}: acked {events}, refused {}, repeated ids {repeated}", receipt.refused),
    );
    line(&mut text, "rate", &format!("{rate:.0} events/s in {:.2} s", receipt.seconds));
    line(&mut text, "ack", &receipt.ack.line_ms());
    line(&mut text, "CPU", &cost.line(events, "event"));
    line(&mut text, "memory", &memory.line());
    if let Some(warning) = warning {
        line(&mut text, "note", warning);
    }
    let json = json!({
        "workload": "publish",
        "connections": options.connections,
        "batch": options.batch,
        "acked": events,
        "refused": receipt.refused,
        "repeatedIds": repeated,
        "eventsPerSecond": rate,
        "ack": receipt.ack.json(),
        "cpu": cost.json(events),
        "memory": memory.json(),
        "warning": warning,
    });
    Ok(Outcome { passed, text, json })
}

/// Publishes on this thread while another moves the bar, second by second.
fn publish_with_bar(order: &Order, seconds: u32) -> Result<Receipt, CommandError> {
    let progress_events = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let bar = progress("publishing (seconds)", seconds.into());
    let receipt = std::thread::scope(|scope| -> Result<Receipt, GatherError> {
        let ticker = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                bar.set_position(bar.elapsed().as_secs());
                std::thread::park_timeout(Duration::from_millis(250));
            }
        });
        let receipt = publish(order, &progress_events).map_err(PublishError::into);
        done.store(true, Ordering::Release);
        ticker.thread().unpark();
        receipt
    })?;
    bar.finish_and_clear();
    Ok(receipt)
}
