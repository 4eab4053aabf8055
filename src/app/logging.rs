//! Diagnostics on standard error, for people or for machines. The word "log" means the event log everywhere else.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Installs the subscriber of `tracing`; a second call changes nothing.
pub(in crate::app) fn install(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Whoever read standard error may be gone; complaining of that there would end the process.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let _installed_before = if json { builder.json().try_init() } else { builder.try_init() };
}
