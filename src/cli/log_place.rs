//! The directory a log command works in, how far it has come, and why it cannot go on.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::exit::Exit;
use crate::cli::terminal::clean;
use crate::cli::{inspect, log_dump, log_export, log_repair, log_verify};
use crate::clock;
use crate::config::LogCommand;
use crate::log::{OpenError, RealDisk};

/// Runs a `tailwire log` command on the process's own output.
pub fn log(command: &LogCommand) -> ExitCode {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut err = std::io::stderr();
    let exit = match command {
        LogCommand::Inspect(options) => inspect::run(options, &mut out, &mut err),
        LogCommand::Verify(options) => log_verify::run(options, &mut out, &mut err),
        LogCommand::Dump(options) => log_dump::run(options, &mut out, &mut err),
        LogCommand::Export(options) => log_export::run(options, &mut out, &mut err),
        LogCommand::Repair(options) => log_repair::run(options, clock::unix_ms(), &mut out, &mut err),
    };
    let _closed = out.flush();
    exit.into()
}

/// Why a directory cannot be looked into; goes on after the directory's name.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum PlaceError {
    #[error("cannot be opened: {0}; name a log directory with --data-dir")]
    Directory(#[from] std::io::Error),
    #[error("is not a Tailwire log (no META in it): name one with --data-dir")]
    NoLog,
    #[error("cannot be used: {0}")]
    Log(OpenError),
}

impl From<OpenError> for PlaceError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io { file, source, .. } if file == "META" && source.kind() == ErrorKind::NotFound => {
                Self::NoLog
            }
            other => Self::Log(other),
        }
    }
}

/// Only one that exists: looking makes no directory.
pub(in crate::cli) fn open_disk(data_dir: &Path) -> Result<RealDisk, PlaceError> {
    Ok(RealDisk::open_existing(data_dir)?)
}

pub(in crate::cli) fn complain(err: &mut dyn Write, data_dir: &Path, error: &PlaceError) -> Exit {
    let _closed = writeln!(err, "tailwire: {} {}", data_dir.display(), clean(&error.to_string()));
    Exit::Refused
}

/// A bar on standard error, where a person looks; nothing elsewhere.
pub(in crate::cli) fn progress(bytes: u64, what: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
    ProgressBar::new(bytes)
        .with_style(style.unwrap_or(ProgressStyle::default_bar()))
        .with_message(what.to_owned())
}
