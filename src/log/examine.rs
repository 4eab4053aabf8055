//! One segment file read from outside, event by event, with every checksum and every rule of the format looked at.
//!
//! What is whole is handed out, what is not is told with its place, and the reading goes on behind it. It changes
//! nothing and repairs nothing, and it does not know what a frame means.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::limits;
use crate::log::fault::{Fault, FaultKind};
use crate::log::format::Entry;
use crate::log::header::{Damage, Header, Seal};
use crate::log::scan::{Scanner, read_page};
use crate::log::seal_check::SealCheck;
use crate::log::shared::segment_name;
use crate::log::walk::Walk;
use crate::log::{DiskFile, Survey};

/// How often bytes that look wrong are read again: a server may have been writing them.
const TRIES: usize = 3;
/// Bytes of a seal that mean something.
const SEAL_FIELDS: usize = 72;

/// What is to be read of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Header and seal; entry by entry only what is not sealed.
    Summary,
    /// These events, each with its checksums.
    Events { first: EventId, last: EventId },
    /// Everything, by the checksums of the seal; those of single frames where there is no seal or its are wrong.
    Whole,
    /// Everything, by all checksums there are.
    Deep,
}

/// Who is told of what is found, in the order of the events.
pub trait Visitor {
    /// An event that is as it was written. `false`: read no further.
    fn event(&mut self, event: &FoundEvent<'_>) -> bool;
    fn fault(&mut self, fault: Fault);
    /// So many more bytes have been looked at.
    fn read(&mut self, bytes: u64);
}

/// An event as it lies in a segment file.
#[derive(Debug)]
pub struct FoundEvent<'a> {
    pub id: EventId,
    pub file: &'a str,
    /// Unix milliseconds.
    pub time_ms: u64,
    pub entry: &'a Entry,
    pub frame: &'a [u8],
}

impl FoundEvent<'_> {
    /// Where its frame begins in the file.
    pub fn frame_offset(&self) -> u64 {
        u64::from(self.entry.frame_offset.get())
    }
}

/// What a segment file was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    pub file: String,
    pub base: EventId,
    /// How many events it holds; `None` where that cannot be told.
    pub count: Option<u64>,
    pub file_bytes: u64,
    pub frame_bytes: u64,
    pub sealed: bool,
    /// Unix milliseconds of the first and the last event that can be read.
    pub times_ms: Option<(u64, u64)>,
    /// Retention has removed it meanwhile.
    pub gone: bool,
}

impl Examined {
    pub(in crate::log) fn last(&self) -> Option<EventId> {
        let count = self.count.filter(|&count| count > 0)?;
        Some(EventId(self.base.0.saturating_add(count - 1)))
    }
}

impl Survey<'_> {
    /// Reads the segment that begins with `base`.
    pub fn examine(&self, base: EventId, extent: Extent, visitor: &mut dyn Visitor) -> Examined {
        let mut found = Examined {
            file: segment_name(base),
            base,
            count: None,
            file_bytes: 0,
            frame_bytes: 0,
            sealed: false,
            times_ms: None,
            gone: false,
        };
        let name = found.file.clone();
        let opened = self.disk.open(&name, self.access).and_then(|file| Ok((file.bytes()?, file)));
        let (bytes, file) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.was_removed(base) => {
                found.gone = true;
                return found;
            }
            Err(error) => {
                visitor.fault(Fault::unreadable(&name, 0, &error));
                return found;
            }
        };
        found.file_bytes = bytes;
        if let Err(fault) = self.read_segment(&file, &mut found, extent, visitor) {
            visitor.fault(*fault);
        }
        found
    }

    fn read_segment(
        &self,
        file: &Arc<dyn DiskFile>,
        found: &mut Examined,
        extent: Extent,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Box<Fault>> {
        let header = self.read_header(&**file, found, visitor)?;
        let seal = read_seal(&**file, &header, &found.file, visitor)?;
        found.sealed = seal.is_some();
        let count = match seal {
            Some(seal) => u64::from(seal.count),
            None => self.count_unsealed(&**file, header, &found.file)?,
        };
        found.count = Some(count);
        let name = found.file.clone();
        let mut walk = Walk::new(&**file, &name, header);
        if let Some(seal) = seal.filter(|_| extent == Extent::Summary) {
            found.frame_bytes = seal.data_end - limits::SEGMENT_HEADER_BYTES;
            found.times_ms = Some((seal.first_ms, seal.last_ms));
            return Ok(());
        }
        let last_slot = count.saturating_sub(1);
        let (first, end) = match extent {
            Extent::Events { first, last } => (
                first.0.saturating_sub(found.base.0),
                count.min(last.0.saturating_add(1).saturating_sub(found.base.0)),
            ),
            _ => (0, count),
        };
        let whole = matches!(extent, Extent::Whole | Extent::Deep);
        let mut check = seal.filter(|_| whole).map(|seal| SealCheck::new(&**file, &header, seal, &name));
        if let Some(check) = &mut check {
            check.entries(&mut walk.frames, visitor);
        }
        let went_on = walk.through(first..end, check.as_mut(), extent == Extent::Deep, visitor);
        found.times_ms = walk.times_ms;
        found.frame_bytes = walk.data_end.unwrap_or_default().saturating_sub(limits::SEGMENT_HEADER_BYTES);
        if let Some(check) = check.filter(|_| went_on) {
            check.finish((walk.data_end, walk.times_ms), last_slot, &mut walk.frames, visitor);
        }
        Ok(())
    }

    fn read_header(
        &self,
        file: &dyn DiskFile,
        found: &Examined,
        visitor: &mut dyn Visitor,
    ) -> Result<Header, Box<Fault>> {
        let name = &found.file;
        let page = again(|| read_page(file, 0), |page| Header::decode(page).is_ok());
        let page = page.map_err(|error| Fault::unreadable(name, 0, &error))?;
        visitor.read(page.len() as u64);
        let fault = |expected: &str, damage: Damage| {
            Box::new(Fault::new(name, FaultKind::Header, expected, damage).at(0).of(found.base))
        };
        let header = Header::decode(&page).map_err(|damage| fault("the head of a segment", damage))?;
        if self.uuid().is_some_and(|uuid| uuid != header.uuid) {
            let foreign = Fault::new(name, FaultKind::Header, "a segment of this log", "one of another log");
            return Err(Box::new(foreign.at(16).of(found.base)));
        }
        if header.base != found.base {
            return Err(fault("the first id that the file's name says", Damage::Field));
        }
        if header.geometry.file_bytes() != found.file_bytes {
            return Err(fault("a file as long as its head says", Damage::Short));
        }
        Ok(header)
    }

    /// How many events a segment without a seal must hold: up to where the next one begins; in the last one all
    /// that can be read, and those that are known to have been durable.
    fn count_unsealed(&self, file: &dyn DiskFile, header: Header, name: &str) -> Result<u64, Box<Fault>> {
        if let Some(end) = self.end_of(header.base) {
            return Ok(end.0.saturating_sub(header.base.0).min(header.geometry.slots_max()));
        }
        let reading = |error: io::Error| Box::new(Fault::unreadable(name, 0, &error));
        let mut count = None;
        loop {
            let mut scanner = Scanner::new(file, header, true);
            let prefix = scanner.prefix(u64::MAX).map_err(reading)?;
            let proven = scanner.beyond(prefix).map_err(reading)?.proven.max(self.durable_mark());
            let proven = proven.filter(|&proven| proven >= header.base);
            let needed =
                proven.map_or(0, |proven| proven.0 - header.base.0 + 1).min(header.geometry.slots_max());
            if prefix.count >= needed || count == Some(prefix.count) {
                return Ok(prefix.count.max(needed));
            }
            // A server may have written the missing one before the proof was read: once more.
            count = Some(prefix.count);
        }
    }
}

/// The seal; `None` where there is none, also where there is a damaged one, which is told.
fn read_seal(
    file: &dyn DiskFile,
    header: &Header,
    name: &str,
    visitor: &mut dyn Visitor,
) -> Result<Option<Seal>, Box<Fault>> {
    let offset = header.geometry.seal_offset();
    let begun = |page: &[u8]| page.get(..SEAL_FIELDS).is_some_and(|head| head.iter().any(|&byte| byte != 0));
    let page = again(|| read_page(file, offset), |page| !begun(page) || Seal::decode(page, header).is_ok());
    let page = page.map_err(|error| Fault::unreadable(name, offset, &error))?;
    visitor.read(page.len() as u64);
    match Seal::decode(&page, header) {
        Ok(seal) => return Ok(Some(seal)),
        Err(damage) if begun(&page) => {
            let fault = Fault::new(name, FaultKind::Seal, "a seal, or zeros", damage);
            visitor.fault(fault.at(offset).of(header.base));
        }
        Err(_) => {}
    }
    Ok(None)
}

/// Reads until `is_good`, a few times.
fn again(read: impl Fn() -> io::Result<Vec<u8>>, is_good: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut page = read()?;
    for _ in 1..TRIES {
        if is_good(&page) {
            break;
        }
        page = read()?;
    }
    Ok(page)
}
