//! `tailwire log repair`: says what is wrong and what would be done, and with `--yes` does it.

use std::io::Write;
use std::sync::Arc;

use crate::cli::exit::Exit;
use crate::cli::log_place::{PlaceError, complain, open_disk};
use crate::cli::log_words::{count, json_hole, json_list, json_string, range, words_of_hole};
use crate::cli::terminal::clean;
use crate::config::RepairOptions;
use crate::log::{Disk, Repaired, rehearse_repair, repair};

/// Ends with 1 where something is to be repaired and was not. `now_ms`: unix milliseconds.
pub(in crate::cli) fn run(
    options: &RepairOptions,
    now_ms: u64,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let opened = open_disk(&options.data_dir).map(|disk| Arc::new(disk) as Arc<dyn Disk>);
    let rehearsed = opened.and_then(|disk| {
        let plan = rehearse_repair(&disk, now_ms).map_err(PlaceError::from)?;
        Ok((disk, plan))
    });
    let (disk, plan) = match rehearsed {
        Ok(rehearsed) => rehearsed,
        Err(error) => return complain(err, &options.data_dir, &error),
    };
    let needed = !plan.reasons.is_empty();
    let mut done = None;
    if !options.json {
        let _closed = writeln!(out, "{}", plan_text(&plan, options.yes));
    }
    if needed && options.yes {
        match repair(disk, now_ms).map_err(PlaceError::from) {
            Ok(repaired) => done = Some(repaired),
            Err(error) => return complain(err, &options.data_dir, &error),
        }
    }
    if options.json {
        let _closed = writeln!(out, "{}", json_text(&plan, done.as_ref()));
    } else if let Some(done) = &done {
        let _closed = writeln!(out, "done:{}", changes(done));
    }
    if needed && done.is_none() { Exit::Refused } else { Exit::Done }
}

fn plan_text(plan: &Repaired, yes: bool) -> String {
    if plan.reasons.is_empty() {
        return "nothing is to be repaired".to_owned();
    }
    let mut text = String::new();
    for reason in &plan.reasons {
        text.push_str(&format!("WRONG: {}\n", clean(reason)));
    }
    text.push_str(if yes { "to be done:" } else { "would be done:" });
    text.push_str(&changes(plan));
    if !yes {
        text.push_str("\nnothing was changed: run it again with --yes to do it");
    }
    text
}

/// A line for each change.
fn changes(repaired: &Repaired) -> String {
    let mut text = String::new();
    for hole in &repaired.holes {
        text.push_str(&format!("\n  a hole is recorded: {}", words_of_hole(hole)));
    }
    for file in &repaired.aside {
        text.push_str(&format!("\n  a damaged file is kept as {}", clean(file)));
    }
    if repaired.resealed > 0 {
        text.push_str(&format!("\n  sealed anew: {}", count(repaired.resealed as u64, "segment")));
    }
    if repaired.torn_entries > 0 {
        let torn = count(repaired.torn_entries, "event");
        text.push_str(&format!("\n  dropped: {torn} of a write that was not finished"));
    }
    if let Some(epoch) = repaired.epoch {
        text.push_str(&format!("\n  epoch {epoch} begins"));
    }
    text.push_str("\n  both CHECKPOINTs are written anew");
    text + &format!("\n  kept: events {}", range(repaired.earliest.0, repaired.last.0))
}

fn json_text(plan: &Repaired, done: Option<&Repaired>) -> String {
    let reasons: Vec<String> = plan.reasons.iter().map(|reason| json_string(reason)).collect();
    let changed = done.unwrap_or(plan);
    let aside: Vec<String> = changed.aside.iter().map(|file| json_string(file)).collect();
    format!(
        r#"{{"needed":{},"done":{},"reasons":[{}],"holes":[{}],"putAside":[{}],"resealed":{},"tornEntries":{},"#,
        !plan.reasons.is_empty(),
        done.is_some(),
        reasons.join(","),
        json_list(&changed.holes, json_hole),
        aside.join(","),
        changed.resealed,
        changed.torn_entries,
    ) + &format!(
        r#""newEpoch":{},"earliestEventId":"{}","lastEventId":"{}"}}"#,
        changed.epoch.map_or_else(|| "null".to_owned(), |epoch| epoch.to_string()),
        changed.earliest,
        changed.last
    )
}
