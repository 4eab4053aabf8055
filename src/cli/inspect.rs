//! `tailwire log inspect`: what a log directory holds, without changing it.

use std::cmp::Ordering;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::exit::Exit;
use crate::cli::terminal::clean;
use crate::config::InspectOptions;
use crate::json;
use crate::log::{Hole, Inspection, OpenError, RealDisk, SegmentSummary};

/// Runs the command on the process's own output. Ends with 1 where the log cannot be read or has a fault.
pub fn inspect(options: &InspectOptions) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    run(options, &mut out, &mut err).into()
}

/// One run of the command, its output given.
pub(in crate::cli) fn run(options: &InspectOptions, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let inspection = match read(&options.data_dir) {
        Ok(inspection) => inspection,
        Err(error) => {
            let _closed = writeln!(err, "tailwire: {} {error}", options.data_dir.display());
            return Exit::Refused;
        }
    };
    let text = if options.json { json_text(&inspection) } else { human_text(&inspection) };
    // Nobody reads any more (`tailwire log inspect | head`): no failure.
    let _closed = writeln!(out, "{text}");
    if inspection.faults.is_empty() { Exit::Done } else { Exit::Refused }
}

/// Why a directory cannot be looked into; goes on after the directory's name.
#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error("cannot be opened: {0}; name a log directory with --data-dir")]
    Directory(#[from] std::io::Error),
    #[error("is not a Tailwire log (no META in it): name one with --data-dir")]
    NoLog,
    #[error("cannot be read: {0}")]
    Log(#[from] OpenError),
}

fn read(data_dir: &Path) -> Result<Inspection, InspectError> {
    let disk = RealDisk::open_existing(data_dir)?;
    match crate::log::inspect(&disk) {
        Err(OpenError::Io { file, source, .. }) if file == "META" && source.kind() == ErrorKind::NotFound => {
            Err(InspectError::NoLog)
        }
        other => Ok(other?),
    }
}

pub(in crate::cli) fn human_text(log: &Inspection) -> String {
    let mut text = format!(
        "log {}, format {}, epoch {}, created {}\nevents {}, segment files: {}, {} together",
        hexadecimal(&log.uuid),
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
        let last = (segment.base.0 + segment.count).saturating_sub(1);
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
        let missed = match hole.missed {
            None => "an unknown number of events".to_owned(),
            Some(1) => "1 event".to_owned(),
            Some(missed) => format!("{missed} events"),
        };
        text.push_str(&format!("\nhole: {missed} between {} and {}", hole.after, hole.first));
    }
    for fault in &log.faults {
        text.push_str(&format!("\nFAULT: {}", clean(fault)));
    }
    text
}

/// Ids are strings as everywhere in JSON; sizes and times are numbers.
fn json_text(log: &Inspection) -> String {
    let segments: Vec<String> = log.segments.iter().map(json_segment).collect();
    let holes: Vec<String> = log.holes.iter().map(json_hole).collect();
    let faults: Vec<String> = log.faults.iter().map(|fault| json_string(fault)).collect();
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
        hexadecimal(&log.uuid),
        log.format,
        log.epoch,
        log.created_ms,
        log.earliest,
        log.last
    ) + &format!(
        r#""checkpoint":{checkpoint},"segments":[{}],"holes":[{}],"faults":[{}]}}"#,
        segments.join(","),
        holes.join(","),
        faults.join(",")
    )
}

fn json_segment(segment: &SegmentSummary) -> String {
    let time = |time: Option<u64>| time.map_or_else(|| "null".to_owned(), |time| time.to_string());
    format!(
        r#"{{"file":{},"firstEventId":"{}","count":{},"fileBytes":{},"frameBytes":{},"sealed":{},"#,
        json_string(&segment.file),
        segment.base,
        segment.count,
        segment.file_bytes,
        segment.frame_bytes,
        segment.sealed,
    ) + &format!(
        r#""firstTime":{},"lastTime":{}}}"#,
        time(segment.times_ms.map(|times| times.0)),
        time(segment.times_ms.map(|times| times.1))
    )
}

fn json_hole(hole: &Hole) -> String {
    let missed = hole.missed.map_or_else(|| "null".to_owned(), |missed| missed.to_string());
    format!(r#"{{"after":"{}","first":"{}","missed":{missed}}}"#, hole.after, hole.first)
}

fn json_string(text: &str) -> String {
    let mut out = Vec::new();
    json::string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `1 to 42`, `42` alone, or that there is none.
fn range(first: u64, last: u64) -> String {
    match first.cmp(&last) {
        Ordering::Greater => "none".to_owned(),
        Ordering::Equal => first.to_string(),
        Ordering::Less => format!("{first} to {last}"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Unix milliseconds as RFC 3339; the number itself where no calendar has it.
fn time(unix_ms: u64) -> String {
    let known = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| format!("{unix_ms} ms"), |time| time.to_string())
}
