//! The command line of the comparison.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::client::allowed_cpus;
use crate::compare::contender::Contender;
use crate::compare::plan::Plan;
use crate::compare::stage::Stage;

/// Tailwire beside a plain send loop, Nchan, durable-streams and Node with Express: the same load on each in
/// turn, on one pinned CPU, in one run
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The Tailwire binary
    #[arg(long, value_name = "PATH", default_value = "target/release/tailwire")]
    pub(crate) tailwire: PathBuf,

    /// A further argument for Tailwire; repeatable (--server-arg=--coalesce-us --server-arg=500)
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) server_arg: Vec<String>,

    /// Who is compared, with commas; all by default
    #[arg(long, value_name = "WHO", value_enum, value_delimiter = ',')]
    subjects: Vec<Contender>,

    /// What is compared, with commas; all by default
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    stages: Vec<Stage>,

    /// One short round: about two minutes rather than a quarter of an hour
    #[arg(long)]
    quick: bool,

    /// Rounds of the fan-outs; the other stages take fewer. 7, or 1 with --quick
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,

    /// Subscribers of the narrow fan-out and of the saturated stages; the wide one has five times as many
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(1..=12_000))]
    subscribers: u32,

    /// Events a second of the narrow fan-out; the wide one has a fifth of them
    #[arg(long, value_name = "R", default_value_t = 50, value_parser = value_parser!(u32).range(5..=100_000))]
    rate: u32,

    /// Seconds of publishing that each measurement of a fan-out takes. 5, or 3 with --quick
    #[arg(long, value_name = "S", value_parser = value_parser!(u32).range(1..=40))]
    seconds: Option<u32>,

    /// Milliseconds that each saturated measurement takes. 3000, or 1000 with --quick
    #[arg(long, value_name = "MS", value_parser = value_parser!(u32).range(10..=30_000))]
    saturate_ms: Option<u32>,

    /// Events after which a saturated measurement ends earlier. 12,000, or 4,000 with --quick
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(3..=1_000_000))]
    saturate_events: Option<u32>,

    /// Idle subscribers; memory is the growth from a fifth of them to all
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u32).range(5..=60_000))]
    idle_subscribers: u32,

    /// Subscribers that replay
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=1000))]
    replay_subscribers: u32,

    /// Events that each of them reads. 10,000, or 4,000 with --quick
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    replay_events: Option<u32>,

    /// The CPU of every server in its turn; the first one there is by default
    #[arg(long, value_name = "N")]
    server_cpu: Option<usize>,

    /// The CPU of this tool; the last one there is by default
    #[arg(long, value_name = "N")]
    client_cpu: Option<usize>,

    /// Make the servers' data directories in here; a tmpfs would make durability free
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Write all figures of all rounds to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write bar charts to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  make compare                      # installs the rivals (apt, npm, cargo), then compares
  loadtest compare --quick
  loadtest compare --subjects loop,tailwire --stages narrow,wide --rounds 9
  loadtest compare --json compare.json --svg compare.svg

A rival that is not installed is named and skipped. One that loses or reorders events is
reported with its figures. Exit code 1: Tailwire itself was not exact. Goals that are not
met are printed and change no exit code.";

impl Options {
    pub(crate) fn plan(&self) -> Plan {
        let quick = |given: Option<u32>, quick: u32, whole: u32| {
            given.unwrap_or(if self.quick { quick } else { whole })
        };
        Plan {
            contenders: chosen(&self.subjects, Contender::all()),
            stages: chosen(&self.stages, Stage::all()),
            rounds: quick(self.rounds, 1, 7),
            subscribers: self.subscribers,
            rate: self.rate,
            seconds: quick(self.seconds, 3, 5),
            saturate: Duration::from_millis(quick(self.saturate_ms, 1000, 3000).into()),
            saturate_events: quick(self.saturate_events, 4000, 12_000).into(),
            idle_subscribers: self.idle_subscribers,
            replay_subscribers: self.replay_subscribers,
            replay_events: quick(self.replay_events, 4000, 10_000),
        }
    }

    /// The servers' CPU and this tool's: those that were asked for, or the first and the last there are.
    pub(crate) fn cpus(&self) -> (usize, usize) {
        let allowed = allowed_cpus();
        let (first, last) = (allowed.first().copied(), allowed.last().copied());
        (self.server_cpu.or(first).unwrap_or(0), self.client_cpu.or(last).unwrap_or(0))
    }
}

/// Those that were named, or all, in the order of all.
fn chosen<T: Copy + PartialEq>(named: &[T], all: &[T]) -> Vec<T> {
    all.iter().filter(|one| named.is_empty() || named.contains(one)).copied().collect()
}
