//! `GET /metrics`: what the statistics show, in Prometheus's text format 0.0.4.
//!
//! Written out by hand: everything here is read from live state when it is asked for, so there is nothing to register.
//! Labels are of fixed sets; no address and no user ever is one.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use http::StatusCode;

use crate::clock;
use crate::http::Reply;
use crate::metrics::{Counter, WorkerFigures};
use crate::server::look::sum;
use crate::server::shared::Shared;
use crate::server::worker::Worker;
use crate::throttle::Rate;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Picks a figure of a worker.
type Pick = fn(&WorkerFigures) -> &Counter;
/// Picks from a rate's tokens a second and its burst.
type Column = fn((f64, f64)) -> f64;

/// The text so far.
#[derive(Default)]
struct Exposition {
    out: String,
}

/// Writing to a `String` cannot fail: what `write!` returns says nothing.
impl Exposition {
    fn family(&mut self, kind: &str, name: &str, help: &str) {
        let _ok = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, value: impl Display) {
        let _ok = writeln!(self.out, "{name} {value}");
    }

    fn labelled(&mut self, name: &str, label: &str, of: impl Display, value: impl Display) {
        let _ok = writeln!(self.out, "{name}{{{label}=\"{of}\"}} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family("gauge", name, help);
        self.sample(name, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family("counter", name, help);
        self.sample(name, value);
    }
}

pub(crate) fn metrics(worker: &Worker) -> Reply {
    let shared = &worker.shared;
    let mut text = Exposition::default();
    connections(shared, &mut text);
    events(shared, &mut text);
    refusals(shared, &mut text);
    limits(shared, &mut text);
    workers(shared, &mut text);
    Reply { status: StatusCode::OK, content_type: TEXT, headers: Vec::new(), body: text.out.into_bytes() }
        .with("Cache-Control", "no-store")
}

fn connections(shared: &Shared, text: &mut Exposition) {
    let places = shared.quota.addresses().figures();
    let subscribers = shared.subscribers.load(Ordering::Relaxed);
    text.gauge("tailwire_subscribers", "Open subscriptions.", subscribers);
    text.gauge(
        "tailwire_subscribers_max",
        "Open subscriptions at the most.",
        shared.settings.max_connections,
    );
    text.gauge("tailwire_subscribed_addresses", "Addresses with subscriptions.", places.addresses);
    text.gauge(
        "tailwire_address_subscribers_peak",
        "Most subscriptions of one address.",
        places.address_peak,
    );
    text.gauge("tailwire_subscribed_users", "Users with subscriptions.", places.users);
    text.gauge("tailwire_user_subscribers_peak", "Most subscriptions of one user.", places.user_peak);
    let (name, help) = ("tailwire_subscriptions", "Open subscriptions by what they name.");
    text.family("gauge", name, help);
    text.labelled(name, "filter", "all", sum(shared, |one| &one.subscribers_all));
    text.labelled(name, "filter", "streams", sum(shared, |one| &one.subscribers_streams));
    text.labelled(name, "filter", "users", sum(shared, |one| &one.subscribers_users));
    let behind = sum(shared, |one| &one.behind);
    text.gauge(
        "tailwire_subscribers_behind",
        "Subscriptions that lack events which wait for their sockets.",
        behind,
    );
    let uptime_s = shared.uptime_ms(clock::monotonic_ms()) / 1000;
    text.gauge("tailwire_uptime_seconds", "Time since the start.", uptime_s);
}

fn events(shared: &Shared, text: &mut Exposition) {
    let (reader, view) = (&shared.reader, shared.reader.view());
    text.gauge("tailwire_last_event_id", "The newest event that is shown.", reader.visible());
    text.gauge("tailwire_earliest_event_id", "The oldest event that is kept.", reader.earliest());
    let published = shared.events_published.load(Ordering::Relaxed);
    text.counter("tailwire_events_published_total", "Events stored, repeats not counted.", published);
    text.gauge("tailwire_log_segments", "Segment files of the log.", view.segments().len());
    text.gauge("tailwire_log_bytes", "Bytes of the segment files.", view.bytes());
    text.gauge("tailwire_log_damaged_pieces", "Damaged stretches that were found.", view.damaged_pieces());
}

fn refusals(shared: &Shared, text: &mut Exposition) {
    let accepts = sum(shared, |one| &one.accepts);
    text.counter("tailwire_accepts_total", "Connections accepted.", accepts);
    let closed = sum(shared, |one| &one.closed_on_accept);
    text.counter(
        "tailwire_closed_on_accept_total",
        "Connections closed at once for their address's limit.",
        closed,
    );
    let failures = sum(shared, |one| &one.auth_failures);
    text.counter("tailwire_auth_failures_total", "Credentials that were not good.", failures);
    let name = "tailwire_refusals_total";
    text.family("counter", name, "Requests refused for now, by the reason.");
    let reasons: [(&str, Pick); 5] = [
        ("capacity", |one| &one.refused_capacity),
        ("address", |one| &one.refused_address),
        ("user", |one| &one.refused_user),
        ("rate", |one| &one.refused_rate),
        ("auth", |one| &one.refused_auth),
    ];
    for (reason, pick) in reasons {
        text.labelled(name, "reason", reason, sum(shared, pick));
    }
}

/// A limit that is off has no sample.
fn limits(shared: &Shared, text: &mut Exposition) {
    let limits = &shared.settings.limits;
    let name = "tailwire_connections_limit";
    text.family("gauge", name, "Connections that one address and one user may have.");
    let each = [("address", limits.connections_per_address), ("user", limits.connections_per_user)];
    for (of, max) in each {
        if let Some(max) = max {
            text.labelled(name, "per", of, max);
        }
    }
    let rates: [(&str, Option<Rate>); 5] = [
        ("subscriptions_per_address", limits.subscriptions_per_address),
        ("subscriptions_per_user", limits.subscriptions_per_user),
        ("events_per_address", limits.events_per_address),
        ("events_per_user", limits.events_per_user),
        ("auth_failures_per_address", limits.auth_failures_per_address),
    ];
    let rates =
        rates.map(|(of, rate)| (of, rate.map(|rate| (rate.tokens_per_second(), f64::from(rate.burst())))));
    let columns: [(&str, &str, Column); 2] = [
        ("tailwire_rate_limit_per_second", "How fast the buckets of a rate fill.", |(rate, _)| rate),
        ("tailwire_rate_limit_burst", "What the buckets of a rate hold.", |(_, burst)| burst),
    ];
    for (name, help, pick) in columns {
        text.family("gauge", name, help);
        for (of, rate) in rates {
            if let Some(rate) = rate {
                text.labelled(name, "of", of, pick(rate));
            }
        }
    }
    text.gauge("tailwire_filter_terms_max", "Terms of one filter at the most.", limits.filter_terms);
}

fn workers(shared: &Shared, text: &mut Exposition) {
    let name = "tailwire_worker_connections";
    text.family("gauge", name, "Open connections of any kind, by worker.");
    for (id, one) in shared.figures.iter().enumerate() {
        text.labelled(name, "worker", id, one.connections.get());
    }
    let name = "tailwire_deliveries_total";
    text.family("counter", name, "Events handed to the kernel, once for each subscriber, by worker.");
    for (id, one) in shared.figures.iter().enumerate() {
        text.labelled(name, "worker", id, one.deliveries.get());
    }
}
