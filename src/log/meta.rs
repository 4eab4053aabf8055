//! The META file: who the log is, which epoch it is in, what retention removed, and every hole in its ids.
//!
//! It is small and replaced as a whole (written aside, synced, renamed, the directory synced), so it is
//! either the old or the new one. An unreadable META is never taken for a missing one, and a missing one
//! never for a fresh directory.

use std::io;
use std::mem::{offset_of, size_of};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::log::format::VERSION;
use crate::log::header::Damage;
use crate::log::{Access, Disk};

pub(in crate::log) const META: &str = "META";
const META_TMP: &str = "META.tmp";
const MAGIC: [u8; 8] = *b"TWMETA\r\n";
/// Most holes a log may have; each is 24 bytes of META.
pub(in crate::log) const HOLES_MAX: usize = 65_536;
/// What stands for "not known how many".
const MISSED_UNKNOWN: u64 = u64::MAX;

/// Ids that no kept event has, between two that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The last id before the hole.
    pub after: EventId,
    /// The first id after it.
    pub first: EventId,
    /// How many events are missing, where that can be known.
    pub missed: Option<u64>,
}

/// The contents of META.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) struct Meta {
    pub(in crate::log) uuid: [u8; 16],
    pub(in crate::log) hash_key: [u8; 16],
    pub(in crate::log) epoch: u32,
    /// The first kept id; `EventId::ZERO` until the directory is complete and may take events.
    pub(in crate::log) first_kept: EventId,
    pub(in crate::log) created_ms: u64,
    /// In order of their ids.
    pub(in crate::log) holes: Vec<Hole>,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawMeta {
    magic: [u8; 8],
    version: U16,
    flags: U16,
    epoch: U32,
    uuid: [u8; 16],
    hash_key: [u8; 16],
    first_kept: U64,
    created_ms: U64,
    hole_count: U32,
    reserved: U32,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawHole {
    after: U64,
    first: U64,
    missed: U64,
}

const _: () = assert!(offset_of!(RawMeta, version) == 8);
const _: () = assert!(offset_of!(RawMeta, flags) == 10);
const _: () = assert!(offset_of!(RawMeta, epoch) == 12);
const _: () = assert!(offset_of!(RawMeta, uuid) == 16);
const _: () = assert!(offset_of!(RawMeta, hash_key) == 32);
const _: () = assert!(offset_of!(RawMeta, first_kept) == 48);
const _: () = assert!(offset_of!(RawMeta, created_ms) == 56);
const _: () = assert!(offset_of!(RawMeta, hole_count) == 64);
const _: () = assert!(size_of::<RawMeta>() == 72);
const _: () = assert!(size_of::<RawHole>() == 24);

impl Meta {
    /// The id that follows a kept one: the next, or the first after a hole that begins there.
    pub(in crate::log) fn next_after(&self, id: EventId) -> EventId {
        let found = self.holes.iter().rev().find(|hole| hole.after == id);
        found.map_or(id.next(), |hole| hole.first)
    }

    /// Records a hole. It takes the place of those it touches: nothing was kept between them.
    pub(in crate::log) fn add_hole(&mut self, hole: Hole) {
        self.holes.retain(|other| other.first <= hole.after || other.after >= hole.first);
        let at = self.holes.partition_point(|other| other.after < hole.after);
        self.holes.insert(at, hole);
    }

    /// An epoch above this one and those of `used`; `None` where there is none.
    pub(in crate::log) fn next_epoch(&self, used: impl IntoIterator<Item = EventId>) -> Option<u32> {
        let used = used.into_iter().map(EventId::epoch).fold(self.epoch, u32::max);
        (used < EventId::EPOCH_MAX).then(|| used + 1)
    }

    /// Forgets the holes that retention has removed the far side of as well.
    pub(in crate::log) fn keep_from(&mut self, first_kept: EventId) {
        self.first_kept = first_kept;
        self.holes.retain(|hole| hole.first >= first_kept);
    }

    pub(in crate::log) fn encode(&self) -> Vec<u8> {
        let raw = RawMeta {
            magic: MAGIC,
            version: VERSION.into(),
            flags: 0.into(),
            epoch: self.epoch.into(),
            uuid: self.uuid,
            hash_key: self.hash_key,
            first_kept: self.first_kept.0.into(),
            created_ms: self.created_ms.into(),
            hole_count: (self.holes.len() as u32).into(),
            reserved: 0.into(),
        };
        let mut bytes = raw.as_bytes().to_vec();
        for hole in &self.holes {
            let missed = hole.missed.unwrap_or(MISSED_UNKNOWN).into();
            let raw = RawHole { after: hole.after.0.into(), first: hole.first.0.into(), missed };
            bytes.extend_from_slice(raw.as_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    pub(in crate::log) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let (raw, rest) = RawMeta::ref_from_prefix(bytes).map_err(|_| Damage::Short)?;
        if raw.magic != MAGIC {
            return Err(Damage::Magic);
        }
        if raw.version.get() != VERSION {
            return Err(Damage::Version(raw.version.get()));
        }
        let (covered, crc) = bytes.split_last_chunk::<4>().ok_or(Damage::Short)?;
        if crc32c::crc32c(covered) != u32::from_le_bytes(*crc) {
            return Err(Damage::Checksum);
        }
        let count = raw.hole_count.get() as usize;
        let (holes, _) = <[RawHole]>::ref_from_prefix_with_elems(rest, count).map_err(|_| Damage::Short)?;
        let holes: Vec<Hole> = holes.iter().map(Hole::from).collect();
        if !are_in_order(&holes) {
            return Err(Damage::Field);
        }
        Ok(Self {
            uuid: raw.uuid,
            hash_key: raw.hash_key,
            epoch: raw.epoch.get(),
            first_kept: EventId(raw.first_kept.get()),
            created_ms: raw.created_ms.get(),
            holes,
        })
    }

    /// Reads META. `Ok(None)`: there is none.
    pub(in crate::log) fn read(disk: &dyn Disk) -> io::Result<Option<Result<Self, Damage>>> {
        let file = match disk.open(META, Access::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let bytes_max = size_of::<RawMeta>() + HOLES_MAX * size_of::<RawHole>() + 4;
        let mut bytes = vec![0; (file.bytes()? as usize).min(bytes_max)];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(Self::decode(&bytes)))
    }

    /// Replaces META, durably. One that could not be read again is refused.
    pub(in crate::log) fn write(&self, disk: &dyn Disk) -> io::Result<()> {
        if !are_in_order(&self.holes) || self.holes.len() > HOLES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its holes are not in order"));
        }
        let file = disk.create(META_TMP)?;
        file.write_at(0, &self.encode())?;
        file.sync()?;
        disk.rename(META_TMP, META)?;
        disk.sync_dir("")
    }
}

fn are_in_order(holes: &[Hole]) -> bool {
    holes.iter().all(|hole| hole.after < hole.first)
        && holes.windows(2).all(|two| matches!(two, [one, other] if one.first <= other.after))
}

impl From<&RawHole> for Hole {
    fn from(raw: &RawHole) -> Self {
        let missed = Some(raw.missed.get()).filter(|&missed| missed != MISSED_UNKNOWN);
        Self { after: EventId(raw.after.get()), first: EventId(raw.first.get()), missed }
    }
}
