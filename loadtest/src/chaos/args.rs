//! The flags of `loadtest chaos`. Nothing else reads the command line.

use std::path::PathBuf;

use super::power::FileSystem;

/// What to kill, how often, and under which load.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The server's binary
    #[arg(long, value_name = "PATH")]
    pub(crate) server: PathBuf,
    /// How often the server is killed
    #[arg(long, default_value_t = 30)]
    pub(crate) kills: u32,
    /// Cut the power each time: the data lies on this file system on a loop device, which is cut off and mounted again
    /// (needs root)
    #[arg(long, value_name = "FILE SYSTEM")]
    pub(super) power_cuts: Option<FileSystem>,
    /// Where --power-cuts is not possible, say so and end well
    #[arg(long, requires = "power_cuts")]
    pub(crate) skip_if_impossible: bool,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) publishers: u32,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) subscribers: u32,
    /// Repeats a run's choices; a fresh one is made and printed otherwise
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Segment size of the server, small so that kills meet the change of segments
    #[arg(long, default_value_t = 4 * 1024 * 1024)]
    pub(crate) segment_bytes: u64,
    /// Further flags for the server, like `--server-flag=--workers=2`
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub(crate) server_flag: Vec<String>,
    /// How long subscribers may take to catch up at the end, and the server to start or to stop
    #[arg(long, default_value_t = 60)]
    pub(crate) deadline_s: u64,
}
