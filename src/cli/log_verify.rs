//! `tailwire log verify`: everything is read and held against every checksum and rule of the format.

use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::ProgressBar;

use crate::cli::exit::Exit;
use crate::cli::log_frame;
use crate::cli::log_place::{complain, open_disk, progress};
use crate::cli::log_words::{count, json_fault, json_list};
use crate::cli::terminal::clean;
use crate::config::VerifyOptions;
use crate::log::{Access, Examined, Extent, Fault, FoundEvent, Survey, Visitor};

/// Segments that are read at the same time.
const THREADS_MAX: usize = 4;
/// Faults of one segment that are told; more are counted.
const FAULTS_MAX: usize = 1000;
/// Bytes after which the bar moves.
const BAR_STEP: u64 = 4 << 20;

/// Ends with 1 where the log cannot be read or has a fault.
pub(in crate::cli) fn run(options: &VerifyOptions, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let access = if options.uncached { Access::ReadUncached } else { Access::Read };
    let begun = Instant::now();
    let verified = open_disk(&options.data_dir).and_then(|disk| {
        let survey = Survey::open(&disk, access)?;
        Ok(verify(&survey, if options.deep { Extent::Deep } else { Extent::Whole }))
    });
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => return complain(err, &options.data_dir, &error),
    };
    let text = verified.text(begun.elapsed().as_secs_f64(), options.json);
    // Nobody reads any more: no failure.
    let _closed = writeln!(out, "{text}");
    if verified.faults.is_empty() { Exit::Done } else { Exit::Refused }
}

/// What was found.
struct Verified {
    segments: usize,
    events: u64,
    bytes: u64,
    faults: Vec<Fault>,
    /// Faults over those that are told.
    more: u64,
}

fn verify(survey: &Survey<'_>, extent: Extent) -> Verified {
    let bases = survey.segments();
    let bar = progress(survey.file_bytes(), "verifying");
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let results: Vec<Mutex<Option<(Examined, Findings<'_>)>>> =
        bases.iter().map(|_| Mutex::new(None)).collect();
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX).min(bases.len());
    let work = || {
        while let Some((base, result)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            bases.get(at).zip(results.get(at))
        } {
            let mut findings =
                Findings { bar: &bar, events: 0, bytes: 0, shown: 0, faults: Vec::new(), more: 0 };
            let examined = survey.examine(*base, extent, &mut findings);
            bar.inc(examined.file_bytes.saturating_sub(findings.shown));
            bytes.fetch_add(findings.bytes, Ordering::Relaxed);
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some((examined, findings));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    bar.finish_and_clear();
    let results =
        results.into_iter().filter_map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner));
    let (examined, findings): (Vec<Examined>, Vec<Findings<'_>>) = results.unzip();
    let (mut faults, _) = survey.conclude(&examined);
    let mut verified = Verified {
        segments: examined.len(),
        events: 0,
        bytes: bytes.into_inner(),
        faults: Vec::new(),
        more: 0,
    };
    for mut found in findings {
        verified.events += found.events;
        verified.more += found.more;
        faults.append(&mut found.faults);
    }
    verified.faults = faults;
    verified
}

impl Verified {
    fn text(&self, seconds: f64, json: bool) -> String {
        let per_second = self.bytes as f64 / 1e9 / seconds.max(1e-9);
        if json {
            return format!(
                r#"{{"segments":{},"events":{},"bytes":{},"seconds":{seconds:.3},"#,
                self.segments, self.events, self.bytes
            ) + &format!(
                r#""gigabytesPerSecond":{per_second:.3},"sound":{},"faults":[{}],"moreFaults":{}}}"#,
                self.faults.is_empty(),
                json_list(&self.faults, json_fault),
                self.more
            );
        }
        let mut text = String::new();
        for fault in &self.faults {
            text.push_str(&format!("FAULT: {}\n", clean(&fault.to_string())));
        }
        if self.more > 0 {
            text.push_str(&format!("and {} more\n", self.more));
        }
        let (segments, events) = (count(self.segments as u64, "segment"), count(self.events, "event"));
        let verdict = match self.faults.len() as u64 + self.more {
            0 => "sound".to_owned(),
            faults => count(faults, "fault"),
        };
        text + &format!(
            "{verdict}: {segments}, {events}, {} bytes in {seconds:.3} s, {per_second:.2} GB/s",
            self.bytes
        )
    }
}

/// What is found in one segment.
struct Findings<'a> {
    bar: &'a ProgressBar,
    events: u64,
    bytes: u64,
    /// Bytes that the bar has shown.
    shown: u64,
    faults: Vec<Fault>,
    more: u64,
}

impl Visitor for Findings<'_> {
    fn event(&mut self, event: &FoundEvent<'_>) -> bool {
        self.events += 1;
        if let Err(fault) = log_frame::read(event) {
            self.fault(*fault);
        }
        true
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    fn read(&mut self, bytes: u64) {
        self.bytes += bytes;
        if self.bytes - self.shown >= BAR_STEP {
            self.bar.inc(self.bytes - self.shown);
            self.shown = self.bytes;
        }
    }
}
