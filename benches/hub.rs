//! The way out without its sockets: finding whom an event is for, saying what each gets, and taking in that it was
//! sent. `match` has subscribers of a payment stream each, `dispatch` those of everything, `replay` those from the
//! beginning; a send takes all it is given at once.
//!
//! Not measured: the kernel's part, which is nine tenths of a delivery. The log is warm and has a fixed size; each
//! round has a new hub, of which the first half of the events is the warm-up.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at the first surprise")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use tailwire::event::EventId;

#[path = "../tests/steps/rig.rs"]
mod rig;

use rig::{Rig, WayOut};

/// Payment streams that events are of, in turn.
const STREAMS: u64 = 10_000;
/// Events that become visible together, as those of a batch do.
const BATCH: u64 = 64;

/// The time from half of `events` to all of them, visible in steps of `step`.
fn later_half(rig: &Rig, out: &mut WayOut, events: u64, step: u64) -> Duration {
    let mut visible = 0;
    let mut began = Instant::now();
    while visible < events {
        if visible == events / 2 {
            began = Instant::now();
        }
        visible += step;
        out.run_to(rig, EventId(visible));
    }
    began.elapsed()
}

/// Measures rounds of new hubs that `enter` fills; `each`: deliveries of a round's later half.
fn rounds(
    criterion: &mut Criterion,
    (group, name): (&str, String),
    (rig, events, step): (&Rig, u64, u64),
    (each, elements): (u64, u64),
    enter: impl Fn(&mut WayOut),
) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(elements));
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter_custom(|rounds| {
            let round = |_| {
                let mut out = rig.way_out(EventId::ZERO);
                enter(&mut out);
                let took = later_half(rig, &mut out, events, step);
                assert_eq!(out.hub.counts().deliveries, 2 * each);
                took
            };
            (0..rounds).map(round).sum()
        });
    });
    group.finish();
}

/// Events a payment stream each, among few and many subscribers of one each, and among many of others.
fn matching(criterion: &mut Criterion) {
    let events = 2 * STREAMS.next_multiple_of(BATCH);
    let mut rig = Rig::open();
    rig.publish((0..events).map(|number| 1 + number % STREAMS));
    let half = events / 2;
    for subscribers in [10, 1000, 10_000] {
        let heard = (0..events).filter(|number| number % STREAMS < subscribers).count() as u64;
        let name = format!("{subscribers} subscribers of a stream each");
        rounds(criterion, ("match", name), (&rig, events, BATCH), (heard / 2, half), |out| {
            out.join_each(subscribers, subscribers, EventId::ZERO);
        });
    }
}

/// Events to subscribers of everything, one by one and 64 together.
fn dispatching(criterion: &mut Criterion) {
    let mut rig = Rig::open();
    rig.publish((0..2 * BATCH).map(|_| 1));
    for subscribers in [1000, 10_000] {
        for step in [1, BATCH] {
            let deliveries = subscribers * BATCH;
            let name = format!("{subscribers} subscribers of everything, {step} at a time");
            let log = (&rig, 2 * BATCH, step);
            rounds(criterion, ("dispatch", name), log, (deliveries, deliveries), |out| {
                out.join_many(subscribers, EventId::ZERO);
            });
        }
    }
}

/// 100 subscribers from event 1 on, of everything and of a payment stream of 20 each.
fn replaying(criterion: &mut Criterion) {
    const EVENTS: u64 = 20_000;
    const SUBSCRIBERS: u64 = 100;
    let mut rig = Rig::open();
    rig.publish((0..EVENTS).map(|number| 1 + number % 20));
    let seen = rig.reader.visible();
    let bytes = {
        let view = rig.reader.view();
        view.segments()
            .iter()
            .map(|segment| segment.span(segment.base(), segment.last(seen)).len())
            .sum::<usize>()
    };
    let mut group = criterion.benchmark_group("replay");
    for (name, streams) in [("everything", None), ("one event in 20", Some(20))] {
        let part = streams.unwrap_or(1);
        group.throughput(Throughput::Bytes(SUBSCRIBERS * bytes as u64 / part));
        group.bench_function(BenchmarkId::new("100 subscribers", name), |bencher| {
            bencher.iter_custom(|rounds| {
                let round = |_| {
                    let mut out = rig.way_out(seen);
                    match streams {
                        None => out.join_many(SUBSCRIBERS, EventId::ZERO),
                        Some(streams) => out.join_each(SUBSCRIBERS, streams, EventId::ZERO),
                    }
                    let began = Instant::now();
                    out.run(&rig);
                    let took = began.elapsed();
                    assert_eq!(out.hub.counts().deliveries, SUBSCRIBERS * EVENTS / part);
                    took
                };
                (0..rounds).map(round).sum()
            });
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    matching(&mut criterion);
    dispatching(&mut criterion);
    replaying(&mut criterion);
    criterion.final_summary();
}
