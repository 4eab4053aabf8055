//! `loadtest hostile`: subscribers with exact accounts, first in peace, then beside clients that mean harm. What they
//! must not change is what the subscribers get; when the server gets rid of them, and by what, is told as well.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::{Frame, Memory, Subscription, SubscriptionError, now_ns};
use crate::command::measure::Accounts;
use crate::command::outcome::{CommandError, Outcome, line, memory_json, progress, refuse_too_many};
use crate::load::{
    Attack, AttackError, Expected, Fate, Filter, Herd, Latency, Order, Pace, Receipt, Run, Siege, Subject,
    attack, gather, gather_while,
};
use crate::options::TargetOptions;

/// How long the attackers may take to be there.
const GATHERING_MAX: Duration = Duration::from_secs(20);
const NEWCOMER_PAUSE: Duration = Duration::from_millis(500);
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// Pieces in which a greeting may come.
const READS_MAX: usize = 4;
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// Clients that mean harm beside subscribers with exact accounts: what those feel, and when the others are cut
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Open subscriptions
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(1..=16_000))]
    subscribers: u32,

    /// Events a second
    #[arg(long, value_name = "R", default_value_t = 100, value_parser = value_parser!(u32).range(1..=10_000))]
    rate: u32,

    /// Seconds of each half, the quiet one and the one beside attackers
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = value_parser!(u32).range(2..=600))]
    seconds: u32,

    /// What the attackers do; several by commas. All of them where it is left away
    #[arg(long, value_enum, value_name = "ATTACK,…", value_delimiter = ',')]
    attack: Vec<Attack>,

    /// Attackers of each kind that stands and waits; those that are cut come again
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u32).range(1..=16_000))]
    attackers: u32,

    /// Connections a second of each kind that comes and goes
    #[arg(long, value_name = "R", default_value_t = 500, value_parser = value_parser!(u32).range(1..=5000))]
    storm_rate: u32,

    /// Milliseconds between two pieces (a header line, a byte) of a slow attacker
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = value_parser!(u64).range(20..=60_000))]
    drip_ms: u64,

    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

const EXAMPLES: &str = "Examples:
  # 5,000 heads that never end while 1,000 subscribers get 100 events a second
  loadtest hostile --spawn target/release/tailwire --attack slow-heads --attackers 5000

  # everything at once, with a server that is soon full
  loadtest hostile --spawn target/release/tailwire --subscribers 200 \\
      --server-arg=--max-connections --server-arg=1000

\"cut\" counts how the server got rid of an attacker: by a 408, by another status, by closing, by a reset; and
how long after it had connected. Newcomers are ordinary subscribers that come during the attack, two a second.";

/// What the second half was like for those who are not subscribers of the herd.
#[derive(Debug)]
struct Beside {
    fates: Vec<Fate>,
    newcomers: Newcomers,
    memory: Vec<(f64, Memory)>,
}

#[derive(Debug)]
struct Newcomers {
    greeted: Latency,
    failed: u64,
}

struct Scene<'a> {
    subject: &'a Subject,
    run: Run,
    herd: Herd,
    expected: Expected,
    receipts: Vec<Receipt>,
    rate: f64,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    if options.target.sendloop {
        return Err(CommandError::NeedsLog);
    }
    let events = refuse_too_many(u64::from(options.rate) * u64::from(options.seconds) * 2)? / 2;
    let attacks = if options.attack.is_empty() { every_attack() } else { options.attack.clone() };
    let standing = attacks.iter().filter(|attack| attack.stands()).count() * options.attackers as usize;
    let subscribers = options.subscribers as usize;
    let subject = Subject::start(&options.target, subscribers + standing + 64)?;
    let run = Run::starting_at(now_ns(), 1);
    let mut scene = Scene {
        subject: &subject,
        run,
        herd: Herd::new(subject.addr, run, Filter::All)?,
        expected: Expected::default(),
        receipts: Vec::new(),
        rate: options.rate.into(),
    };
    let bar = progress("opening subscribers", subscribers as u64);
    scene.herd.open(subscribers, None, &bar)?;
    bar.finish_and_clear();
    let idle = subject.memory()?;
    let quiet = scene.quiet(events)?;
    let quiet_accounts = scene.settle();
    let siege = Siege {
        addr: subject.addr,
        attacks,
        standing: options.attackers as usize,
        storm_rate: options.storm_rate,
        drip: Duration::from_millis(options.drip_ms),
    };
    let beside = scene.besieged(&siege, standing as u64, events)?;
    let besieged = scene.herd.latency.clone();
    let accounts = scene.settle();
    drop(scene);
    subject.stop()?;
    let halves = [(&quiet_accounts, &quiet), (&accounts, &besieged)];
    Ok(outcome(options, halves, idle, &beside))
}

fn every_attack() -> Vec<Attack> {
    clap::ValueEnum::value_variants().to_vec()
}

impl Scene<'_> {
    fn order(&self, events: u64) -> Order {
        let done = self.receipts.iter().map(|receipt| receipt.acks.len() as u64 + receipt.refused).sum();
        Order {
            addr: self.subject.addr,
            run: self.run,
            pace: Pace::EventsPerSecond(self.rate),
            connections: 4,
            batch: 1,
            first_seq: done,
            events_max: events,
            time_max: Duration::from_secs(3600),
        }
    }

    fn quiet(&mut self, events: u64) -> Result<Latency, CommandError> {
        let bar = progress("in peace", events);
        let order = self.order(events);
        self.receipts.push(gather(&mut self.herd, &mut self.expected, &order, &bar)?);
        bar.finish_and_clear();
        let latency = self.herd.latency.clone();
        self.herd.latency.clear();
        Ok(latency)
    }

    /// Publishes once the attackers are there. They go on until all that is owed has come.
    fn besieged(&mut self, siege: &Siege, standing: u64, events: u64) -> Result<Beside, CommandError> {
        let (stop, there) = (AtomicBool::new(false), AtomicU64::new(0));
        let query = self.run.query(Filter::All, 0);
        std::thread::scope(|scope| {
            let attackers = scope.spawn(|| attack(siege, &stop, &there));
            let newcomers = scope.spawn(|| newcomers(siege, &query, &stop));
            let published = self.publish_beside(&there, standing, events);
            stop.store(true, Ordering::Release);
            let fates = attackers.join().map_err(|_| AttackError::Panicked)??;
            let newcomers = newcomers.join().map_err(|_| AttackError::Panicked)??;
            Ok(Beside { fates, newcomers, memory: published? })
        })
    }

    fn publish_beside(
        &mut self,
        there: &AtomicU64,
        standing: u64,
        events: u64,
    ) -> Result<Vec<(f64, Memory)>, CommandError> {
        let deadline = Instant::now() + GATHERING_MAX;
        // Some may be cut before the last has come.
        while there.load(Ordering::Acquire) < standing * 9 / 10 && Instant::now() < deadline {
            self.herd.pump(Duration::from_millis(20))?;
        }
        let bar = progress("beside attackers", events);
        let (begun, order, mut memory) = (Instant::now(), self.order(events), Vec::new());
        let mut next = Duration::ZERO;
        let subject = self.subject;
        let mut sample = |_: &mut Herd| {
            if begun.elapsed() >= next {
                next += MEMORY_EVERY;
                // A reading that fails shows as one that is not there.
                memory
                    .extend(subject.memory().ok().flatten().map(|now| (begun.elapsed().as_secs_f64(), now)));
            }
            Ok(())
        };
        self.receipts.push(gather_while(&mut self.herd, &mut self.expected, &order, &bar, &mut sample)?);
        bar.finish_and_clear();
        Ok(memory)
    }

    fn settle(&self) -> Accounts {
        let acks: Vec<(u64, u64)> =
            self.receipts.iter().flat_map(|receipt| receipt.acks.iter().copied()).collect();
        let refused = self.receipts.iter().map(|receipt| receipt.refused).sum();
        let repeated = self.receipts.iter().map(Receipt::repeated_ids).sum();
        Accounts::settle(&self.herd, &self.expected, refused, repeated, &acks)
    }
}

/// Subscribes again and again until `stop`, each time for as long as it takes to be greeted.
fn newcomers(siege: &Siege, query: &str, stop: &AtomicBool) -> Result<Newcomers, AttackError> {
    let mut newcomers = Newcomers { greeted: Latency::new()?, failed: 0 };
    while !stop.load(Ordering::Acquire) {
        let begun = now_ns();
        if is_greeted(siege, query).unwrap_or(false) {
            newcomers.greeted.record(now_ns() - begun);
        } else {
            newcomers.failed += 1;
        }
        std::thread::sleep(NEWCOMER_PAUSE);
    }
    Ok(newcomers)
}

fn is_greeted(siege: &Siege, query: &str) -> Result<bool, SubscriptionError> {
    let mut one = Subscription::open(siege.addr, query, None, GREETING_TIMEOUT)?;
    let mut greeted = false;
    // The head may come alone.
    for _ in 0..READS_MAX {
        let mut look = |frame: Frame<'_>| greeted |= matches!(frame, Frame::Greeting { .. });
        if one.read(1024, &mut look)? == 0 || greeted {
            break;
        }
    }
    one.cut();
    Ok(greeted)
}

fn outcome(
    options: &Options,
    [(quiet_accounts, quiet), (accounts, besieged)]: [(&Accounts, &Latency); 2],
    idle: Option<Memory>,
    beside: &Beside,
) -> Outcome {
    let ratio = besieged.us(99.0) / quiet.us(99.0).max(1.0);
    let Beside { fates, newcomers, memory } = beside;
    let mut text = format!(
        "hostile: {} subscribers, {} events/s, {} attackers of each kind, {} storming connections/s\n",
        options.subscribers, options.rate, options.attackers, options.storm_rate
    );
    quiet_accounts.write_lines(&mut text, "in peace");
    line(&mut text, "", &quiet.line_ms());
    accounts.write_lines(&mut text, "both");
    line(&mut text, "attacked", &besieged.line_ms());
    line(&mut text, "p99", &format!("{ratio:.2} × that in peace"));
    line(
        &mut text,
        "newcomers",
        &format!(
            "{} greeted, {} not; {}",
            newcomers.greeted.count(),
            newcomers.failed,
            newcomers.greeted.line_ms()
        ),
    );
    fates.iter().for_each(|fate| line(&mut text, &fate.attack.name(), &fate.line()));
    let mut series = String::new();
    for (seconds, memory) in idle.iter().map(|idle| (0.0, idle)).chain(memory.iter().map(|(s, m)| (*s, m))) {
        // Writing to a String cannot fail.
        let _ = write!(series, "{seconds:.0}s {}/{}  ", memory.anonymous / 1024, memory.rss / 1024);
    }
    line(&mut text, "memory", &format!("anonymous/RSS KiB, before and over time: {series}"));
    let series =
        memory.iter().map(|(seconds, memory)| json!([seconds, memory_json(memory)])).collect::<Vec<Value>>();
    let json = json!({
        "workload": "hostile",
        "subscribers": options.subscribers,
        "rate": options.rate,
        "attackers": options.attackers,
        "stormRate": options.storm_rate,
        "accountsQuiet": quiet_accounts.json(),
        "accounts": accounts.json(),
        "deliveryQuiet": quiet.json(),
        "deliveryAttacked": besieged.json(),
        "p99Ratio": ratio,
        "newcomers": { "greeted": newcomers.greeted.json(), "failed": newcomers.failed },
        "attacks": fates.iter().map(Fate::json).collect::<Vec<Value>>(),
        "memoryBefore": idle.map(|memory| memory_json(&memory)),
        "memory": series,
    });
    let passed = quiet_accounts.passed() && accounts.passed() && newcomers.failed == 0;
    Outcome { passed, text, json }
}
