//! The comparison as text: contenders as columns, figures as rows, the best of each marked; below it the goals,
//! and whoever was skipped or at fault.

use std::fmt::Write;

use crate::compare::contender::Contender;
use crate::compare::figure::Figure;
use crate::compare::goal::{GOALS, Goal, Verdict};
use crate::compare::plan::Plan;
use crate::compare::results::Results;

const LABEL_WIDTH: usize = 26;
const COLUMN_WIDTH: usize = 17;

/// The whole report. Writing to a String cannot fail.
pub(crate) fn text(plan: &Plan, results: &Results) -> String {
    let mut text = String::from("compare: medians; * marks the best, the send loop apart\n\n");
    let _ = write!(text, "{:LABEL_WIDTH$}", "");
    for contender in &plan.contenders {
        let _ = write!(text, "{:>COLUMN_WIDTH$} ", contender.name());
    }
    text.push('\n');
    let mut stage = None;
    for figure in Figure::all(plan) {
        if stage.replace(figure.stage) != Some(figure.stage) {
            let rounds = figure.stage.rounds(plan.rounds);
            let rounds = if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") };
            let _ = writeln!(text, "{} ({rounds})", plan.words(figure.stage));
        }
        row(&mut text, plan, results, figure);
    }
    text.push_str("\ngoals\n");
    GOALS.iter().filter(|goal| plan.stages.contains(&goal.figure.stage)).for_each(|goal| {
        let _ = writeln!(text, "  {}", goal_line(goal, results));
    });
    results.skipped.iter().for_each(|missing| {
        let _ = writeln!(text, "skipped {missing}");
    });
    for fault in &results.faults {
        let (name, round) = (fault.contender.name(), fault.round);
        let _ = writeln!(text, "FAULT {name}, {}, round {round}: {}", plan.words(fault.stage), fault.story);
    }
    if results.faults.is_empty() {
        text.push_str("accounts EXACT: every event came once, in order, to every subscriber of everybody\n");
    }
    results.warnings.iter().for_each(|warning| {
        let _ = writeln!(text, "note {warning}");
    });
    text
}

fn row(text: &mut String, plan: &Plan, results: &Results, figure: Figure) {
    let label = format!("  {}", figure.measure.words());
    let _ = write!(text, "{label:LABEL_WIDTH$}");
    let best = results.best(&plan.contenders, figure);
    for contender in &plan.contenders {
        let mark = if best == Some(*contender) { '*' } else { ' ' };
        let _ = write!(text, "{:>COLUMN_WIDTH$}{mark}", cell(results, *contender, figure));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn cell(results: &Results, contender: Contender, figure: Figure) -> String {
    match results.median(contender, figure) {
        Some(value) => figure.measure.show(value),
        None if !Plan::offers(contender, figure.stage) => "none".to_owned(),
        None => "–".to_owned(),
    }
}

fn goal_line(goal: &Goal, results: &Results) -> String {
    let verdict = goal.check(results);
    let found = match &verdict {
        Verdict::Met(value) | Verdict::NotMet(value) => format!("{value:.2}"),
        Verdict::Unknown(who) => format!("without {who}"),
    };
    let what = format!("{} {}", goal.figure.stage.short(), goal.figure.measure.words().trim());
    format!("{:<9} {what:<42} {:<28} {found}", verdict.words(), goal.bound.words())
}
