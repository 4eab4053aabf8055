//! One measured load on one server: open the herd, warm up, measure, wait for the rest, settle the accounts.
//! `fanout` prints one of these; so do the other workloads that differ only in what is subscribed to and how
//! fast is published. The comparisons are rows of them. Nothing here prints.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::now_ns;
use crate::command::outcome::{CommandError, Growth, line, progress};
use crate::load::{
    Cost, Expected, Filter, Helpers, Herd, Latency, Order, Pace, Run, Shares, Subject, Tally, gather,
};

/// The parameters of one fan-out at a steady rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) subscribers: usize,
    pub(crate) filter: Filter,
    pub(crate) topics: u64,
    /// Events a second.
    pub(crate) rate: f64,
    pub(crate) events: u64,
    pub(crate) warmup_events: u64,
    pub(crate) connections: usize,
}

/// What a measurement does: who listens, what is published before the clock runs, and what while it does.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) subscribers: usize,
    pub(crate) filter: Filter,
    /// Processes that hold the subscribers, this one included.
    pub(crate) processes: usize,
    pub(crate) warmup: Order,
    /// Its first number is set to follow the warm-up.
    pub(crate) measured: Order,
}

/// What was measured, of a load with these parameters.
#[derive(Debug)]
pub(crate) struct Measured<L = Load> {
    pub(crate) name: &'static str,
    pub(crate) load: L,
    pub(crate) accounts: Accounts,
    /// Events and deliveries of the measured stretch, without the warm-up.
    pub(crate) events: u64,
    pub(crate) deliveries: u64,
    /// From the first request of the stretch to its last delivery.
    pub(crate) seconds: f64,
    pub(crate) latency: Latency,
    pub(crate) ack: Latency,
    pub(crate) late: Latency,
    pub(crate) cost: Cost,
    pub(crate) memory: Growth,
}

/// The whole run's accounts, the warm-up included.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) tally: Tally,
    pub(crate) owed: u64,
    pub(crate) missing: u64,
    /// Subscribers that lack an event.
    pub(crate) lacking: u64,
    /// Events that the server refused to take.
    pub(crate) refused: u64,
    /// Acknowledgements with an id that another event has, or that its deliveries contradict.
    pub(crate) wrong_acks: u64,
    pub(crate) stories: Vec<String>,
}

impl Load {
    /// The plan of this load, in one process.
    pub(crate) fn plan(&self, subject: &Subject, run: Run) -> Plan {
        let order = |events_max| Order {
            addr: subject.addr,
            run,
            pace: Pace::EventsPerSecond(self.rate),
            connections: self.connections,
            batch: 1,
            first_seq: 0,
            events_max,
            // The count of events ends the run; this only bounds it.
            time_max: Duration::from_secs(2 * 3600),
        };
        Plan {
            subscribers: self.subscribers,
            filter: self.filter,
            processes: 1,
            warmup: order(self.warmup_events),
            measured: order(self.events),
        }
    }
}

/// Runs one load against one server. `label` heads the progress bars.
pub(crate) fn measure(
    subject: &Subject,
    load: Load,
    run: Run,
    label: &str,
) -> Result<Measured, CommandError> {
    measure_plan(subject, load, load.plan(subject, run), label)
}

/// Carries out a plan. `load` only describes it.
pub(crate) fn measure_plan<L>(
    subject: &Subject,
    load: L,
    plan: Plan,
    label: &str,
) -> Result<Measured<L>, CommandError> {
    let Plan { subscribers, filter, processes, warmup, mut measured } = plan;
    let before = subject.memory()?;
    let mut herd = Herd::new(subject.addr, measured.run, filter)?;
    let bar = progress(format!("{label}opening subscribers"), subscribers as u64);
    // The helpers take the shares before this process's, which counts on from theirs.
    let shares = Shares { subscribers, processes };
    let mut helpers = Helpers::start(&measured, filter, shares)?;
    herd.set_first(shares.first(processes - 1), processes - 1);
    herd.open(shares.of(processes - 1), None, &bar)?;
    helpers.await_greeted()?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    let bar = progress(format!("{label}warming up"), warmup.events_max);
    let warmed = gather(&mut herd, &mut expected, &warmup, &bar)?;
    bar.finish_and_clear();
    measured.first_seq = warmup.first_seq + warmed.acks.len() as u64 + warmed.refused;
    herd.latency.clear();
    let delivered = herd.tally.delivered + helpers.clear()?;
    let bar = progress(format!("{label}publishing"), measured.events_max);
    let meter = subject.meter()?;
    let begun = now_ns();
    let mut receipt = gather(&mut herd, &mut expected, &measured, &bar)?;
    let helpers_cpu = helpers.settle(&expected, &mut herd)?;
    let mut cost = subject.cost_since(&meter)?;
    cost.client += helpers_cpu;
    bar.finish_and_clear();
    let events = receipt.acks.len() as u64;
    receipt.acks.extend(warmed.acks);
    let refused = receipt.refused + warmed.refused;
    Ok(Measured {
        name: subject.name,
        load,
        accounts: Accounts::settle(&herd, &expected, refused, receipt.repeated_ids(), &receipt.acks),
        events,
        deliveries: herd.tally.delivered - delivered,
        seconds: herd.last_delivery_ns.saturating_sub(begun) as f64 / 1e9,
        latency: herd.latency.clone(),
        ack: receipt.ack,
        late: receipt.late,
        cost,
        memory: Growth { before, after: subject.memory()? },
    })
}

impl Measured {
    pub(crate) fn text(&self) -> String {
        let Load { subscribers, rate, events, filter, topics, .. } = self.load;
        let mut text = format!(
            "fanout of {}: {subscribers} subscribers × {rate}/s × {events} events, \
             filter {filter}, {topics} topics\n",
            self.name
        );
        self.write_lines(&mut text);
        text
    }

    pub(crate) fn json(&self) -> Value {
        self.json_with(json!({
            "subscribers": self.load.subscribers,
            "rate": self.load.rate,
            "events": self.load.events,
            "filter": self.load.filter.to_string(),
            "topics": self.load.topics,
        }))
    }
}

impl<L> Measured<L> {
    /// Deliveries a second, from the first request to the last delivery.
    pub(crate) fn deliveries_per_second(&self) -> f64 {
        self.deliveries as f64 / self.seconds
    }

    /// The lines of a report that every load has.
    pub(crate) fn write_lines(&self, text: &mut String) {
        self.accounts.write_lines(text, "accounts");
        line(text, "delivery", &self.latency.line_ms());
        line(text, "ack", &self.ack.line_ms());
        line(text, "late by", &self.late.line_ms());
        line(text, "CPU", &self.cost.line(self.deliveries, "delivery"));
        line(text, "memory", &self.memory.line());
    }

    /// `own` is an object with the parameters of the load; what every load has is added to it.
    pub(crate) fn json_with(&self, mut own: Value) -> Value {
        let common = json!({
            "server": self.name,
            "accounts": self.accounts.json(),
            "deliveries": self.deliveries,
            "deliveriesPerSecond": self.deliveries_per_second(),
            "seconds": self.seconds,
            "delivery": self.latency.json(),
            "ack": self.ack.json(),
            "late": self.late.json(),
            "cpu": self.cost.json(self.deliveries),
            "memory": self.memory.json(),
        });
        if let (Value::Object(own), Value::Object(common)) = (&mut own, common) {
            own.extend(common);
        }
        own
    }
}

impl Accounts {
    pub(crate) fn settle(
        herd: &Herd,
        expected: &Expected,
        refused: u64,
        repeated_ids: u64,
        acks: &[(u64, u64)],
    ) -> Accounts {
        let (missing, lacking) = herd.missing(expected);
        Accounts {
            tally: herd.tally,
            owed: herd.owed(expected),
            missing,
            lacking,
            refused,
            wrong_acks: repeated_ids + herd.contradicted(acks),
            stories: herd.stories.clone(),
        }
    }

    pub(crate) fn passed(&self) -> bool {
        let faults = [self.missing, self.refused, self.wrong_acks];
        faults.iter().all(|count| *count == 0)
            && !self.tally.has_faults()
            && self.tally.delivered == self.owed
    }

    /// The verdict, and every count that spoils it.
    pub(crate) fn line(&self) -> String {
        let Accounts { tally, owed, missing, lacking, refused, wrong_acks, .. } = self;
        let verdict = if self.passed() { "EXACT" } else { "FAULTY" };
        let mut text = format!("{verdict}: delivered {} of {owed}", tally.delivered);
        let faults = [
            ("missing", *missing),
            ("subscribers that lack some", *lacking),
            ("duplicated", tally.duplicated),
            ("misordered", tally.misordered),
            ("id holes", tally.id_holes),
            ("foreign", tally.foreign),
            ("changed", tally.changed),
            ("gaps", tally.gaps),
            ("lost streams", tally.lost),
            ("refused", *refused),
            ("wrong acks", *wrong_acks),
        ];
        for (name, count) in faults.iter().filter(|(_, count)| *count > 0) {
            text.push_str(&format!(", {name} {count}"));
        }
        text
    }

    /// The verdict under this label, and the stories of what went wrong.
    pub(crate) fn write_lines(&self, text: &mut String, label: &str) {
        line(text, label, &self.line());
        self.stories.iter().for_each(|story| line(text, "", story));
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "exact": self.passed(),
            "owed": self.owed,
            "missing": self.missing,
            "lackingSubscribers": self.lacking,
            "refused": self.refused,
            "wrongAcks": self.wrong_acks,
            "tally": self.tally.json(),
            "stories": self.stories,
        })
    }
}
