//! `tailwire log inspect`: what a log directory holds, without changing it.

use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::log_place::{complain, open_disk};
use crate::cli::log_words::{
    hexadecimal, json_fault, json_hole, json_list, json_string, range, size, time, words_of_hole,
};
use crate::cli::terminal::clean;
use crate::config::InspectOptions;
use crate::log::{Examined, Inspection};

/// Ends with 1 where the log cannot be read or has a fault.
pub(in crate::cli) fn run(options: &InspectOptions, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let read = open_disk(&options.data_dir).and_then(|disk| Ok(crate::log::inspect(&disk)?));
    let inspection = match read {
        Ok(inspection) => inspection,
        Err(error) => return complain(err, &options.data_dir, &error),
    };
    let text = if options.json { json_text(&inspection) } else { human_text(&inspection) };
    // Nobody reads any more (`tailwire log inspect | head`): no failure.
    let _closed = writeln!(out, "{text}");
    if inspection.faults.is_empty() { Exit::Done } else { Exit::Refused }
}

pub(in crate::cli) fn human_text(log: &Inspection) -> String {
    let mut text = format!(
        "log {}, format {}, epoch {}, created {}\nevents {}, segment files: {}, {} together",
        uuid(log),
        log.format,
        log.epoch,
        time(log.created_ms),
        range(log.earliest.0, log.last.0),
        log.segments.len(),
        size(log.segments.iter().map(|segment| segment.file_bytes).sum()),
    );
    if let Some(checkpoint) = log.checkpoint {
        let stop = if checkpoint.clean { "closed in order" } else { "open or not closed in order" };
        text.push_str(&format!(
            "\ncheckpoint {}: durable up to {}, {stop}",
            checkpoint.generation, checkpoint.durable
        ));
    }
    text.push_str(
        "\n\nsegment                        events                   frames      first and last time",
    );
    for segment in &log.segments {
        let state = if segment.sealed { "" } else { "  (open)" };
        let last = segment.base.0.saturating_add(segment.count.unwrap_or(0)).saturating_sub(1);
        let times = segment.times_ms.map(|(first, last)| format!("{} … {}", time(first), time(last)));
        text.push_str(&format!(
            "\n{:<30} {:<24} {:<11} {}{state}",
            clean(&segment.file),
            range(segment.base.0, last),
            size(segment.frame_bytes),
            times.unwrap_or_default(),
        ));
    }
    for hole in &log.holes {
        text.push_str(&format!("\nhole: {}", words_of_hole(hole)));
    }
    for fault in &log.faults {
        text.push_str(&format!("\nFAULT: {}", clean(&fault.to_string())));
    }
    text
}

/// Ids are strings as everywhere in JSON; sizes and times are numbers.
fn json_text(log: &Inspection) -> String {
    let checkpoint = log.checkpoint.map_or_else(
        || "null".to_owned(),
        |point| {
            format!(
                r#"{{"generation":"{}","durable":"{}","clean":{},"relaxed":{}}}"#,
                point.generation, point.durable, point.clean, point.relaxed
            )
        },
    );
    format!(
        r#"{{"uuid":"{}","format":{},"epoch":{},"createdAt":{},"earliestEventId":"{}","lastEventId":"{}","#,
        uuid(log),
        log.format,
        log.epoch,
        log.created_ms,
        log.earliest,
        log.last
    ) + &format!(
        r#""checkpoint":{checkpoint},"segments":[{}],"holes":[{}],"faults":[{}]}}"#,
        json_list(&log.segments, json_segment),
        json_list(&log.holes, json_hole),
        json_list(&log.faults, json_fault)
    )
}

fn json_segment(segment: &Examined) -> String {
    let time = |time: Option<u64>| time.map_or_else(|| "null".to_owned(), |time| time.to_string());
    format!(
        r#"{{"file":{},"firstEventId":"{}","count":{},"fileBytes":{},"frameBytes":{},"sealed":{},"#,
        json_string(&segment.file),
        segment.base,
        segment.count.map_or_else(|| "null".to_owned(), |count| count.to_string()),
        segment.file_bytes,
        segment.frame_bytes,
        segment.sealed,
    ) + &format!(
        r#""firstTime":{},"lastTime":{}}}"#,
        time(segment.times_ms.map(|times| times.0)),
        time(segment.times_ms.map(|times| times.1))
    )
}

fn uuid(log: &Inspection) -> String {
    log.uuid.map_or_else(|| "unknown".to_owned(), |uuid| hexadecimal(&uuid))
}
