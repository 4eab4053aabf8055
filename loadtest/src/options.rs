//! Options that every workload shares: which server, on which CPU, and how to print.

use std::path::PathBuf;

use clap::Args;

use crate::client::LoopbackUrl;
use crate::record::Output;

/// Where the load goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The server")]
pub(crate) struct TargetOptions {
    /// A running server on this machine
    #[arg(
        long, value_name = "URL",
        default_value = "http://127.0.0.1:3001",
        conflicts_with_all = ["spawn", "sendloop"],
    )]
    pub(crate) url: LoopbackUrl,

    /// Start this tailwire binary on a free port with an empty data directory, and stop it afterwards
    #[arg(long, value_name = "PATH", conflicts_with = "sendloop")]
    pub(crate) spawn: Option<PathBuf>,

    /// Start the plain send(2) loop that Tailwire is compared with (no log, no replay)
    #[arg(long)]
    pub(crate) sendloop: bool,

    /// A further argument for the started server; repeatable (--server-arg=--durability --server-arg=none)
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) server_arg: Vec<String>,

    /// Pin the started server to this CPU
    #[arg(long, value_name = "N")]
    pub(crate) server_cpu: Option<usize>,

    /// Process id of the server behind --url, so that its CPU and memory can be read
    #[arg(long, value_name = "PID", conflicts_with_all = ["spawn", "sendloop"])]
    pub(crate) server_pid: Option<u32>,

    /// Make the started server's data directory in here; a tmpfs would make durability free
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Pin this tool to this CPU
    #[arg(long, value_name = "N")]
    pub(crate) client_cpu: Option<usize>,

    /// Write the whole record as JSON: distributions, machine, commit, command line. Without a FILE it is
    /// printed instead of the text
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,

    /// Draw latency by percentile, and memory over time, into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

impl TargetOptions {
    pub(crate) fn output(&self) -> Output {
        Output { json: self.json.clone(), svg: self.svg.clone() }
    }
}
