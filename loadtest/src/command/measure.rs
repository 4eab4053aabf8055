//! One measured fan-out on one server: open the herd, warm up, measure, wait for the rest, settle the
//! accounts. `fanout` prints one of these; the comparison with the send loop is a row of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::command::outcome::{CommandError, Growth, line, progress};
use crate::load::{Cost, Expected, Filter, Herd, Latency, Order, Pace, Run, Subject, Tally, gather};

/// The parameters of one measurement.
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

/// What was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) load: Load,
    pub(crate) accounts: Accounts,
    /// Deliveries of the measured stretch, without the warm-up.
    pub(crate) deliveries: u64,
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
    fn order(&self, subject: &Subject, run: Run, first_seq: u64, events: u64) -> Order {
        Order {
            addr: subject.addr,
            run,
            pace: Pace::EventsPerSecond(self.rate),
            connections: self.connections,
            batch: 1,
            first_seq,
            events_max: events,
            // The count of events ends the run; this only bounds it.
            time_max: Duration::from_secs(2 * 3600),
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
    let before = subject.memory()?;
    let mut herd = Herd::new(subject.addr, run, load.filter)?;
    let bar = progress(format!("{label}opening subscribers"), load.subscribers as u64);
    herd.open(load.subscribers, None, &bar)?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    let warmup = load.order(subject, run, 0, load.warmup_events);
    let bar = progress(format!("{label}warming up"), load.warmup_events);
    let mut acks = gather(&mut herd, &mut expected, &warmup, &bar)?.acks;
    bar.finish_and_clear();
    herd.latency.clear();
    let delivered = herd.tally.delivered;
    let bar = progress(format!("{label}publishing"), load.events);
    let order = load.order(subject, run, load.warmup_events, load.events);
    let meter = subject.meter()?;
    let mut receipt = gather(&mut herd, &mut expected, &order, &bar)?;
    let cost = subject.cost_since(&meter)?;
    bar.finish_and_clear();
    acks.append(&mut receipt.acks);
    receipt.acks = acks;
    Ok(Measured {
        name: subject.name,
        load,
        accounts: Accounts::settle(&herd, &expected, receipt.refused, receipt.repeated_ids(), &receipt.acks),
        deliveries: herd.tally.delivered - delivered,
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
        line(&mut text, "accounts", &self.accounts.line());
        self.accounts.stories.iter().for_each(|story| line(&mut text, "", story));
        line(&mut text, "delivery", &self.latency.line_ms());
        line(&mut text, "ack", &self.ack.line_ms());
        line(&mut text, "late by", &self.late.line_ms());
        line(&mut text, "CPU", &self.cost.line(self.deliveries, "delivery"));
        line(&mut text, "memory", &self.memory.line());
        text
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "server": self.name,
            "subscribers": self.load.subscribers,
            "rate": self.load.rate,
            "events": self.load.events,
            "filter": self.load.filter.to_string(),
            "topics": self.load.topics,
            "accounts": self.accounts.json(),
            "deliveries": self.deliveries,
            "delivery": self.latency.json(),
            "ack": self.ack.json(),
            "late": self.late.json(),
            "cpu": self.cost.json(self.deliveries),
            "memory": self.memory.json(),
        })
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
