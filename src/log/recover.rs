//! Recovery: from the files of `seg/` to a chain of sealed segments, dense but for META's holes.
//!
//! A torn tail (a write that a power cut interrupted, never acknowledged) is dropped; damage to what was
//! durable is refused, or with `accept_gap` quarantined and recorded as a hole. Nothing is deleted on a
//! doubt.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::log::checkpoint::Checkpoint;
use crate::log::header::{Damage, Header, Seal};
use crate::log::meta::{HOLES_MAX, Hole, META, Meta};
use crate::log::open::Depth;
use crate::log::open_error::{OpenError, io_error};
use crate::log::salvage::{Rewritten, link_aside, replace, salvage};
use crate::log::scan::{Scanner, read_page};
use crate::log::shared::{SEGMENTS, TMP_SUFFIX, segment_name};
use crate::log::{Access, Disk, DiskFile, Segment, sidecar};

const BROKEN: &str = "its entry or its frame is not what was written, though it was durable";

/// Segment files that are looked at together, and by how many threads. So many are open at once.
const FOUND_AT_ONCE: usize = 128;
const FINDERS: usize = 4;

/// A sealed segment of the recovered chain.
pub(in crate::log) struct Kept {
    pub(in crate::log) segment: Arc<Segment>,
    pub(in crate::log) last: EventId,
    pub(in crate::log) last_ms: u64,
}

/// What recovery made of the directory.
#[derive(Default)]
pub(in crate::log) struct Chain {
    pub(in crate::log) kept: Vec<Kept>,
    /// Entries of a torn tail that were dropped.
    pub(in crate::log) torn: u64,
    /// The end was damaged: ids behind it may have been used.
    pub(in crate::log) end_lost: bool,
    /// Files that hold nothing, to be unlinked when the next segment is in place.
    pub(in crate::log) empty: Vec<EventId>,
    /// What the last segment began with, where it holds nothing yet.
    pub(in crate::log) begun: Option<EventId>,
    /// Sealed segments whose sums were made anew.
    pub(in crate::log) resealed: usize,
}

/// The state recovery works with.
pub(in crate::log) struct Recovery<'a> {
    pub(in crate::log) disk: &'a dyn Disk,
    pub(in crate::log) meta: &'a mut Meta,
    pub(in crate::log) checkpoint: Option<Checkpoint>,
    pub(in crate::log) accept_gap: bool,
    pub(in crate::log) depth: Depth,
}

/// One segment file as it was found.
pub(in crate::log) struct Found {
    pub(in crate::log) name: String,
    pub(in crate::log) base: EventId,
    pub(in crate::log) uncached: Arc<dyn DiskFile>,
    pub(in crate::log) header: Result<Header, Damage>,
    pub(in crate::log) seal: Result<Seal, Damage>,
}

impl Recovery<'_> {
    /// Recovers what is there. Files are changed only in ways that a second run repeats or finds done.
    pub(in crate::log) fn run(mut self) -> Result<Chain, OpenError> {
        let bases = self.bases()?;
        let mut chain = Chain::default();
        for (chunk, some) in bases.chunks(FOUND_AT_ONCE).enumerate() {
            let found = find_all(self.disk, some, self.meta.uuid, self.accept_gap);
            for (at, found) in found.into_iter().enumerate() {
                let later = bases.get(chunk * FOUND_AT_ONCE + at + 1).copied();
                self.recover(&found?, later, &mut chain)?;
            }
        }
        self.join(&mut chain)?;
        let kept: Vec<EventId> = chain.kept.iter().map(|kept| kept.segment.base()).collect();
        sidecar::remove_strays(self.disk, &kept);
        Ok(chain)
    }

    /// What the segment files begin with, in order. What was being prepared is dropped, and what retention had
    /// given up.
    fn bases(&self) -> Result<Vec<EventId>, OpenError> {
        let mut bases = Vec::new();
        let names = self.disk.list(SEGMENTS).map_err(io_error("listing", SEGMENTS))?;
        for name in names {
            let path = format!("{SEGMENTS}/{name}");
            if name.ends_with(TMP_SUFFIX) {
                self.disk.unlink(&path).map_err(io_error("removing", &path))?;
            } else if let Some(base) = parse_name(&name) {
                bases.push(base);
            }
        }
        bases.sort_unstable();
        // Retention never removes the first kept segment; without that one, META and the files are of
        // different times.
        if let Ok(first) = bases.binary_search(&self.meta.first_kept) {
            for base in bases.drain(..first) {
                let name = segment_name(base);
                self.disk.unlink(&name).map_err(io_error("removing", &name))?;
            }
            if first > 0 {
                // Before the first kept one can go: with it gone those that come back would not be told from kept
                // ones.
                self.disk.sync_dir(SEGMENTS).map_err(io_error("syncing", SEGMENTS))?;
            }
        }
        Ok(bases)
    }

    fn recover(&mut self, found: &Found, later: Option<EventId>, chain: &mut Chain) -> Result<(), OpenError> {
        if self.meta.holes.iter().any(|hole| hole.after < found.base && found.base < hole.first) {
            return self.inside_a_hole(found, chain);
        }
        let header = match found.header {
            Ok(header) => header,
            Err(damage) => return self.damaged(found, None, found.base, damage.to_string(), later, chain),
        };
        if let Ok(seal) = found.seal {
            let whole = self.whole_events(found, header, seal)?;
            if whole < seal.count {
                let id = EventId(header.base.0 + u64::from(whole));
                return self.damaged(found, Some(header), id, BROKEN.to_owned(), later, chain);
            }
            let kept = keep(self.disk, &header, seal).map_err(io_error("mapping", &found.name))?;
            let resealed = self.depth == Depth::Events && !kept.segment.is_as_sealed();
            chain.resealed += usize::from(resealed);
            chain.kept.push(if resealed { self.seal(found, &header, seal.count)? } else { kept });
            return Ok(());
        }
        let reading = |error| io_error("reading", &found.name)(error);
        let mut scanner = Scanner::new(&*found.uncached, header, self.accept_gap);
        let end = later.map(|later| self.end_before(later));
        let limit = end.map_or(u64::MAX, |end| end.0.saturating_sub(header.base.0));
        let prefix = scanner.prefix(limit).map_err(reading)?;
        let stop = EventId(header.base.0 + prefix.count);
        let count = match end {
            // A later segment has its name only once all before it was durable.
            Some(end) if stop == end => prefix.count,
            Some(_) => return self.damaged(found, Some(header), stop, BROKEN.to_owned(), later, chain),
            None => {
                let beyond = scanner.beyond(prefix).map_err(reading)?;
                if beyond.proven.max(self.durable_mark()) >= Some(self.meta.next_after(stop.previous())) {
                    return self.damaged(found, Some(header), stop, BROKEN.to_owned(), later, chain);
                }
                chain.torn += beyond.valid + prefix.count - prefix.whole;
                prefix.whole
            }
        };
        match u32::try_from(count) {
            Ok(count) if count > 0 => {
                chain.kept.push(self.seal(found, &header, count)?);
            }
            _ => {
                chain.begun = Some(found.base);
                chain.empty.push(found.base);
            }
        }
        Ok(())
    }

    /// How many of a sealed segment's events are whole before the first that is not; all, where seals are believed.
    fn whole_events(&self, found: &Found, header: Header, seal: Seal) -> Result<u32, OpenError> {
        if self.depth == Depth::Seals {
            return Ok(seal.count);
        }
        let mut scanner = Scanner::new(&*found.uncached, header, self.accept_gap);
        let prefix = scanner.prefix(u64::from(seal.count)).map_err(io_error("reading", &found.name))?;
        Ok(prefix.count as u32)
    }

    fn seal(&self, found: &Found, header: &Header, count: u32) -> Result<Kept, OpenError> {
        seal_found(self.disk, header, count).map_err(io_error("sealing", &found.name))
    }

    /// A file that an earlier start found empty, recorded in the hole and was cut off before it removed; or
    /// one that was brought back after its events had been announced as gone, which is put aside.
    fn inside_a_hole(&self, found: &Found, chain: &mut Chain) -> Result<(), OpenError> {
        let reading = |error| io_error("reading", &found.name)(error);
        let empty = match found.header {
            Ok(header) if found.seal.is_err() => {
                let mut scanner = Scanner::new(&*found.uncached, header, self.accept_gap);
                let prefix = scanner.prefix(u64::MAX).map_err(reading)?;
                prefix.count + scanner.beyond(prefix).map_err(reading)?.valid == 0
            }
            _ => false,
        };
        if empty {
            chain.empty.push(found.base);
            return Ok(());
        }
        let moved = link_aside(self.disk, &found.name).and_then(|()| self.disk.unlink(&found.name));
        moved.map_err(io_error("putting aside", &found.name))
    }

    /// The first id a segment before `later` does not hold.
    fn end_before(&self, later: EventId) -> EventId {
        // It may lie in a hole itself: found empty, recorded, and not removed yet.
        let hole = self.meta.holes.iter().find(|hole| hole.after < later && later <= hole.first);
        hole.map_or(later, |hole| hole.after.next())
    }

    /// The highest id known to have been durable, from elsewhere than the segments.
    fn durable_mark(&self) -> Option<EventId> {
        let checkpoint = self.checkpoint.map(|checkpoint| checkpoint.durable);
        checkpoint.max(self.meta.holes.last().map(|hole| hole.after))
    }

    /// Refuses, or with `accept_gap` keeps what is whole in new files and puts the damaged one aside.
    fn damaged(
        &mut self,
        found: &Found,
        header: Option<Header>,
        id: EventId,
        fault: String,
        later: Option<EventId>,
        chain: &mut Chain,
    ) -> Result<(), OpenError> {
        if !self.accept_gap {
            return Err(OpenError::Corrupt { file: found.name.clone(), id, fault });
        }
        let sealed = found.seal.ok().map(|seal| EventId(found.base.0.saturating_add(u64::from(seal.count))));
        let end = later.map(|later| self.end_before(later)).or(sealed);
        let salvaging = |error| io_error("salvaging", &found.name)(error);
        let runs = salvage(self.disk, found, header, end, self.durable_mark()).map_err(salvaging)?;
        if self.meta.holes.len() + runs.len() > HOLES_MAX {
            return Err(OpenError::TooManyHoles);
        }
        if later.is_none() {
            // Before any name changes: what is left after a cut may not tell any more that ids were lost.
            chain.end_lost = true;
            let used = self.checkpoint.map(|checkpoint| checkpoint.durable);
            let used = used.into_iter().chain([found.base]);
            self.meta.epoch = self.meta.next_epoch(used).ok_or(OpenError::EpochsExhausted)?;
            self.meta.write(self.disk).map_err(io_error("writing", META))?;
        }
        replace(self.disk, found, &runs).map_err(salvaging)?;
        for Rewritten { header, seal } in runs {
            let name = segment_name(header.base);
            chain.kept.push(keep(self.disk, &header, seal).map_err(io_error("mapping", &name))?);
        }
        Ok(())
    }

    /// Requires the chain to be dense but for known holes, and nothing known to be missing at its end.
    fn join(&mut self, chain: &mut Chain) -> Result<(), OpenError> {
        let first = chain.kept.first().map(|kept| kept.segment.base());
        if let Some(first) = first.filter(|&first| self.accept_gap && first < self.meta.first_kept) {
            self.meta.first_kept = first;
        }
        let mut last = self.meta.first_kept.previous();
        for (at, kept) in chain.kept.iter().enumerate() {
            let (base, expected) = (kept.segment.base(), self.meta.next_after(last));
            if at > 0 && base <= last {
                return Err(OpenError::Overlap { file: segment_name(base) });
            }
            if base != expected {
                if !self.accept_gap {
                    return Err(OpenError::Missing { expected, found: base });
                }
                self.meta.add_hole(hole(last, base));
            }
            last = kept.last;
        }
        let expected = self.meta.next_after(last);
        // A segment that holds nothing has its name only once all before it was durable.
        let durable = self.durable_mark().max(chain.begun.map(EventId::previous));
        // A complete log has a segment at all times, if only an empty one; but for a start that recorded a new
        // epoch after nothing and was cut off before its segment had a name.
        let recorded =
            expected.sequence() == 1 && self.meta.holes.last().is_some_and(|hole| hole.first == expected);
        let nothing = chain.kept.is_empty() && chain.empty.is_empty() && !recorded;
        if !chain.end_lost && (nothing || durable >= Some(expected)) {
            if !self.accept_gap {
                return Err(OpenError::EndMissing { expected });
            }
            chain.end_lost = true;
        }
        Ok(())
    }
}

fn hole(after: EventId, first: EventId) -> Hole {
    let dense = after.epoch() == first.epoch();
    Hole { after, first, missed: dense.then(|| first.0.saturating_sub(after.0 + 1)) }
}

/// `find` for each of `bases`. Where these are many, by several threads: the time goes into waiting for the disk.
fn find_all(
    disk: &dyn Disk,
    bases: &[EventId],
    uuid: [u8; 16],
    lenient: bool,
) -> Vec<Result<Found, OpenError>> {
    let find_some =
        &|some: &[EventId]| -> Vec<_> { some.iter().map(|&base| find(disk, base, uuid, lenient)).collect() };
    if bases.len() <= FOUND_AT_ONCE / 2 {
        return find_some(bases);
    }
    std::thread::scope(|scope| {
        let parts = bases.chunks(bases.len().div_ceil(FINDERS));
        let finders: Vec<_> = parts.map(|some| (some, scope.spawn(move || find_some(some)))).collect();
        // What a thread that failed has not found is looked for again here.
        finders
            .into_iter()
            .flat_map(|(some, finder)| finder.join().unwrap_or_else(|_| find_some(some)))
            .collect()
    })
}

/// Reads header and seal of the segment that begins with `base`. `lenient`: what the disk cannot read counts as
/// damaged instead of as an error.
pub(in crate::log) fn find(
    disk: &dyn Disk,
    base: EventId,
    uuid: [u8; 16],
    lenient: bool,
) -> Result<Found, OpenError> {
    let name = segment_name(base);
    let reading = |error| io_error("reading", &name)(error);
    let uncached = disk.open(&name, Access::ReadUncached).map_err(reading)?;
    let page = |offset| {
        let page = read_page(&*uncached, offset);
        if lenient { Ok(page.unwrap_or_default()) } else { page.map_err(reading) }
    };
    let header = Header::decode(&page(0)?);
    let header = match header {
        Err(Damage::Version(found)) => return Err(OpenError::Version { file: name, found }),
        Ok(header) if header.uuid != uuid => return Err(OpenError::Foreign { file: name }),
        Ok(header) if header.base != base => Err(Damage::Field),
        Ok(header) if uncached.bytes().map_err(reading)? != header.geometry.file_bytes() => {
            Err(Damage::Short)
        }
        other => other,
    };
    let seal = match header {
        Ok(header) => Seal::decode(&page(header.geometry.seal_offset())?, &header),
        Err(damage) => Err(damage),
    };
    Ok(Found { name, base, uncached, header, seal })
}

/// The base in a segment file's name; `None` for other files.
pub(in crate::log) fn parse_name(name: &str) -> Option<EventId> {
    let digits = name.strip_suffix(".seg").filter(|digits| digits.len() == 20)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok().map(EventId)).flatten()
}

fn keep(disk: &dyn Disk, header: &Header, seal: Seal) -> io::Result<Kept> {
    let region = disk.open(&segment_name(header.base), Access::Read)?.map()?;
    let segment = Segment::new(region, header);
    segment.set_seal(seal);
    let last = EventId(header.base.0 + u64::from(seal.count).saturating_sub(1));
    Ok(Kept { segment: Arc::new(segment), last, last_ms: seal.last_ms })
}

/// Seals what was recovered, which also makes it durable before anybody is shown it.
fn seal_found(disk: &dyn Disk, header: &Header, count: u32) -> io::Result<Kept> {
    let file = disk.open(&segment_name(header.base), Access::ReadWrite)?;
    let segment = Segment::new(file.map()?, header);
    let seal = crate::log::seal::seal(&*file, &segment, header, count)?;
    segment.set_seal(seal);
    let last = EventId(header.base.0 + u64::from(seal.count).saturating_sub(1));
    Ok(Kept { segment: Arc::new(segment), last, last_ms: seal.last_ms })
}
