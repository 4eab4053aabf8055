//! `loadtest run-server`: becomes the server that a workload starts, after asking the kernel to end it with
//! the tool. A tool that is killed must not leave a server behind; the request to the kernel outlives the
//! change of program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::command::outcome::{CommandError, Outcome};

/// Become another program that ends when the tool does (used by --spawn)
#[derive(Debug, Args)]
pub(crate) struct Options {
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Returns only if the program cannot be started.
pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    // Refused only for signals that are none.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    let source = Command::new(&options.program).args(&options.args).exec();
    Err(CommandError::RunServer { program: options.program.clone(), source })
}
