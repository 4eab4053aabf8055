//! The record of a run: what the workload found, and on which machine, from which commit and by which command
//! line it did. Written as JSON and drawn as SVG.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::chart;

/// The form of the record; it changes when a field changes its name or its meaning, not when one is added.
const SCHEMA: u32 = 1;

/// Where a run's record goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    /// `-` is standard output, in place of the text.
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

/// Why a record could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("{} cannot be written; choose another path", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("this workload has no distribution or series to draw; leave --svg away")]
    NothingToDraw,
}

impl Output {
    /// Standard output is for the record alone.
    pub(crate) fn is_json_on_stdout(&self) -> bool {
        self.json.as_deref() == Some(Path::new("-"))
    }

    /// Writes the files that were asked for.
    pub(crate) fn write(&self, record: &Value) -> Result<(), RecordError> {
        let write = |path: &PathBuf, text: String| {
            fs::write(path, text).map_err(|source| RecordError::Write { path: path.clone(), source })
        };
        if let Some(path) = self.json.as_ref().filter(|_| !self.is_json_on_stdout()) {
            write(path, format!("{record:#}\n"))?;
        }
        if let Some(path) = &self.svg {
            write(path, chart::draw(record).ok_or(RecordError::NothingToDraw)?)?;
        }
        Ok(())
    }
}

/// What the workload found, with what it was found on.
pub(crate) fn complete(mut found: Value, passed: bool) -> Value {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let run = json!({
        "unixSeconds": seconds,
        "commandLine": std::env::args().collect::<Vec<String>>(),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": commit(),
        "machine": machine(),
    });
    if let Value::Object(fields) = &mut found {
        fields.insert("schema".to_owned(), SCHEMA.into());
        fields.insert("passed".to_owned(), passed.into());
        fields.insert("run".to_owned(), run);
    }
    found
}

/// The commit of the source tree that this tool was built in, as that tree stands now; null without one.
fn commit() -> Value {
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=12"]);
    let told = git.output().ok().filter(|output| output.status.success());
    told.map_or(Value::Null, |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let after = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = after(&read("/proc/meminfo"), "MemTotal")
        .and_then(|kib| kib.strip_suffix(" kB")?.parse::<u64>().ok())
        .map(|kib| kib * 1024);
    json!({
        "kernel": format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        "architecture": std::env::consts::ARCH,
        "cpu": after(&cpus, "model name"),
        "cpus": cpus.lines().filter(|line| line.starts_with("processor")).count(),
        "memoryBytes": memory,
    })
}
