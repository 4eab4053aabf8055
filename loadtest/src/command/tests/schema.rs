//! The fields of the record that other programs may rely on. A field that goes or changes its name is a new
//! schema; one that is added is not, and is added here.

use std::time::Duration;

use serde_json::Value;

use crate::command::measure::{Accounts, Load, Measured};
use crate::command::outcome::Growth;
use crate::command::saturate::Saturation;
use crate::load::{Cost, Filter, Latency, Tally};
use crate::record::complete;

fn measured<L>(load: L) -> Measured<L> {
    let mut latency = Latency::new().unwrap();
    latency.record(1_000_000);
    let accounts = Accounts {
        tally: Tally { delivered: 4, ..Tally::default() },
        owed: 4,
        missing: 0,
        lacking: 0,
        refused: 0,
        wrong_acks: 0,
        stories: Vec::new(),
    };
    Measured {
        name: "tailwire",
        load,
        accounts,
        events: 2,
        deliveries: 4,
        seconds: 2.0,
        latency: latency.clone(),
        ack: latency.clone(),
        late: latency,
        cost: Cost { server: Some(1.0), softirq: 0.0, client: 1.0, seconds: 2.0 },
        memory: Growth { before: None, after: None },
    }
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

const COMMON: [&str; 10] = [
    "accounts",
    "ack",
    "cpu",
    "deliveries",
    "deliveriesPerSecond",
    "delivery",
    "late",
    "memory",
    "seconds",
    "server",
];

fn check(json: &Value, own: &[&str]) {
    let mut wanted = [&COMMON, own].concat();
    wanted.sort_unstable();
    assert_eq!(keys(json), wanted);
    assert_eq!(json["deliveriesPerSecond"], 2.0);
    assert_eq!(
        keys(&json["delivery"]),
        ["count", "maxUs", "p50Us", "p90Us", "p999Us", "p99Us", "percentiles"]
    );
    assert_eq!(
        keys(&json["accounts"]),
        ["exact", "lackingSubscribers", "missing", "owed", "refused", "stories", "tally", "wrongAcks"]
    );
    assert_eq!(
        keys(&json["cpu"]),
        ["clientSeconds", "seconds", "serverSeconds", "serverUsEach", "softirqSeconds"]
    );
}

#[test]
fn a_fanout_has_these_fields() {
    let load = Load {
        subscribers: 2,
        filter: Filter::All,
        topics: 1,
        rate: 1.0,
        events: 2,
        warmup_events: 0,
        connections: 1,
    };
    check(&measured(load).json(), &["events", "filter", "rate", "subscribers", "topics"]);
}

#[test]
fn a_saturation_has_these_fields() {
    let (warmup, time) = (Duration::ZERO, Duration::ZERO);
    let load = Saturation { subscribers: 2, in_flight: 1, batch: 1, warmup, time, processes: 1 };
    check(&measured(load).saturation_json(), &["batch", "events", "inFlight", "subscribers"]);
}

#[test]
fn a_record_tells_what_it_was_made_on() {
    let record = complete(serde_json::json!({ "workload": "x" }), true);
    assert_eq!(keys(&record), ["passed", "run", "schema", "workload"]);
    assert_eq!((&record["schema"], &record["passed"]), (&1.into(), &true.into()));
    assert_eq!(keys(&record["run"]), ["commandLine", "commit", "machine", "unixSeconds", "version"]);
    assert_eq!(keys(&record["run"]["machine"]), ["architecture", "cpu", "cpus", "kernel", "memoryBytes"]);
}
