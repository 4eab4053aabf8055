//! `loadtest sendloop-server`: the baseline as a program of its own, so that its CPU can be read and pinned
//! like Tailwire's.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use clap::{Args, value_parser};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde_json::Value;

use crate::client::{LoopbackUrl, raise_file_limit};
use crate::command::outcome::{CommandError, Outcome};
use crate::load::SubjectError;
use crate::sendloop::{SendLoop, SendLoopError};

/// Run the plain send(2) loop that Tailwire is compared with (fanout starts it by itself)
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A loopback address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3002", value_parser = loopback)]
    listen: SocketAddr,

    /// End by itself after this long
    #[arg(
        long, value_name = "S",
        default_value_t = 7200,
        value_parser = value_parser!(u32).range(1..=86_400),
    )]
    seconds: u32,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    // A child of this tool ends with it, even if it is killed. Started from a shell, it ends with the shell.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    raise_file_limit(0).map_err(SubjectError::from)?;
    let listener = TcpListener::bind(options.listen).map_err(SendLoopError::from)?;
    SendLoop::new(listener)?.serve(Duration::from_secs(options.seconds.into()), &|| false)?;
    Ok(Outcome { passed: true, text: String::new(), json: Value::Null })
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    format!("http://{text}").parse().map(|url: LoopbackUrl| url.addr).map_err(|error| error.to_string())
}
