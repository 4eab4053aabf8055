//! What `accept_gap` does with a damaged segment: the runs of events that are whole move into new segments,
//! the damaged file is kept under another name for whoever wants to look.
//!
//! It decides nothing about ids; recovery finds the holes between the runs.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use zerocopy::IntoBytes as _;

use crate::event::EventId;
use crate::limits;
use crate::log::format::{Entry, Geometry, Salt};
use crate::log::header::{Header, Seal};
use crate::log::prepare::zeroed;
use crate::log::recover::Found;
use crate::log::scan::{Prefix, Scanner};
use crate::log::shared::{SEGMENTS, TMP_SUFFIX, segment_name};
use crate::log::{Disk, DiskFile, Flags, Region, Segment};

/// Most runs of one segment that are rewritten; what is behind them stays in the damaged file alone.
const RUNS_MAX: usize = 1024;
/// Most files of one name that are put aside.
const ASIDE_MAX: u32 = 1000;

/// A run of whole events in a segment of its own.
pub(in crate::log) struct Rewritten {
    pub(in crate::log) header: Header,
    pub(in crate::log) seal: Seal,
}

/// Copies the whole runs of `found` that lie before `end` into files of their own, and changes no name yet.
/// Without a header nothing in it can be told from noise, and there are none. `durable`: the highest id known
/// from elsewhere to have been durable.
pub(in crate::log) fn salvage(
    disk: &dyn Disk,
    found: &Found,
    header: Option<Header>,
    end: Option<EventId>,
    durable: Option<EventId>,
) -> io::Result<Vec<Rewritten>> {
    let Some(header) = header else { return Ok(Vec::new()) };
    let mut scanner = Scanner::new(&*found.uncached, header, true);
    let slots_max = end.map_or(u64::MAX, |end| end.0.saturating_sub(header.base.0));
    let mut stretches = stretches(&mut scanner, slots_max.min(header.geometry.slots_max()))?;
    if let Some(last) = stretches.last_mut().filter(|_| end.is_none()) {
        let count = last.slots.end;
        let beyond = scanner.beyond(Prefix { count, ..Prefix::NONE })?;
        if beyond.proven.max(durable) < Some(EventId(header.base.0 + count)) {
            // It ends in a torn tail: an unfinished batch goes as a whole.
            *last = last.whole();
        }
    }
    let mut runs = Vec::new();
    for stretch in stretches {
        runs.extend(rewrite(disk, &mut scanner, &header, stretch.slots, stretch.frame_bytes)?);
    }
    Ok(runs)
}

/// Gives `runs` the names of segments and puts the damaged file aside (`.seg.bad`). Until the last step the
/// damaged file stays in its place, so that a repair that is cut off is done again to the same end.
pub(in crate::log) fn replace(disk: &dyn Disk, found: &Found, runs: &[Rewritten]) -> io::Result<()> {
    // The highest first, each durable before the next: what lies before it is still found in the damaged file.
    let (in_place, elsewhere): (Vec<_>, Vec<_>) =
        runs.iter().rev().map(|run| run.header.base).partition(|&base| base == found.base);
    for base in elsewhere {
        disk.rename(&tmp_name(base), &segment_name(base))?;
        disk.sync_dir(SEGMENTS)?;
    }
    link_aside(disk, &found.name)?;
    disk.sync_dir(SEGMENTS)?;
    if in_place.is_empty() {
        disk.unlink(&found.name)?;
    } else {
        disk.rename(&tmp_name(found.base), &found.name)?;
    }
    disk.sync_dir(SEGMENTS)
}

/// Gives a file a second name under which it is kept (`.seg.bad`, or `.seg.bad.2` and so on).
pub(in crate::log) fn link_aside(disk: &dyn Disk, name: &str) -> io::Result<()> {
    let mut linked = disk.link(name, &format!("{name}.bad"));
    for number in 2..=ASIDE_MAX {
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                linked = disk.link(name, &format!("{name}.bad.{number}"));
            }
            other => return other,
        }
    }
    linked
}

/// Slots of whole events that follow each other.
struct Stretch {
    slots: Range<u64>,
    frame_bytes: u64,
    /// Up to where its batches are whole, and the bytes of their frames.
    whole: (u64, u64),
}

impl Stretch {
    fn whole(&self) -> Self {
        let (end, frame_bytes) = self.whole;
        Self { slots: self.slots.start..end, frame_bytes, whole: self.whole }
    }
}

fn stretches(scanner: &mut Scanner<'_>, slots_max: u64) -> io::Result<Vec<Stretch>> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut slot = 0;
    while slot < slots_max && stretches.len() < RUNS_MAX {
        let stretch = stretch(scanner, slot, slots_max)?;
        slot = stretch.slots.end + 1;
        stretches.extend(Some(stretch).filter(|stretch| !stretch.slots.is_empty()));
    }
    Ok(stretches)
}

fn stretch(scanner: &mut Scanner<'_>, slot: u64, slots_max: u64) -> io::Result<Stretch> {
    let mut stretch = Stretch { slots: slot..slot, frame_bytes: 0, whole: (slot, 0) };
    while stretch.slots.end < slots_max {
        let Some(entry) = scanner.entry(stretch.slots.end)? else { break };
        let Some(frame) = scanner.frame(stretch.slots.end, &entry)? else { break };
        stretch.frame_bytes += frame.len() as u64;
        stretch.slots.end += 1;
        if entry.flags() & Flags::BATCH_MORE == 0 {
            stretch.whole = (stretch.slots.end, stretch.frame_bytes);
        }
    }
    Ok(stretch)
}

/// Copies the run `slots` into a segment that is just large enough. `None`: it is not what it was a moment
/// ago.
fn rewrite(
    disk: &dyn Disk,
    scanner: &mut Scanner<'_>,
    old: &Header,
    slots: Range<u64>,
    frame_bytes: u64,
) -> io::Result<Option<Rewritten>> {
    if slots.is_empty() {
        return Ok(None);
    }
    let entry_bytes = (slots.end - slots.start) * limits::ENTRY_BYTES as u64;
    let needed = limits::SEGMENT_HEADER_BYTES + limits::SEAL_BYTES + frame_bytes + entry_bytes;
    let Some(geometry) = Geometry::new(needed.next_multiple_of(4096)) else { return Ok(None) };
    let base = EventId(old.base.0 + slots.start);
    let mut run = Run::create(disk, Header { base, geometry, ..*old })?;
    for slot in slots {
        let Some(mut entry) = scanner.entry(slot)? else { return Ok(None) };
        let Some(frame) = scanner.frame(slot, &entry)? else { return Ok(None) };
        run.push(&mut entry, frame)?;
    }
    run.finish().map(Some)
}

fn tmp_name(base: EventId) -> String {
    format!("{SEGMENTS}/{:020}{TMP_SUFFIX}", base.0)
}

/// A segment that is being filled with salvaged events.
struct Run {
    header: Header,
    salt: Salt,
    file: Arc<dyn DiskFile>,
    region: Region,
    count: u32,
    data_end: u64,
}

impl Run {
    /// `header`: with the new base and size; it gets a seg_id of its own.
    fn create(disk: &dyn Disk, header: Header) -> io::Result<Self> {
        let mut seg_id = [0; 8];
        disk.fill_random(&mut seg_id)?;
        let header = Header { seg_id: u64::from_le_bytes(seg_id), ..header };
        let (file, region) = zeroed(disk, &tmp_name(header.base), header.geometry.file_bytes())?;
        file.write_at(0, &header.encode())?;
        let data_end = limits::SEGMENT_HEADER_BYTES;
        Ok(Self { salt: header.salt(), header, file, region, count: 0, data_end })
    }

    fn push(&mut self, entry: &mut Entry, frame: &[u8]) -> io::Result<()> {
        let slot = u64::from(self.count);
        let seed = self.salt.seed(EventId(self.header.base.0 + slot));
        entry.frame_offset = (self.data_end as u32).into();
        entry.frame_crc = crc32c::crc32c_append(seed, frame).into();
        entry.crc = entry.checksum(seed).into();
        self.file.write_at(self.data_end, frame)?;
        self.file.write_at(self.header.geometry.entry_offset(slot), entry.as_bytes())?;
        self.count += 1;
        self.data_end += frame.len() as u64;
        Ok(())
    }

    fn finish(self) -> io::Result<Rewritten> {
        self.file.sync()?;
        let segment = Segment::new(self.region, &self.header);
        let seal = crate::log::seal::seal(&*self.file, &segment, &self.header, self.count)?;
        Ok(Rewritten { header: self.header, seal })
    }
}
