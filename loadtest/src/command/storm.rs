//! `loadtest storm`: everybody comes back at once, each far behind, while events go on arriving. How long
//! until all have caught up, what those who have feel meanwhile, and what the kernel holds for them.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::client::{Memory, SocketMemory, now_ns};
use crate::command::backlog::{Backlog, BehindOf, FRAME_BYTES};
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, memory_json, progress, refuse_too_many};
use crate::load::{
    Cost, Expected, Filter, GatherError, Herd, HerdError, Joining, Latency, Order, Pace, Receipt, Run,
    Subject, gather_while, publish,
};
use crate::options::TargetOptions;

/// Subscriptions that wait for their greeting at a time: a storm, but within a listener's backlog.
const GREETINGS_AWAITED_MAX: usize = 1000;
/// The server's memory after all have gone is read when it has not changed for the first, or after the second.
const SETTLED_FOR: Duration = Duration::from_secs(1);
const SETTLE_TIME_MAX: Duration = Duration::from_secs(5);

/// Subscribers far behind all connect at once while events arrive; time to catch up, live latency, kernel
/// memory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Subscribers of payment streams of their own
    #[arg(long, value_name = "A", default_value_t = 1000, value_parser = value_parser!(u32).range(0..=60_000))]
    own: u32,

    /// Subscribers of everything
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = value_parser!(u32).range(1..=60_000))]
    all: u32,

    /// Bytes that each is behind when it connects
    #[arg(
        long, value_name = "BYTES",
        default_value_t = 1_000_000,
        value_parser = value_parser!(u64).range(1000..=1_000_000_000),
    )]
    behind: u64,

    /// Whose bytes those are: what the subscriber itself is owed, or what the log has after its position
    #[arg(long, value_enum, default_value_t = BehindOf::Own)]
    behind_of: BehindOf,

    /// Payment streams of each subscriber of its own
    #[arg(long, value_name = "S", default_value_t = 4, value_parser = value_parser!(u64).range(1..=64))]
    streams_each: u64,

    /// Payment streams that the events go round [default: 64 for each of --streams-each]
    #[arg(long, value_name = "K", value_parser = value_parser!(u64).range(1..=1_000_000))]
    topics: Option<u64>,

    /// Events a second that arrive meanwhile
    #[arg(long, value_name = "R", default_value_t = 100, value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// Seconds that they arrive, from the first connection on
    #[arg(long, value_name = "S", default_value_t = 15, value_parser = value_parser!(u32).range(1..=600))]
    seconds: u32,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  loadtest storm --spawn target/release/tailwire
  loadtest storm --spawn target/release/tailwire --own 9900 --all 100 --behind 1000000 --seconds 30
  loadtest storm --spawn target/release/tailwire --own 9900 --all 100 --behind-of log --topics 39600

A subscriber has caught up when it got every event that was acknowledged before the storm.
Live latency counts, for each, the events due after that. Where --topics is less than
--own times --streams-each, every subscriber has a set of payment streams of its own, but
shares each of them with others; so 10,000 times 1 MB fit a log of 64 MB.";

/// How fast and how heavy a storm is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storm {
    pub(crate) backlog: Backlog,
    /// Events a second that arrive meanwhile, and for how long.
    pub(crate) rate: f64,
    pub(crate) seconds: u64,
}

/// What came of a storm.
#[derive(Debug)]
pub(crate) struct Weathered {
    accounts: Accounts,
    /// Subscribers that never caught up.
    behind: usize,
    /// From the first connect until each had caught up.
    catch_up: Latency,
    /// From the first connect until all were connected.
    connected_seconds: f64,
    /// Bytes and events received when the last caught up.
    caught: Option<Caught>,
    live: Latency,
    ack: Latency,
    late: Latency,
    cost: Cost,
    sockets: SocketMemory,
    /// The server's memory before, with all caught up, and when all had gone.
    memory: [Option<Memory>; 3],
}

#[derive(Debug, Clone, Copy)]
struct Caught {
    seconds: f64,
    bytes: u64,
    events: u64,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    let backlog = Backlog {
        own: options.own.into(),
        all: options.all.into(),
        streams_each: options.streams_each,
        topics: options.topics.unwrap_or(options.streams_each * 64).max(options.streams_each),
        behind: options.behind.div_ceil(FRAME_BYTES),
        of: options.behind_of,
    };
    let storm = Storm { backlog, rate: options.rate.into(), seconds: options.seconds.into() };
    refuse_too_many(backlog.events() + u64::from(options.rate) * storm.seconds)?;
    let subject = Subject::start(&options.target, (options.own + options.all) as usize + 4)?;
    let weathered = weather(&subject, storm, Run::starting_at(now_ns(), backlog.topics))?;
    let warning = subject.warning();
    subject.stop()?;
    let mut text = weathered.text(&storm);
    warning.iter().for_each(|warning| line(&mut text, "note", warning));
    let json = json!({ "workload": "storm", "result": weathered.json(&storm), "warning": warning });
    Ok(Outcome { passed: weathered.passed(), text, json })
}

/// Fills the log, then lets the storm loose on the server.
pub(crate) fn weather(subject: &Subject, storm: Storm, run: Run) -> Result<Weathered, CommandError> {
    let Storm { backlog, rate, seconds } = storm;
    let mut order = Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections: 4,
        batch: 1000,
        first_seq: 0,
        events_max: backlog.events(),
        time_max: Duration::from_secs(3600),
    };
    let bar = progress("filling the log", backlog.events());
    let filled = publish(&order, &AtomicU64::new(0)).map_err(GatherError::from)?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    expected.add(&run, &filled.acks);
    let joinings = backlog.joinings(&expected, &filled.acks);
    order.pace = Pace::EventsPerSecond(rate);
    order.batch = 1;
    order.first_seq = backlog.events();
    order.events_max = (rate * seconds as f64) as u64;

    let before = subject.memory()?;
    let meter = subject.meter()?;
    let mut herd = Herd::new(subject.addr, run, Filter::All)?;
    let mut watch = Watch::new(joinings);
    let receipt = watch.gather(&mut herd, &mut expected, &order)?;
    let cost = subject.cost_since(&meter)?;
    let with_all = subject.memory()?;
    let mut catch_up = Latency::new().map_err(HerdError::from)?;
    herd.caught_up_at().for_each(|at| catch_up.record(at.saturating_sub(watch.begun_ns)));
    let accounts = settle(&herd, &expected, &[&filled, &receipt]);
    let (behind, live) = (herd.behind(), herd.latency.clone());
    drop(herd);
    Ok(Weathered {
        accounts,
        behind,
        catch_up,
        connected_seconds: watch.connected_seconds,
        caught: watch.caught,
        live,
        ack: receipt.ack,
        late: receipt.late,
        cost,
        sockets: watch.sockets,
        memory: [before, with_all, settled(subject)?],
    })
}

fn settle(herd: &Herd, expected: &Expected, receipts: &[&Receipt]) -> Accounts {
    let acks: Vec<(u64, u64)> = receipts.iter().flat_map(|receipt| receipt.acks.iter().copied()).collect();
    let refused = receipts.iter().map(|receipt| receipt.refused).sum();
    let repeated = receipts.iter().map(|receipt| receipt.repeated_ids()).sum();
    Accounts::settle(herd, expected, refused, repeated, &acks)
}

/// The server's memory once it no longer changes.
fn settled(subject: &Subject) -> Result<Option<Memory>, CommandError> {
    let begun = Instant::now();
    let (mut last, mut since) = (subject.memory()?, Instant::now());
    while last.is_some() && since.elapsed() < SETTLED_FOR && begun.elapsed() < SETTLE_TIME_MAX {
        std::thread::sleep(Duration::from_millis(100));
        let now = subject.memory()?;
        if now.map(|memory| memory.anonymous) != last.map(|memory| memory.anonymous) {
            since = Instant::now();
        }
        last = now;
    }
    Ok(last)
}

/// Connects everybody, then watches them catch up.
struct Watch {
    joinings: Vec<Joining>,
    begun_ns: u64,
    connected_seconds: f64,
    caught: Option<Caught>,
    sockets: SocketMemory,
}

impl Watch {
    fn new(joinings: Vec<Joining>) -> Watch {
        let sockets = SocketMemory::begin();
        Watch { joinings, begun_ns: now_ns(), connected_seconds: 0.0, caught: None, sockets }
    }

    fn gather(
        &mut self,
        herd: &mut Herd,
        expected: &mut Expected,
        order: &Order,
    ) -> Result<Receipt, CommandError> {
        let bar = progress("subscribers caught up", self.joinings.len() as u64);
        let subscribers = self.joinings.len();
        let hidden = ProgressBar::hidden();
        let receipt = gather_while(herd, expected, order, &hidden, &mut |herd| {
            self.connect_all(herd)?;
            self.look(herd);
            bar.set_position((subscribers - herd.behind()) as u64);
            Ok(())
        })?;
        // The last may have caught up while what was still under way was waited for.
        self.look(herd);
        bar.finish_and_clear();
        Ok(receipt)
    }

    fn connect_all(&mut self, herd: &mut Herd) -> Result<(), HerdError> {
        if self.joinings.is_empty() {
            return Ok(());
        }
        self.begun_ns = now_ns();
        for joining in std::mem::take(&mut self.joinings) {
            herd.join(joining)?;
            herd.await_greetings(GREETINGS_AWAITED_MAX)?;
            self.sockets.sample();
        }
        self.connected_seconds = self.seconds();
        Ok(())
    }

    fn look(&mut self, herd: &Herd) {
        self.sockets.sample();
        if self.caught.is_none() && herd.behind() == 0 {
            let (bytes, events) = (herd.tally.bytes, herd.tally.delivered);
            self.caught = Some(Caught { seconds: self.seconds(), bytes, events });
        }
    }

    fn seconds(&self) -> f64 {
        now_ns().saturating_sub(self.begun_ns) as f64 / 1e9
    }
}

impl Weathered {
    pub(crate) fn passed(&self) -> bool {
        self.accounts.passed() && self.behind == 0
    }

    pub(crate) fn text(&self, storm: &Storm) -> String {
        let Backlog { own, all, streams_each, topics, behind, of } = storm.backlog;
        let owed = match of {
            BehindOf::Own => "owed to it",
            BehindOf::Log => "in the log",
        };
        let mut text = format!(
            "storm: {own} subscribers of {streams_each} of {topics} payment streams each and {all} of all, \
             each {behind} events ({:.2} MB) {owed} behind, {}/s meanwhile\n",
            (behind * FRAME_BYTES) as f64 / 1e6,
            storm.rate
        );
        self.accounts.write_lines(&mut text, "accounts");
        let caught = match &self.caught {
            Some(Caught { seconds, bytes, events }) => format!(
                "all in {seconds:.2} s: {:.0} MB at {:.0} MB/s, {:.0} frames/s; half in {:.2} s; \
                 connected in {:.2} s",
                *bytes as f64 / 1e6,
                *bytes as f64 / 1e6 / seconds,
                *events as f64 / seconds,
                self.catch_up.us(50.0) / 1e6,
                self.connected_seconds
            ),
            None => format!("{} NEVER CAUGHT UP", self.behind),
        };
        line(&mut text, "caught up", &caught);
        line(&mut text, "live", &format!("{}, {} of them", self.live.line_ms(), self.live.count()));
        line(&mut text, "ack", &self.ack.line_ms());
        line(&mut text, "late by", &self.late.line_ms());
        line(&mut text, "CPU", &self.cost.line(self.accounts.tally.delivered, "delivery"));
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let SocketMemory { before, peak, last, .. } = self.sockets;
        let each = peak.saturating_sub(before) / (own + all).max(1) / 1024;
        line(
            &mut text,
            "kernel",
            &format!(
                "TCP memory, both ends: {:.1} MB before, peak {:.1} MB ({each} KiB a subscriber), {:.1} MB last",
                mb(before),
                mb(peak),
                mb(last)
            ),
        );
        line(&mut text, "memory", &memory_line(&self.memory));
        text
    }

    pub(crate) fn json(&self, storm: &Storm) -> Value {
        let Backlog { own, all, streams_each, topics, behind, of } = storm.backlog;
        json!({
            "own": own,
            "all": all,
            "streamsEach": streams_each,
            "topics": topics,
            "behindEvents": behind,
            "behindOf": if of == BehindOf::Own { "own" } else { "log" },
            "rate": storm.rate,
            "accounts": self.accounts.json(),
            "neverCaughtUp": self.behind,
            "caughtUpSeconds": self.caught.map(|caught| caught.seconds),
            "caughtUpBytes": self.caught.map(|caught| caught.bytes),
            "caughtUpEvents": self.caught.map(|caught| caught.events),
            "connectedSeconds": self.connected_seconds,
            "catchUp": self.catch_up.json(),
            "live": self.live.json(),
            "ack": self.ack.json(),
            "late": self.late.json(),
            "cpu": self.cost.json(self.accounts.tally.delivered),
            "kernelTcpBytes": {
                "before": self.sockets.before,
                "peak": self.sockets.peak,
                "last": self.sockets.last,
            },
            "memory": self.memory.iter().map(|memory| memory.as_ref().map(memory_json)).collect::<Vec<_>>(),
        })
    }
}

fn memory_line(memory: &[Option<Memory>; 3]) -> String {
    let kib = |memory: &Option<Memory>| match memory {
        Some(memory) => format!("{}/{}", memory.anonymous / 1024, memory.rss / 1024),
        None => "unknown".to_owned(),
    };
    let [before, with_all, after] = memory.each_ref().map(kib);
    format!("anonymous/RSS KiB {before} before, {with_all} with all, {after} when they had gone")
}
