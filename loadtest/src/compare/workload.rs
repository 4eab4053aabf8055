//! The stages on one started server: what each measures and how its accounts come out. The rounds and who is
//! next are `run`'s.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use indicatif::ProgressBar;

use crate::client::now_ns;
use crate::command::{Accounts, CommandError, Stretches, measure, measure_plan, progress, settled};
use crate::compare::figure::Measure;
use crate::compare::plan::Plan;
use crate::compare::stage::Stage;
use crate::load::{
    Cost, Expected, Filter, Herd, Latency, Order, Pace, Receipt, Run, Subject, drain, gather, publish,
};

/// Events of one request when a log is filled; a dialect may allow fewer.
const FILL_BATCH: u64 = 500;

/// What one stage found on one server.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) values: Vec<(Measure, f64)>,
    pub(crate) accounts: Accounts,
}

/// Puts one server under the load of one stage. `label` heads the progress bars.
pub(crate) fn work(subject: &Subject, plan: &Plan, stage: Stage, label: &str) -> Result<Found, CommandError> {
    let run = Run::starting_at(now_ns(), 1).speaking(subject.dialect);
    match stage {
        Stage::Narrow | Stage::Wide => fanout(subject, plan, stage, run, label),
        Stage::Saturate1 | Stage::Saturate16 => saturate(subject, plan, stage, run, label),
        Stage::Idle => idle(subject, plan, run, label),
        Stage::Replay => replay(subject, plan, run, label),
    }
}

fn fanout(
    subject: &Subject,
    plan: &Plan,
    stage: Stage,
    run: Run,
    label: &str,
) -> Result<Found, CommandError> {
    let measured = measure(subject, plan.load(stage), run, label)?;
    let cpu = measured.cost.server_us_each(measured.deliveries).unwrap_or(f64::NAN);
    let mut values = vec![(Measure::Cpu, cpu)];
    values.extend(percentiles(&measured.latency, &measured.ack));
    Ok(Found { values, accounts: measured.accounts })
}

/// Unpaced publishing: first a third that is not measured, then the rest. The rate counts to the last delivery,
/// so a server that acknowledges faster than it delivers gains nothing by its backlog; it shows in the latency,
/// which grows for as long as the stage lasts. The bound on events keeps that from lasting for minutes.
fn saturate(
    subject: &Subject,
    plan: &Plan,
    stage: Stage,
    run: Run,
    label: &str,
) -> Result<Found, CommandError> {
    let order = |share: u32| Order {
        events_max: plan.saturate_events / u64::from(share),
        time_max: plan.saturate / share,
        ..unpaced(subject, run, stage.in_flight())
    };
    let stretches = Stretches {
        subscribers: plan.subscribers as usize,
        processes: 1,
        filter: Filter::All,
        warmup: order(3),
        measured: order(1),
    };
    let measured = measure_plan(subject, (), stretches, label)?;
    let tool = tool_percent(&measured.cost);
    let mut values = vec![(Measure::Rate, measured.deliveries_per_second()), (Measure::Tool, tool)];
    values.extend(percentiles(&measured.latency, &measured.ack));
    Ok(Found { values, accounts: measured.accounts })
}

/// Memory as its growth from a fifth of the subscribers to all, so that what a server allocates once does not
/// count; then one event that all must get.
fn idle(subject: &Subject, plan: &Plan, run: Run, label: &str) -> Result<Found, CommandError> {
    let few = (plan.idle_subscribers / 5).max(1);
    let mut herd = open(subject, few, run, None, label)?;
    let before = settled(subject, &mut herd)?;
    let bar = progress(format!("{label}opening subscribers"), plan.idle_subscribers.into());
    herd.open(plan.idle_subscribers as usize, None, &bar)?;
    bar.finish_and_clear();
    let after = settled(subject, &mut herd)?;
    let more = f64::from(plan.idle_subscribers - few);
    let grown = |after: u64, before: u64| (after as f64 - before as f64) / more;
    let memory = before.zip(after).map(|(before, after)| grown(after.pss, before.pss));
    let mut expected = Expected::default();
    let order = unpaced(subject, run, 1);
    let receipt = gather(&mut herd, &mut expected, &order, &ProgressBar::hidden())?;
    let values = vec![(Measure::Memory, memory.unwrap_or(f64::NAN))];
    Ok(Found { values, accounts: settle(&herd, &expected, &receipt) })
}

/// From the first connect to the last frame, every frame checked.
fn replay(subject: &Subject, plan: &Plan, run: Run, label: &str) -> Result<Found, CommandError> {
    let events_max = plan.replay_events.into();
    let bar = progress(format!("{label}filling the log"), events_max);
    let order = Order { events_max, batch: FILL_BATCH, ..unpaced(subject, run, Stage::Replay.in_flight()) };
    let receipt = publish(&order, &AtomicU64::new(0))?;
    bar.finish_and_clear();
    let mut expected = Expected::default();
    expected.add(&run, &receipt.acks);
    let (begun, meter) = (now_ns(), subject.meter()?);
    let mut herd = open(subject, plan.replay_subscribers, run, Some(0), label)?;
    drain(&mut herd, &expected)?;
    let tool = tool_percent(&subject.cost_since(&meter)?);
    let seconds = herd.last_delivery_ns.saturating_sub(begun) as f64 / 1e9;
    let values = vec![(Measure::Frames, herd.tally.delivered as f64 / seconds), (Measure::Tool, tool)];
    Ok(Found { values, accounts: settle(&herd, &expected, &receipt) })
}

fn open(
    subject: &Subject,
    subscribers: u32,
    run: Run,
    last_event_id: Option<u64>,
    label: &str,
) -> Result<Herd, CommandError> {
    let mut herd = Herd::new(subject.addr, run, Filter::All)?;
    let bar = progress(format!("{label}opening subscribers"), subscribers.into());
    herd.open(subscribers as usize, last_event_id, &bar)?;
    bar.finish_and_clear();
    Ok(herd)
}

/// One event, if no more are asked for; the next request as soon as the last is answered.
fn unpaced(subject: &Subject, run: Run, connections: usize) -> Order {
    Order {
        addr: subject.addr,
        run,
        pace: Pace::Unpaced,
        connections,
        batch: 1,
        first_seq: 0,
        events_max: 1,
        time_max: Duration::from_secs(60),
    }
}

fn tool_percent(cost: &Cost) -> f64 {
    100.0 * cost.client / cost.seconds
}

fn percentiles(delivery: &Latency, ack: &Latency) -> [(Measure, f64); 4] {
    let ms = |latency: &Latency, percent| latency.us(percent) / 1000.0;
    [
        (Measure::P50, ms(delivery, 50.0)),
        (Measure::P99, ms(delivery, 99.0)),
        (Measure::AckP50, ms(ack, 50.0)),
        (Measure::AckP99, ms(ack, 99.0)),
    ]
}

fn settle(herd: &Herd, expected: &Expected, receipt: &Receipt) -> Accounts {
    Accounts::settle(herd, expected, receipt.refused, receipt.repeated_ids(), &receipt.acks)
}
