//! The table marks the best, says who has nothing to show, and hides no fault.

use clap::Parser;
use serde_json::Value;

use crate::compare::contender::Contender::{self, Loop, Nchan, Node, Tailwire};
use crate::compare::figure::{Measure, thousands};
use crate::compare::options::Options;
use crate::compare::plan::Plan;
use crate::compare::results::{Fault, Results};
use crate::compare::stage::Stage;
use crate::compare::tests::results;
use crate::compare::{chart, report, table};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn plan(line: &str) -> Plan {
    Line::try_parse_from(line.split(' ')).unwrap().options.plan()
}

fn row<'a>(text: &'a str, label: &str) -> Vec<&'a str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label:?} in\n{text}")).split_whitespace().collect()
}

fn some() -> (Plan, Results) {
    let results = results(&[
        (Loop, Stage::Narrow, Measure::Cpu, &[4.0, 4.0, 4.4]),
        (Nchan, Stage::Narrow, Measure::Cpu, &[8.0, 9.0, 12.0]),
        (Tailwire, Stage::Narrow, Measure::Cpu, &[5.0, 5.0, 5.5]),
        (Nchan, Stage::Replay, Measure::Frames, &[103_816.0]),
        (Tailwire, Stage::Replay, Measure::Frames, &[3_029_336.4]),
    ]);
    (plan("compare --subjects loop,nchan,node,tailwire --stages narrow,replay --rounds 3"), results)
}

#[test]
fn medians_stand_in_the_columns_and_the_best_is_marked() {
    let (plan, results) = some();
    let text = table::text(&plan, &results);
    // The loop is the least of all and no choice; of Node nothing came.
    assert_eq!(row(&text, "CPU a delivery, µs"), ["4.00", "9.00", "–", "5.00*"], "{text}");
    assert_eq!(row(&text, "of the send loop's, ×"), ["1.00", "2.25", "–", "1.25*"], "{text}");
    assert_eq!(row(&text, "frames/s"), ["none", "103,816", "none", "3,029,336*"], "{text}");
    assert!(text.contains("accounts EXACT"), "{text}");
    assert!(text.contains("not met   fan-out, narrow: of the send loop's"), "{text}");
    assert!(text.contains("met       replay: frames/s"), "{text}");
    assert!(!text.contains("saturated"), "a stage that was left out has no goals: {text}");
}

#[test]
fn faults_and_absentees_are_told() {
    let (plan, mut results) = some();
    let story = "FAULTY: delivered 9 of 10, missing 1".to_owned();
    results.faults.push(Fault { contender: Node, stage: Stage::Narrow, round: 2, story });
    let lacks = "nginx".to_owned();
    results.skipped.push(crate::compare::contender::Missing { contender: Nchan, lacks, cure: "get it" });
    let text = table::text(&plan, &results);
    assert!(text.contains("FAULT node, fan-out, 1,000 subscribers × 50/s, round 2: FAULTY: "), "{text}");
    assert!(text.contains("skipped nchan: nginx is not there; get it"), "{text}");
    assert!(!text.contains("EXACT"), "{text}");
    assert!(results.has_faults(Node) && !results.has_faults(Tailwire));
}

#[test]
fn json_has_every_round_and_the_chart_every_contender() {
    let (plan, results) = some();
    let json = report::json(&plan, &results);
    let figures = json["figures"].as_array().unwrap();
    let of = |measure: &str| figures.iter().find(|figure| figure["measure"] == measure).unwrap();
    let rounds: Vec<f64> = of("cpuUsEach")["values"]["nchan"]["rounds"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    assert_eq!(rounds, [8.0, 9.0, 12.0]);
    assert_eq!(of("cpuUsEach")["best"], "tailwire");
    assert_eq!(of("framesPerSecond")["values"].get("node"), None);
    assert_eq!(json["goals"][0]["verdict"], "not met");
    let svg = chart::svg(&plan, &results);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    for contender in &plan.contenders {
        assert_eq!(svg.matches(&format!(">{}<", contender.name())).count(), 4, "{}: {svg}", contender.name());
    }
    assert!(svg.contains("3,029,336") && !svg.contains("NaN"), "{svg}");
}

#[test]
fn nothing_measured_is_no_zero() {
    let mut results = Results::default();
    let figure = crate::compare::figure::Figure::of(Stage::Idle, Measure::Memory);
    results.enter(Tailwire, figure, 0, f64::NAN);
    assert_eq!(results.median(Tailwire, figure), None);
    assert_eq!(results.best(Contender::all(), figure), None);
}

#[test]
fn thousands_are_set_apart() {
    for (value, text) in
        [(0.0, "0"), (999.4, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567"), (-1234.0, "-1,234")]
    {
        assert_eq!(thousands(value), text);
    }
}
