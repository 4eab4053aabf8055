//! `loadtest soak`: a steady load for as long as one likes, with subscribers that leave and come back. The
//! server's memory must end up flat, and everybody must get everything exactly once all the same.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::{Memory, now_ns};
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, memory_json, progress, refuse_too_many};
use crate::command::trend::Trend;
use crate::load::{
    Cost, Expected, Filter, Herd, HerdError, Latency, Order, Pace, Run, Subject, drain, gather_while,
};
use crate::options::{FollowingOptions, TargetOptions};

/// Readings of the server's memory in one run, and the shortest time between two.
const SAMPLES: u32 = 240;
const SAMPLE_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Who leaves is due back this long before the last event.
const BACK_BEFORE_END_SECONDS: f64 = 0.25;
/// The beginning that the trend leaves out: buffers and tables grow to their size in it.
const SETTLING_PART: f64 = 0.25;

/// A steady load with subscribers that leave and resume; memory over time, everything exactly once
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

    /// Events a second
    #[arg(long, value_name = "R", default_value_t = 20, value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// Subscribers a second that leave, wherever they are in a frame, and resume with Last-Event-ID
    #[arg(long, value_name = "C", default_value_t = 20, value_parser = value_parser!(u32).range(0..=10_000))]
    churn: u32,

    /// Milliseconds that each stays away
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = value_parser!(u32).range(0..=60_000))]
    away: u32,

    /// Seconds of it
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = value_parser!(u32).range(2..=86_400))]
    seconds: u32,

    #[command(flatten)]
    following: FollowingOptions,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest soak --spawn target/release/tailwire --seconds 5 --subscribers 200 --churn 50 --away 200
  loadtest soak --spawn target/release/tailwire --seconds 1800 --subscribers 10000 --rate 5 \\
      --churn 100 --svg soak.svg --json soak.json

The trend is a straight line by least squares through the readings after the first quarter.
\"flat\" means that over all of that time it rises by less than 1 MiB or 2 %, or by less than
three times its own standard error. RSS counts the mapped log and grows with it; anonymous
memory is heap and stacks, and is what must be flat.";

/// The parameters of one soak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soak {
    pub(crate) subscribers: usize,
    pub(crate) filter: Filter,
    pub(crate) topics: u64,
    pub(crate) rate: f64,
    /// Subscribers a second that leave and resume, and how long they stay away.
    pub(crate) churn: f64,
    pub(crate) away: Duration,
    pub(crate) seconds: u32,
}

/// What came of one.
#[derive(Debug)]
pub(crate) struct Soaked {
    accounts: Accounts,
    /// How often a subscriber left and resumed.
    resumed: u64,
    latency: Latency,
    ack: Latency,
    late: Latency,
    cost: Cost,
    /// Seconds from the first event, and the server's memory then.
    memory: Vec<(f64, Memory)>,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    refuse_too_many(u64::from(options.rate) * u64::from(options.seconds))?;
    let soak = Soak {
        subscribers: options.subscribers as usize,
        filter: options.following.filter,
        topics: options.following.topics.into(),
        rate: options.rate.into(),
        churn: options.churn.into(),
        away: Duration::from_millis(options.away.into()),
        seconds: options.seconds,
    };
    let subject = Subject::start(&options.target, soak.subscribers + 4)?;
    let soaked = soak_in(&subject, soak, Run::starting_at(now_ns(), soak.topics))?;
    let warning = subject.warning();
    subject.stop()?;
    let mut text = soaked.text(&soak);
    warning.iter().for_each(|warning| line(&mut text, "note", warning));
    let json = json!({ "workload": "soak", "result": soaked.json(&soak), "warning": warning });
    Ok(Outcome { passed: soaked.accounts.passed(), text, json })
}

/// Soaks one server.
pub(crate) fn soak_in(subject: &Subject, soak: Soak, run: Run) -> Result<Soaked, CommandError> {
    let order = Order {
        addr: subject.addr,
        run,
        pace: Pace::EventsPerSecond(soak.rate),
        connections: 4,
        batch: 1,
        first_seq: 0,
        events_max: (soak.rate * f64::from(soak.seconds)) as u64,
        time_max: Duration::from_secs(2 * 86_400),
    };
    let mut herd = Herd::new(subject.addr, run, soak.filter)?;
    let bar = progress("opening subscribers", soak.subscribers as u64);
    herd.open(soak.subscribers, None, &bar)?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    let mut churn = Churn::new(&soak);
    let mut memory = Vec::new();
    let interval = (Duration::from_secs(soak.seconds.into()) / SAMPLES).max(SAMPLE_INTERVAL_MIN);
    let bar = progress("soaking", order.events_max);
    let meter = subject.meter()?;
    let begun = Instant::now();
    let receipt = gather_while(&mut herd, &mut expected, &order, &bar, &mut |herd| {
        churn.turn(herd, begun.elapsed())?;
        if begun.elapsed() >= interval * memory.len() as u32 {
            // A server that cannot be read any more has ended, which its streams tell.
            let now = subject.memory().ok().flatten().unwrap_or_default();
            memory.push((begun.elapsed().as_secs_f64(), now));
        }
        Ok(())
    })?;
    // One that was served late may still be away; it is owed everything all the same.
    churn.turn(&mut herd, Duration::MAX)?;
    drain(&mut herd, &expected)?;
    let cost = subject.cost_since(&meter)?;
    bar.finish_and_clear();
    memory.retain(|(_, memory)| memory.rss > 0);
    Ok(Soaked {
        accounts: Accounts::settle(&herd, &expected, receipt.refused, receipt.repeated_ids(), &receipt.acks),
        resumed: churn.resumed,
        latency: herd.latency.clone(),
        ack: receipt.ack,
        late: receipt.late,
        cost,
        memory,
    })
}

/// Who leaves next, and who comes back when.
struct Churn {
    subscribers: usize,
    rate: f64,
    away: Duration,
    left: u64,
    resumed: u64,
    /// When each is due back, and its number.
    gone: VecDeque<(Duration, usize)>,
    until: Duration,
}

impl Churn {
    fn new(soak: &Soak) -> Churn {
        // Everybody is due back well before the last event, so that what is owed is not waited for in vain.
        let last_due = f64::from(soak.seconds) - 1.0 / soak.rate;
        let margin = soak.away.as_secs_f64() + BACK_BEFORE_END_SECONDS;
        let until = Duration::from_secs_f64((last_due - margin).max(0.0));
        let Soak { subscribers, churn: rate, away, .. } = *soak;
        Churn { subscribers, rate, away, left: 0, resumed: 0, gone: VecDeque::new(), until }
    }

    fn turn(&mut self, herd: &mut Herd, now: Duration) -> Result<(), HerdError> {
        while self.gone.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, number)) = self.gone.pop_front() else { break };
            herd.resume(number)?;
            self.resumed += 1;
        }
        // One that is away, or was lost, has nothing to leave; its turn passes.
        while now < self.until && (self.left as f64) < self.rate * now.as_secs_f64() {
            // A stride that meets everybody in turn, but not in the order in which they came.
            let number = (self.left as usize).wrapping_mul(7919) % self.subscribers;
            self.left += 1;
            if herd.leave(number) {
                self.gone.push_back((now + self.away, number));
            }
        }
        Ok(())
    }
}

impl Soaked {
    fn trend(&self, bytes: fn(&Memory) -> u64) -> Option<Trend> {
        let from = self.memory.last()?.0 * SETTLING_PART;
        let settled = self.memory.iter().filter(|(at, _)| *at >= from);
        Trend::of(settled.map(|(at, memory)| (*at, bytes(memory) as f64)))
    }

    pub(crate) fn text(&self, soak: &Soak) -> String {
        let Soak { subscribers, rate, churn, seconds, filter, .. } = soak;
        let mut text = format!(
            "soak: {subscribers} subscribers, filter {filter}, {rate}/s for {seconds} s, \
             {churn} a second leave and resume\n"
        );
        self.accounts.write_lines(&mut text, "accounts");
        line(&mut text, "resumed", &format!("{} times", self.resumed));
        line(&mut text, "delivery", &self.latency.line_ms());
        line(&mut text, "ack", &self.ack.line_ms());
        line(&mut text, "late by", &self.late.line_ms());
        line(&mut text, "CPU", &self.cost.line(self.accounts.tally.delivered, "delivery"));
        let trends = [("anonymous", self.trend(|m| m.anonymous)), ("RSS", self.trend(|m| m.rss))];
        for (name, trend) in trends {
            let unknown = || "unknown (give --spawn or --server-pid, and more seconds)".to_owned();
            let told = trend.map_or_else(unknown, |trend| trend.line());
            line(&mut text, "memory", &format!("{name} {told}"));
        }
        text
    }

    pub(crate) fn json(&self, soak: &Soak) -> Value {
        let series: Vec<Value> =
            self.memory.iter().map(|(at, memory)| json!([at, memory_json(memory)])).collect();
        json!({
            "subscribers": soak.subscribers,
            "filter": soak.filter.to_string(),
            "topics": soak.topics,
            "rate": soak.rate,
            "churn": soak.churn,
            "awaySeconds": soak.away.as_secs_f64(),
            "soakSeconds": soak.seconds,
            "accounts": self.accounts.json(),
            "resumed": self.resumed,
            "delivery": self.latency.json(),
            "ack": self.ack.json(),
            "late": self.late.json(),
            "cpu": self.cost.json(self.accounts.tally.delivered),
            "trend": {
                "anonymous": self.trend(|memory| memory.anonymous).map(|trend| trend.json()),
                "rss": self.trend(|memory| memory.rss).map(|trend| trend.json()),
            },
            "memoryOverTime": series,
        })
    }
}
