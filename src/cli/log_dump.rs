//! `tailwire log dump`: entries and frames as they lie on the disk, for people; what is damaged is said in its place.

use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::log_frame;
use crate::cli::log_place::{complain, open_disk};
use crate::cli::log_words::{json_fault, json_hole, json_string, time, words_of_hole};
use crate::cli::show::parse;
use crate::cli::terminal::clean;
use crate::config::DumpOptions;
use crate::event::{EventId, EventType};
use crate::log::{Access, Entry, Extent, Fault, Flags, FoundEvent, Survey, Visitor};

/// Ends with 1 where the log cannot be read or something in the range is damaged.
pub(in crate::cli) fn run(options: &DumpOptions, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let dumped = open_disk(&options.data_dir).and_then(|disk| {
        let survey = Survey::open(&disk, Access::Read)?;
        Ok(dump(&survey, options, out))
    });
    match dumped {
        Ok(0) => Exit::Done,
        Ok(_) => Exit::Refused,
        Err(error) => complain(err, &options.data_dir, &error),
    }
}

/// The number of faults.
fn dump(survey: &Survey<'_>, options: &DumpOptions, out: &mut dyn Write) -> u64 {
    let mut dump = Dump { out, json: options.json, left: options.limit, faults: 0, closed: false };
    let (first, last) = (EventId(options.from), EventId(options.until));
    let bases = survey.segments();
    let mut holes = survey.holes().iter().filter(|hole| hole.first > first && hole.after < last).peekable();
    let mut examined = Vec::new();
    for (at, &base) in bases.iter().enumerate() {
        while let Some(hole) = holes.next_if(|hole| hole.first <= base) {
            dump.line(&match options.json {
                true => format!("{{\"hole\":{}}}", json_hole(hole)),
                false => format!("-- hole: {}", words_of_hole(hole)),
            });
        }
        let before = bases.get(at + 1).is_some_and(|&next| next <= first);
        if before || base > last || dump.left == 0 || dump.closed {
            continue;
        }
        examined.push(survey.examine(base, Extent::Events { first, last }, &mut dump));
    }
    if examined.len() == bases.len() {
        // Whether the chain is whole can only be said of all of it.
        for fault in survey.conclude(&examined).0 {
            dump.fault(fault);
        }
    }
    dump.faults
}

struct Dump<'a> {
    out: &'a mut dyn Write,
    json: bool,
    /// Events that may still be printed.
    left: u64,
    faults: u64,
    /// Nobody reads any more.
    closed: bool,
}

impl Dump<'_> {
    fn line(&mut self, line: &str) {
        self.closed |= writeln!(self.out, "{line}").is_err();
    }
}

impl Visitor for Dump<'_> {
    fn event(&mut self, event: &FoundEvent<'_>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let data = log_frame::read(event);
        let line = if self.json { json_line(event, data.is_ok()) } else { human_lines(event) };
        self.line(&line);
        if let Err(fault) = data {
            self.fault(*fault);
        }
        self.left > 0 && !self.closed
    }

    fn fault(&mut self, fault: Fault) {
        self.faults += 1;
        self.line(&match self.json {
            true => format!("{{\"fault\":{}}}", json_fault(&fault)),
            false => format!("FAULT: {}", clean(&fault.to_string())),
        });
    }

    fn read(&mut self, _bytes: u64) {}
}

fn human_lines(event: &FoundEvent<'_>) -> String {
    let entry = event.entry;
    let kind = EventType::from_code(entry.kind()).map_or("?", EventType::name);
    let mut line = format!("{} {} {kind}", event.id, time(event.time_ms));
    for (name, hash) in
        [("stream", entry.stream()), ("sender", entry.sender()), ("recipient", entry.recipient())]
    {
        if hash != 0 {
            line.push_str(&format!(" {name} {hash:016x}"));
        }
    }
    if entry.key() != 0 {
        line.push_str(&match is_positioned(entry) {
            true => format!(" source {:016x} at {}", entry.key(), entry.aux()),
            false => format!(" key {:016x} digest {:016x}", entry.key(), entry.aux()),
        });
    }
    if entry.flags() & Flags::BATCH_MORE != 0 {
        line.push_str(" more-of-batch");
    }
    line.push_str(&format!(" unsynced {} {}:{}", entry.unsynced(), event.file, event.frame_offset()));
    let frame = String::from_utf8_lossy(event.frame);
    for part in frame.lines() {
        line.push_str(&format!("\n    {}", clean(part)));
    }
    line
}

fn json_line(event: &FoundEvent<'_>, whole: bool) -> String {
    let entry = event.entry;
    let kind = EventType::from_code(entry.kind()).map_or("null".to_owned(), |kind| json_string(kind.name()));
    let hash = |hash: u64| if hash == 0 { "null".to_owned() } else { format!("\"{hash:016x}\"") };
    let frame = String::from_utf8_lossy(event.frame);
    let data = String::from_utf8_lossy(crate::sse::payload(event.frame, entry.payload_offset()));
    let data = if whole && parse(&data).is_some() { data.into_owned() } else { "null".to_owned() };
    format!(
        r#"{{"id":"{}","time":{},"type":{kind},"stream":{},"sender":{},"recipient":{},"key":{},"aux":"{}","#,
        event.id,
        event.time_ms,
        hash(entry.stream()),
        hash(entry.sender()),
        hash(entry.recipient()),
        hash(entry.key()),
        entry.aux(),
    ) + &format!(
        r#""positioned":{},"moreOfBatch":{},"unsynced":{},"file":{},"offset":{},"data":{data},"frame":{}}}"#,
        is_positioned(entry),
        entry.flags() & Flags::BATCH_MORE != 0,
        entry.unsynced(),
        json_string(event.file),
        event.frame_offset(),
        json_string(&frame),
    )
}

fn is_positioned(entry: &Entry) -> bool {
    entry.flags() & Flags::POSITIONED != 0
}
