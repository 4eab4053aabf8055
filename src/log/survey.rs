//! A log directory looked at from outside: what it says of itself, which segments it has, whether they make a chain.
//!
//! It changes nothing, takes no lock and works beside a running server: what is being written may be unfinished, and
//! retention may remove files, and neither is a fault. One segment is `examine`'s.

use std::io;

use crate::event::EventId;
use crate::log::checkpoint::{self, Checkpoint};
use crate::log::fault::{Fault, FaultKind};
use crate::log::meta::{META, Meta};
use crate::log::open_error::{OpenError, io_error};
use crate::log::recover::parse_name;
use crate::log::shared::{SEGMENTS, segment_name};
use crate::log::{Access, Disk, Examined, Hole};

/// How often names and META are read again because the server changed them meanwhile.
const TRIES: usize = 8;

/// What a log directory says of itself.
pub struct Survey<'a> {
    pub(in crate::log) disk: &'a dyn Disk,
    pub(in crate::log) access: Access,
    /// `None`: it cannot be read; then nothing is known of holes.
    pub(in crate::log) meta: Option<Meta>,
    checkpoint: Option<Checkpoint>,
    bases: Vec<EventId>,
    faults: Vec<Fault>,
}

impl<'a> Survey<'a> {
    /// Reads META, the CHECKPOINTs and the names of the segments. `access`: how segments will be read. An error where
    /// there is no log, or the directory cannot be listed; what is damaged is a fault and no error.
    pub fn open(disk: &'a dyn Disk, access: Access) -> Result<Self, OpenError> {
        let mut survey =
            Self { disk, access, meta: None, checkpoint: None, bases: Vec::new(), faults: Vec::new() };
        for _ in 0..TRIES {
            survey.faults.clear();
            survey.read_meta()?;
            survey.read_checkpoints()?;
            let names = disk.list(SEGMENTS).map_err(io_error("listing", SEGMENTS))?;
            survey.take_names(&names);
            let now = Meta::read(disk).map_err(io_error("reading", META))?;
            if survey.meta == now.and_then(Result::ok) {
                break;
            }
        }
        if survey.meta.is_none() && survey.bases.is_empty() && survey.checkpoint.is_none() {
            return Err(io_error("reading", META)(io::ErrorKind::NotFound.into()));
        }
        Ok(survey)
    }

    pub fn uuid(&self) -> Option<[u8; 16]> {
        self.meta.as_ref().map(|meta| meta.uuid)
    }

    /// The 128-bit key for `topic::TopicHasher`: a secret of this log.
    pub fn hash_key(&self) -> Option<[u8; 16]> {
        self.meta.as_ref().map(|meta| meta.hash_key)
    }

    pub fn epoch(&self) -> u32 {
        self.meta.as_ref().map_or(0, |meta| meta.epoch)
    }

    pub fn created_ms(&self) -> u64 {
        self.meta.as_ref().map_or(0, |meta| meta.created_ms)
    }

    /// In the order of their ids.
    pub fn holes(&self) -> &[Hole] {
        self.meta.as_ref().map_or(&[], |meta| &meta.holes)
    }

    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint
    }

    /// What the segments begin with, in order.
    pub fn segments(&self) -> &[EventId] {
        &self.bases
    }

    /// Bytes of all segment files, for those who count how far they are.
    pub fn file_bytes(&self) -> u64 {
        let bytes = |&base: &EventId| {
            let file = self.disk.open(&segment_name(base), Access::Read).ok()?;
            file.bytes().ok()
        };
        self.bases.iter().filter_map(bytes).sum()
    }

    /// The faults of everything but the segments' contents, and of whether these make a chain. `examined`: all
    /// segments, in order. Also the last event that is there.
    pub fn conclude(&self, examined: &[Examined]) -> (Vec<Fault>, EventId) {
        let mut faults = self.faults.clone();
        let Some(meta) = &self.meta else {
            let last = examined.iter().rev().find_map(Examined::last).unwrap_or(EventId::ZERO);
            return (faults, last);
        };
        let mut expected = Some(meta.next_after(meta.first_kept.previous()));
        let (mut last, mut last_ms) = (meta.first_kept.previous(), 0);
        for segment in examined {
            if segment.gone {
                expected = None;
                continue;
            }
            let inside = |hole: &&Hole| hole.after < segment.base && segment.base < hole.first;
            if let Some(hole) = meta.holes.iter().find(inside) {
                if segment.count != Some(0) {
                    let between = format!("no events between {} and {}", hole.after, hole.first);
                    let found = "a segment of events that were announced as gone";
                    faults
                        .push(Fault::new(&segment.file, FaultKind::Chain, &between, found).of(segment.base));
                }
                continue;
            }
            if let Some(expected) = expected.filter(|&expected| expected != segment.base) {
                let what = format!("the events from {expected} on");
                let found = format!("a segment that begins with {}", segment.base);
                faults.push(Fault::new(&segment.file, FaultKind::Chain, &what, found).of(expected));
            }
            if let Some((first_ms, _)) = segment.times_ms.filter(|times| times.0 < last_ms) {
                let what = format!("no event earlier than {last_ms} ms");
                faults.push(Fault::new(&segment.file, FaultKind::Entry, &what, first_ms).of(segment.base));
            }
            last_ms = segment.times_ms.map_or(last_ms, |times| times.1);
            last = segment.last().unwrap_or(segment.base.previous());
            expected = match segment.count {
                None => None,
                Some(0) => Some(segment.base),
                Some(_) => Some(meta.next_after(last)),
            };
        }
        let end = expected.unwrap_or(last.next());
        let nothing = self.bases.is_empty() && meta.first_kept != EventId::ZERO;
        if nothing || self.durable_mark().is_some_and(|durable| expected.is_some() && durable >= end) {
            let durable = self.durable_mark().unwrap_or_default();
            let what = format!("the events from {end} on: all up to {durable} were durable");
            faults.push(Fault::new(SEGMENTS, FaultKind::Chain, &what, "the end of the log").of(end));
        }
        (faults, end.previous())
    }

    /// The highest id known to have been durable when the survey was opened, from elsewhere than the segments.
    pub(in crate::log) fn durable_mark(&self) -> Option<EventId> {
        let hole = self.holes().last().map(|hole| hole.after);
        self.checkpoint.map(|checkpoint| checkpoint.durable).max(hole)
    }

    /// The first id that a segment before the next later one than `base` does not hold; `None` for the last.
    pub(in crate::log) fn end_of(&self, base: EventId) -> Option<EventId> {
        let later = self.bases.iter().copied().find(|&later| later > base)?;
        let hole = self.holes().iter().find(|hole| hole.first == later && hole.after >= base.previous());
        Some(hole.map_or(later, |hole| hole.after.next()))
    }

    /// Whether retention has removed the segment since the survey was opened.
    pub(in crate::log) fn was_removed(&self, base: EventId) -> bool {
        matches!(Meta::read(self.disk), Ok(Some(Ok(meta))) if meta.first_kept > base)
    }

    fn read_meta(&mut self) -> Result<(), OpenError> {
        let found = Meta::read(self.disk).map_err(io_error("reading", META))?;
        let fault = match &found {
            Some(Ok(_)) => None,
            Some(Err(damage)) => {
                Some(Fault::new(META, FaultKind::Meta, "who the log is, with its checksum", damage).at(0))
            }
            None => Some(Fault::new(META, FaultKind::Meta, "a file that says who the log is", "none")),
        };
        self.faults.extend(fault);
        self.meta = found.and_then(Result::ok);
        Ok(())
    }

    fn read_checkpoints(&mut self) -> Result<(), OpenError> {
        let uuid = self.uuid();
        self.checkpoint = None;
        for name in checkpoint::NAMES {
            match Checkpoint::read_one(self.disk, name, uuid).map_err(io_error("reading", name))? {
                Some(Ok(found)) => {
                    let newest = self.checkpoint.is_none_or(|newest| newest.generation < found.generation);
                    self.checkpoint = if newest { Some(found) } else { self.checkpoint };
                }
                Some(Err(damage)) => {
                    let expected = "a mark of this log, with its checksum";
                    self.faults.push(Fault::new(name, FaultKind::Checkpoint, expected, damage).at(0));
                }
                None => {}
            }
        }
        if self.checkpoint.is_none() {
            let [a, b] = checkpoint::NAMES;
            let expected = format!("a mark of this log in it or in {b}");
            self.faults.push(Fault::new(a, FaultKind::Checkpoint, &expected, "none"));
        }
        Ok(())
    }

    fn take_names(&mut self, names: &[String]) {
        for name in names.iter().filter(|name| name.contains(".seg.bad")) {
            let file = format!("{SEGMENTS}/{name}");
            let found = "a damaged file that a repair put aside: move it out of the directory in the end";
            self.faults.push(Fault::new(&file, FaultKind::Aside, "nothing", found));
        }
        self.bases = names.iter().filter_map(|name| parse_name(name)).collect();
        self.bases.sort_unstable();
        // What retention gave up and a crash left behind.
        if let Some(first_kept) = self.meta.as_ref().map(|meta| meta.first_kept)
            && let Ok(first) = self.bases.binary_search(&first_kept)
        {
            self.bases.drain(..first);
        }
    }
}
