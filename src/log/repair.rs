//! Repairing a log with no server on it: recovery as a start with `accept_gap` does it, but believing no seal.
//!
//! There is one implementation of recovery, and it is not here. This only says what it changed, or would change.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::limits;
use crate::log::fault::FaultKind;
use crate::log::open::{Depth, open_at, read_meta};
use crate::log::open_error::{OpenError, io_error};
use crate::log::rehearsal::Rehearsal;
use crate::log::shared::SEGMENTS;
use crate::log::{Access, Disk, Durability, Hole, LogOptions, Survey};

/// What a repair changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// Why the log needed it, a sentence each; none where it did not.
    pub reasons: Vec<String>,
    /// New holes: these events are announced as gone from then on.
    pub holes: Vec<Hole>,
    /// Files that were put aside, with the names they have now.
    pub aside: Vec<String>,
    /// The epoch that begins, where one does.
    pub epoch: Option<u32>,
    /// Segments whose events are all whole and whose sums were made anew.
    pub resealed: usize,
    /// Events of a torn tail that are dropped; none of them was acknowledged by `commit`.
    pub torn_entries: u64,
    pub earliest: EventId,
    pub last: EventId,
}

/// Says what `repair` would do and changes nothing but the text in LOCK. It needs memory for as much as the repair
/// would write. `now_ms`: unix milliseconds.
pub fn rehearse_repair(disk: &Arc<dyn Disk>, now_ms: u64) -> Result<Repaired, OpenError> {
    let mut reasons = Vec::new();
    // First as any start would, so that what it refuses is told.
    let start = run(Arc::new(Rehearsal::new(Arc::clone(disk))), false, now_ms);
    match start {
        Ok(start) if start.resealed > 0 => {
            reasons.push(format!("the sums in the seals of {} segments are damaged", start.resealed));
        }
        Ok(_) => {}
        Err(
            error @ (OpenError::Corrupt { .. } | OpenError::Missing { .. } | OpenError::EndMissing { .. }),
        ) => {
            reasons.push(error.to_string());
        }
        Err(error) => return Err(error),
    }
    let survey = Survey::open(&**disk, Access::Read)?;
    let (faults, _) = survey.conclude(&[]);
    let marks = faults.iter().filter(|fault| fault.kind == FaultKind::Checkpoint);
    reasons.extend(marks.map(ToString::to_string));
    let mut repaired = run(Arc::new(Rehearsal::new(Arc::clone(disk))), true, now_ms)?;
    repaired.reasons = reasons;
    Ok(repaired)
}

/// Repairs the log and closes it in order. `now_ms`: unix milliseconds.
pub fn repair(disk: Arc<dyn Disk>, now_ms: u64) -> Result<Repaired, OpenError> {
    run(disk, true, now_ms)
}

fn run(disk: Arc<dyn Disk>, accept_gap: bool, now_ms: u64) -> Result<Repaired, OpenError> {
    let before = read_meta(&*disk)?;
    // A directory without META holds no log, and none is made here.
    let Some(before) = before else {
        return Err(io_error("reading", "META")(io::ErrorKind::NotFound.into()));
    };
    let names_before = aside(&*disk)?;
    let options = LogOptions {
        segment_bytes: limits::SEGMENT_BYTES_MIN,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap,
    };
    let mut opened = open_at(Arc::clone(&disk), options, Depth::Events, now_ms)?;
    let closed = opened.syncer.close().map_err(|error| io::Error::other(error.to_string()));
    closed.map_err(io_error("closing", "the log"))?;
    let meta = read_meta(&*disk)?.unwrap_or_else(|| before.clone());
    let new_holes = meta.holes.iter().filter(|hole| !before.holes.contains(hole));
    let recovered = opened.recovered;
    Ok(Repaired {
        reasons: Vec::new(),
        holes: new_holes.copied().collect(),
        aside: aside(&*disk)?.difference(&names_before).cloned().collect(),
        epoch: Some(meta.epoch).filter(|&epoch| epoch != before.epoch),
        resealed: recovered.resealed,
        torn_entries: recovered.torn_entries,
        earliest: recovered.earliest,
        last: recovered.last,
    })
}

/// The files that are not read any more.
fn aside(disk: &dyn Disk) -> Result<BTreeSet<String>, OpenError> {
    let names = disk.list(SEGMENTS).map_err(io_error("listing", SEGMENTS))?;
    let aside = names.into_iter().filter(|name| name.contains(".seg.bad"));
    Ok(aside.map(|name| format!("{SEGMENTS}/{name}")).collect())
}
