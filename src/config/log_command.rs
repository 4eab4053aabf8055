//! The command line of `tailwire log …`: what to do with a log directory, and its help.

use std::path::PathBuf;

use crate::config::command::{event_id, event_type};
use crate::config::{DumpOptions, ExportOptions, InspectOptions, LogCommand, RepairOptions, VerifyOptions};
use crate::event::EventType;
use crate::topic::{StreamId, User};

const INSPECT_EXAMPLES: &str = "\
Examples:
  tailwire log inspect --data-dir /var/lib/tailwire
  tailwire log inspect --json | jq '.segments | length'

It believes headers and seals; `tailwire log verify` believes nothing.
Ends with 0 when the log is sound, 1 when it is not or cannot be read, 2 when the command line is wrong.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  tailwire log verify --data-dir /var/lib/tailwire
  tailwire log verify --uncached                 what the disk holds, whatever memory still has of it
  tailwire log verify --json | jq -r '.faults[].file' | sort -u

Each fault is told with file, event, byte, what was expected and what was found.
Ends with 0 when the log is sound, 1 when it is not or cannot be read, 2 when the command line is wrong.";

const DUMP_EXAMPLES: &str = "\
Examples:
  tailwire log dump --from 41 --limit 2          the events 41 and 42 as they lie on the disk
  tailwire log dump --json --until 1000 | jq -r 'select(.key) | .id'

Works on damaged logs: what is damaged is said in its place, and the reading goes on behind it.
Payment streams, users, keys and sources stand in the index as hashes alone, and are printed so.
Ends with 0 when the log is sound, 1 when it is not or cannot be read, 2 when the command line is wrong.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  tailwire log export --data-dir ./old > events.ndjson
  tailwire publish --stdin --url http://localhost:4000 < events.ndjson
  tailwire log export --from 90000 --streams 7,8 --types stream.withdrawn
  tailwire log export --keys | tailwire publish --stdin      may be repeated: each event is stored once

A line is {\"type\",\"data\"} and, where an earlier event told who sends and receives, \"parties\". The data is
byte for byte what it was; ids and times are given anew by the server that takes it.
Idempotency keys and sources are kept as hashes and cannot be turned back: a publisher that repeats an old
event to the new server stores it again. Parties that only `parties` ever named cannot be turned back either.
Payment streams that the server itself named (pending-...) are exported, but POST /events does not take their
stream.created. Both are counted on standard error.
Ends with 0 when every event was exported, 1 when something is damaged, 2 when the command line is wrong.";

const REPAIR_EXAMPLES: &str = "\
Examples:
  tailwire log repair --data-dir /var/lib/tailwire           says what is wrong and what would be done
  tailwire log repair --data-dir /var/lib/tailwire --yes     does it

The server must not be running. Without --yes nothing is changed: the repair is rehearsed in memory, which takes
as much of it as the damaged segments are large. With --yes every event that is whole is kept, damaged files are
put aside (.seg.bad), the events that are lost become holes that subscribers are told of, and seals and
CHECKPOINTs that are damaged are made anew. META cannot be made anew: its key is nowhere else. Restore it.
Ends with 0 when nothing is (any longer) to be repaired, 1 when something is, 2 when the command line is wrong.";

#[derive(Debug, clap::Subcommand)]
pub(in crate::config) enum LogSub {
    /// Print what a log directory holds, without changing it; works beside a running server
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectFlags),
    /// Read everything and check it against every checksum and rule; works beside a running server
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyFlags),
    /// Print entries and frames as they lie on the disk, also of a damaged log
    #[command(after_help = DUMP_EXAMPLES)]
    Dump(DumpFlags),
    /// Print the events as NDJSON that POST /events and `tailwire publish --stdin` take
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportFlags),
    /// Keep what is whole of a damaged log and record the rest as holes; says first what it would do
    #[command(after_help = REPAIR_EXAMPLES)]
    Repair(RepairFlags),
}

impl LogSub {
    pub(in crate::config) fn command(self) -> LogCommand {
        match self {
            Self::Inspect(InspectFlags { place }) => {
                LogCommand::Inspect(InspectOptions { data_dir: place.data_dir, json: place.json })
            }
            Self::Verify(VerifyFlags { place, uncached, deep }) => LogCommand::Verify(VerifyOptions {
                data_dir: place.data_dir,
                json: place.json,
                uncached,
                deep,
            }),
            Self::Dump(DumpFlags { place, from, until, limit }) => LogCommand::Dump(DumpOptions {
                data_dir: place.data_dir,
                json: place.json,
                from,
                until: until.unwrap_or(u64::MAX),
                limit: limit.unwrap_or(u64::MAX),
            }),
            Self::Export(flags) => LogCommand::Export(ExportOptions {
                data_dir: flags.place.data_dir,
                json: flags.place.json,
                from: flags.from,
                until: flags.until.unwrap_or(u64::MAX),
                streams: flags.streams,
                users: flags.users,
                types: flags.types,
                keys: flags.keys,
            }),
            Self::Repair(RepairFlags { place, yes, dry_run: _ }) => {
                LogCommand::Repair(RepairOptions { data_dir: place.data_dir, json: place.json, yes })
            }
        }
    }
}

#[derive(Debug, clap::Args)]
struct PlaceFlags {
    /// The directory of the event log
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct InspectFlags {
    #[command(flatten)]
    place: PlaceFlags,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct VerifyFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// Read past the page cache
    #[arg(long)]
    uncached: bool,
    /// Check each frame's own checksum even where that of its 64 KiB block is right
    #[arg(long)]
    deep: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct DumpFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// The first event
    #[arg(long, value_name = "ID", value_parser = event_id, default_value = "0")]
    from: u64,
    /// The last event
    #[arg(long, value_name = "ID", value_parser = event_id)]
    until: Option<u64>,
    /// End after this many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct ExportFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// The first event
    #[arg(long, value_name = "ID", value_parser = event_id, default_value = "0")]
    from: u64,
    /// The last event
    #[arg(long, value_name = "ID", value_parser = event_id)]
    until: Option<u64>,
    /// Only events of these payment streams
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = StreamId::parse)]
    streams: Vec<StreamId>,
    /// Only events for these users, as sender or recipient; with --streams: these as well
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', value_parser = User::parse)]
    users: Vec<User>,
    /// Only these event types; `withdrawn` is short for `stream.withdrawn`
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = event_type)]
    types: Vec<EventType>,
    /// Give each event a dedupeKey of the log's own, so that publishing the same export again stores nothing twice
    #[arg(long)]
    keys: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct RepairFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// Do it; without this it is only said what would be done
    #[arg(long)]
    yes: bool,
    /// Only say what would be done (so it is without --yes)
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}
