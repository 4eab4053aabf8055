//! Options that workloads share: which server, on which CPU, how to print; who subscribes to what, and beside what.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::client::LoopbackUrl;
use crate::load::Filter;
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

/// How many subscribe.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CrowdOptions {
    /// Open subscriptions
    #[arg(
        long, value_name = "N",
        default_value_t = 1000,
        value_parser = value_parser!(u32).range(1..=60_000),
    )]
    pub(crate) subscribers: u32,

    /// Processes that hold the subscribers; more than one go past this process's limit of open files
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = value_parser!(u16).range(1..=16))]
    pub(crate) processes: u16,
}

/// What they subscribe to.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct FollowingOptions {
    /// What each subscriber asks for
    #[arg(long, value_enum, default_value_t = Filter::All)]
    pub(crate) filter: Filter,

    /// Payment streams that the events go round; with a filter each subscriber follows one of them
    #[arg(
        long, value_name = "K",
        default_value_t = 1,
        value_parser = value_parser!(u32).range(1..=1_000_000),
    )]
    pub(crate) topics: u32,
}

/// The comparison with the plain send loop.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct BesideOptions {
    /// Measure the plain send(2) loop as well, in turn with Tailwire, and print the ratio
    #[arg(long)]
    pub(crate) compare_sendloop: bool,

    /// Rounds of the comparison
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
}
