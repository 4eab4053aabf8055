//! Tailwire against the plain send loop: the same load on each in turn, round after round, so that whatever
//! drifts on the machine drifts under both. The ratio of each round is what to read; absolute times are the
//! machine's.

use serde_json::{Value, json};

use crate::client::{Program, now_ns, pin_to_cpu, raise_file_limit};
use crate::command::measure::{Load, Measured, measure};
use crate::command::outcome::{CommandError, Outcome, line};
use crate::load::{Run, Subject, SubjectError};
use crate::options::TargetOptions;

/// The figures of one measurement that are compared.
#[derive(Debug, Clone, Copy)]
struct Figures {
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
    ack_p50_ms: f64,
    late_p99_ms: f64,
}

/// A figure's name, its key in JSON, and where it stands.
type Column = (&'static str, &'static str, fn(&Figures) -> f64);

const COLUMNS: [Column; 5] = [
    ("CPU µs a delivery", "cpuUsEach", |figures| figures.cpu_us),
    ("delivery p50 ms", "deliveryP50Ms", |figures| figures.p50_ms),
    ("delivery p99 ms", "deliveryP99Ms", |figures| figures.p99_ms),
    ("ack p50 ms", "ackP50Ms", |figures| figures.ack_p50_ms),
    ("late by p99 ms", "lateP99Ms", |figures| figures.late_p99_ms),
];

pub(crate) fn compare(
    options: &TargetOptions,
    tailwire: &Program,
    load: Load,
    rounds: u32,
) -> Result<Outcome, CommandError> {
    raise_file_limit((load.subscribers + load.connections) as u64).map_err(SubjectError::from)?;
    options.client_cpu.map_or(Ok(()), pin_to_cpu).map_err(SubjectError::from)?;
    let mut pairs = Vec::new();
    let mut results = Vec::new();
    let mut passed = true;
    let mut warning = None;
    for round in 0..rounds {
        // Who goes first changes, lest the second always find a warmer machine.
        let sides = if round % 2 == 0 { [true, false] } else { [false, true] };
        let mut pair = [None, None];
        for is_tailwire in sides {
            let (program, name) =
                if is_tailwire { (tailwire.clone(), "tailwire") } else { (Program::SendLoop, "send loop") };
            let subject = Subject::launch(options, program, name)?;
            let label = format!("round {} of {rounds}, {name}: ", round + 1);
            let measured = measure(&subject, load, Run::starting_at(now_ns(), load.topics), &label)?;
            warning = warning.or(subject.warning());
            subject.stop()?;
            passed &= measured.accounts.passed();
            results.push(measured.json());
            if let Some(side) = pair.get_mut(usize::from(!is_tailwire)) {
                *side = Some((Figures::of(&measured), measured.accounts.line()));
            }
        }
        if let [Some(tailwire), Some(send_loop)] = pair {
            pairs.push((tailwire, send_loop));
        }
    }
    let mut text = heading(&load, rounds);
    for (round, ((_, tailwire), (_, send_loop))) in pairs.iter().enumerate() {
        line(&mut text, &format!("round {}", round + 1), &format!("tailwire  {tailwire}"));
        line(&mut text, "", &format!("send loop {send_loop}"));
    }
    let figures: Vec<(Figures, Figures)> =
        pairs.iter().map(|((left, _), (right, _))| (*left, *right)).collect();
    let medians = medians(&figures, &mut text);
    let json = json!({
        "workload": "fanout-compare",
        "rounds": rounds,
        "results": results,
        "medians": medians,
        "warning": warning,
    });
    warning.iter().for_each(|warning| line(&mut text, "note", warning));
    Ok(Outcome { passed, text, json })
}

impl Figures {
    fn of(measured: &Measured) -> Figures {
        Figures {
            cpu_us: measured.cost.server_us_each(measured.deliveries).unwrap_or(f64::NAN),
            p50_ms: measured.latency.us(50.0) / 1000.0,
            p99_ms: measured.latency.us(99.0) / 1000.0,
            ack_p50_ms: measured.ack.us(50.0) / 1000.0,
            late_p99_ms: measured.late.us(99.0) / 1000.0,
        }
    }
}

fn heading(load: &Load, rounds: u32) -> String {
    format!(
        "fanout, tailwire against the plain send loop (no log, no durability): \
         {} subscribers × {}/s × {} events, {rounds} rounds\n",
        load.subscribers, load.rate, load.events
    )
}

/// The table of medians, in text and as JSON. The ratio is the median of the rounds' ratios.
fn medians(pairs: &[(Figures, Figures)], text: &mut String) -> Value {
    let mut all = serde_json::Map::new();
    for (name, key, figure) in COLUMNS {
        let side = |pick: &dyn Fn(&(Figures, Figures)) -> f64| median(pairs.iter().map(pick).collect());
        let tailwire = side(&|pair| figure(&pair.0));
        let send_loop = side(&|pair| figure(&pair.1));
        let ratio = side(&|pair| figure(&pair.0) / figure(&pair.1));
        line(
            text,
            "median",
            &format!("{name:<18} tailwire {tailwire:>9.3}   send loop {send_loop:>9.3}   ratio {ratio:.3}"),
        );
        all.insert(key.to_owned(), json!({ "tailwire": tailwire, "sendLoop": send_loop, "ratio": ratio }));
    }
    Value::Object(all)
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(middle) } else { (at(middle.wrapping_sub(1)) + at(middle)) / 2.0 }
}
