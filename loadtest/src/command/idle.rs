//! `loadtest idle`: what an open subscription costs the server in memory while nothing happens.

use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::{Memory, now_ns};
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, memory_json, progress};
use crate::load::{Expected, Filter, Herd, Order, Pace, Run, Subject, gather};
use crate::options::TargetOptions;

/// A server's memory counts as settled when it has not changed for this long.
const SETTLED_FOR: Duration = Duration::from_millis(1500);
const SETTLE_TIME_MAX: Duration = Duration::from_secs(10);

/// Open many subscriptions and leave them idle; server memory per connection, then one event for each
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Open subscriptions
    #[arg(
        long, value_name = "N",
        default_value_t = 10_000,
        value_parser = value_parser!(u32).range(5..=60_000),
    )]
    subscribers: u32,

    /// What they subscribe to
    #[arg(long, value_enum, value_name = "FILTER", default_value_t = Wanted::All)]
    filter: Wanted,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// What idle subscribers want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Wanted {
    /// Everything (`all=true`).
    All,
    /// One user each.
    Users,
    /// One payment stream each.
    Streams,
    /// The same payment stream, so that their filters are equal.
    Same,
}

const EXAMPLES: &str = "Examples:
  loadtest idle --spawn target/release/tailwire --subscribers 10000
  loadtest idle --spawn target/release/tailwire --filter users

\"a connection\" is the growth from a fifth of the subscribers to all of them, so that what
a server allocates once does not count; \"from none\" is the growth from an idle server.
Kernel memory (about 3.6 KB a socket) is in neither.";

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let subscribers = options.subscribers as usize;
    let subject = Subject::start(&options.target, subscribers + 1)?;
    let (filter, topics) = match options.filter {
        Wanted::All => (Filter::All, 1),
        Wanted::Users => (Filter::Users, subscribers),
        Wanted::Streams => (Filter::Streams, subscribers),
        Wanted::Same => (Filter::Streams, 1),
    };
    let run = Run::starting_at(now_ns(), topics as u64);
    let mut herd = Herd::new(subject.addr, run, filter)?;
    let bar = progress("opening subscribers", subscribers as u64);
    let mut samples = vec![(0, settled(&subject, &mut herd)?)];
    for count in [subscribers / 5, subscribers] {
        herd.open(count, None, &bar)?;
        samples.push((count, settled(&subject, &mut herd)?));
    }
    bar.finish_and_clear();

    let order = Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections: 1,
        batch: 1,
        first_seq: 0,
        events_max: topics as u64,
        time_max: Duration::from_secs(60),
    };
    let mut expected = Expected::default();
    let bar = progress("one event for each", topics as u64);
    let receipt = gather(&mut herd, &mut expected, &order, &bar)?;
    bar.finish_and_clear();
    let accounts = Accounts::settle(&herd, &expected, receipt.refused, receipt.repeated_ids(), &receipt.acks);
    subject.stop()?;

    let mut text = format!("idle: {subscribers} subscribers, filter {:?}\n", options.filter);
    line(&mut text, "accounts", &accounts.line());
    accounts.stories.iter().for_each(|story| line(&mut text, "", story));
    line(&mut text, "delivery", &format!("{}, of one event for each", herd.latency.line_ms()));
    let growth = growth(&samples, &mut text);
    let json = json!({
        "workload": "idle",
        "subscribers": subscribers,
        "filter": format!("{:?}", options.filter).to_lowercase(),
        "accounts": accounts.json(),
        "delivery": herd.latency.json(),
        "samples": samples.iter().map(|(count, memory)| json!({
            "subscribers": count,
            "memory": memory.map(|memory| memory_json(&memory)),
        })).collect::<Vec<Value>>(),
        "bytesPerConnection": growth,
    });
    Ok(Outcome { passed: accounts.passed(), text, json })
}

/// The server's memory once it no longer changes, or after ten seconds. The herd is served meanwhile.
pub(crate) fn settled(subject: &Subject, herd: &mut Herd) -> Result<Option<Memory>, CommandError> {
    let begun = Instant::now();
    let mut last = subject.memory()?;
    let mut since = Instant::now();
    while last.is_some() && since.elapsed() < SETTLED_FOR && begun.elapsed() < SETTLE_TIME_MAX {
        herd.pump(Duration::from_millis(100))?;
        let now = subject.memory()?;
        if level(now) != level(last) {
            since = Instant::now();
        }
        last = now;
    }
    Ok(last)
}

/// A measure of memory: its name and where it stands.
type Measure = (&'static str, fn(&Memory) -> u64);

/// What must hold still. PSS does not: it moves whenever another process maps the same library.
fn level(memory: Option<Memory>) -> Option<(u64, u64)> {
    memory.map(|memory| (memory.rss, memory.anonymous))
}

/// Bytes a connection, by each measure of memory, between the last sample and the two before it.
fn growth(samples: &[(usize, Option<Memory>)], text: &mut String) -> Value {
    let known: Vec<(f64, Memory)> =
        samples.iter().filter_map(|(count, memory)| memory.map(|memory| (*count as f64, memory))).collect();
    let [none, fifth, all] = known.as_slice() else {
        line(text, "memory", "unknown (give --spawn or --server-pid)");
        return Value::Null;
    };
    let measures: [Measure; 3] = [
        ("rss", |memory| memory.rss),
        ("pss", |memory| memory.pss),
        ("anonymous", |memory| memory.anonymous),
    ];
    let mut json = serde_json::Map::new();
    for (name, measure) in measures {
        let slope =
            |from: &(f64, Memory)| (measure(&all.1) as f64 - measure(&from.1) as f64) / (all.0 - from.0);
        let (each, from_none) = (slope(fifth), slope(none));
        let total = measure(&all.1) / 1024;
        line(text, name, &format!("{each:.0} B a connection ({from_none:.0} from none), {total} KiB in all"));
        json.insert(name.to_owned(), json!({ "each": each, "fromNone": from_none }));
    }
    Value::Object(json)
}
