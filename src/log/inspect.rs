//! A look at a log directory from outside: changes nothing, takes no lock, works beside a running server.
//!
//! What a server writes meanwhile may look torn; it says what is on the disk now and repairs nothing.

use std::io;

use crate::event::EventId;
use crate::log::checkpoint::{self, Checkpoint};
use crate::log::meta::META;
use crate::log::open::read_meta;
use crate::log::open_error::{OpenError, io_error};
use crate::log::recover::{Found, find, parse_name};
use crate::log::scan::Scanner;
use crate::log::shared::SEGMENTS;
use crate::log::{Disk, Hole};

/// What a log directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    pub uuid: [u8; 16],
    pub format: u16,
    pub epoch: u32,
    pub created_ms: u64,
    /// The first kept event, or the first that will be.
    pub earliest: EventId,
    /// The last event that is there; the position before the first in an empty log.
    pub last: EventId,
    pub segments: Vec<SegmentSummary>,
    pub holes: Vec<Hole>,
    pub checkpoint: Option<Checkpoint>,
    /// What is not as it should be, a sentence each.
    pub faults: Vec<String>,
}

/// One segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSummary {
    pub file: String,
    pub base: EventId,
    pub count: u64,
    pub file_bytes: u64,
    pub frame_bytes: u64,
    pub sealed: bool,
    /// Unix milliseconds of the first and the last event.
    pub times_ms: Option<(u64, u64)>,
}

/// Summarises the log on `disk`: META, CHECKPOINTs, headers and seals, and every entry of what is not sealed.
pub fn inspect(disk: &dyn Disk) -> Result<Inspection, OpenError> {
    let missing = || io_error("reading", META)(io::ErrorKind::NotFound.into());
    let meta = read_meta(disk)?.ok_or_else(missing)?;
    let checkpoint = Checkpoint::read(disk, meta.uuid).map_err(io_error("reading", checkpoint::NAMES[0]))?;
    let names = disk.list(SEGMENTS).map_err(io_error("listing", SEGMENTS))?;
    let mut faults = Vec::new();
    if checkpoint.is_none() {
        faults.push("no CHECKPOINT can be read".to_owned());
    }
    faults.extend(
        names.iter().filter(|name| name.contains(".seg.bad")).map(|name| format!("{name} was put aside")),
    );
    let mut bases: Vec<EventId> = names.iter().filter_map(|name| parse_name(name)).collect();
    bases.sort_unstable();
    let mut segments = Vec::new();
    for base in bases {
        match find(disk, base, meta.uuid, false) {
            Ok(found) => segments.push(summary(&found, &mut faults)?),
            // Retention may have removed it since it was listed.
            Err(OpenError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(error) => faults.push(error.to_string()),
        }
    }
    let mut expected = meta.next_after(meta.first_kept.previous());
    for segment in &segments {
        if segment.base != expected {
            faults.push(format!("{} begins with {}, not with {expected}", segment.file, segment.base));
        }
        let end = EventId(segment.base.0.saturating_add(segment.count));
        expected = if segment.count == 0 { segment.base } else { meta.next_after(end.previous()) };
    }
    let last = expected.previous();
    if let Some(durable) = checkpoint.map(|checkpoint| checkpoint.durable).filter(|durable| *durable > last) {
        faults.push(format!("event {expected} cannot be read, though all up to {durable} were durable"));
    }
    Ok(Inspection {
        uuid: meta.uuid,
        format: crate::log::format::VERSION,
        epoch: meta.epoch,
        created_ms: meta.created_ms,
        earliest: segments.first().map_or(expected, |segment| segment.base),
        last,
        segments,
        holes: meta.holes,
        checkpoint,
        faults,
    })
}

fn summary(found: &Found, faults: &mut Vec<String>) -> Result<SegmentSummary, OpenError> {
    let reading = |error| io_error("reading", &found.name)(error);
    let mut summary = SegmentSummary {
        file: found.name.clone(),
        base: found.base,
        count: 0,
        file_bytes: found.uncached.bytes().map_err(reading)?,
        frame_bytes: 0,
        sealed: false,
        times_ms: None,
    };
    let header = match found.header {
        Ok(header) => header,
        Err(damage) => {
            faults.push(format!("{}: {damage}", found.name));
            return Ok(summary);
        }
    };
    let data_start = crate::limits::SEGMENT_HEADER_BYTES;
    if let Ok(seal) = found.seal {
        summary.sealed = true;
        summary.count = u64::from(seal.count);
        summary.frame_bytes = seal.data_end - data_start;
        summary.times_ms = Some((seal.first_ms, seal.last_ms));
        return Ok(summary);
    }
    let mut scanner = Scanner::new(&*found.uncached, header, false);
    let prefix = scanner.prefix(u64::MAX).map_err(reading)?;
    summary.count = prefix.count;
    summary.frame_bytes = prefix.data_end - data_start;
    if let Some(last_slot) = prefix.count.checked_sub(1) {
        let first = scanner.entry(0).map_err(reading)?;
        let last = scanner.entry(last_slot).map_err(reading)?;
        let time =
            |entry: crate::log::Entry| header.created_ms.saturating_add(u64::from(entry.time_offset_ms()));
        summary.times_ms = first.map(time).zip(last.map(time));
    }
    Ok(summary)
}
