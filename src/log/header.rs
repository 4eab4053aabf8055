//! The first 4 KiB of a segment and the seal at its end, format version 1.
//!
//! Both are one checked block of fields inside one sector. This file computes and checks bytes and does no
//! I/O.

use std::mem::{offset_of, size_of};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::limits;
use crate::log::format::{Geometry, Salt, VERSION};

const HEADER_MAGIC: [u8; 8] = *b"TWSEG\r\n\x1a";
const SEAL_MAGIC: [u8; 8] = *b"TWSEAL\r\n";
/// Bytes of frames that one CRC of the seal covers.
pub(in crate::log) const BLOCK_BYTES: u64 = 64 * 1024;
/// Where the block CRCs begin in the seal area.
pub(in crate::log) const BLOCKS_OFFSET: u64 = 128;

/// Why a block of fields is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it does not begin as one of ours")]
    Magic,
    #[error("it is of format version {0}, and this program knows version 1")]
    Version(u16),
    #[error("its checksum is wrong")]
    Checksum,
    #[error("a field holds an impossible value")]
    Field,
    #[error("it is shorter than it must be")]
    Short,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawHeader {
    magic: [u8; 8],
    version: U16,
    header_bytes: U16,
    entry_bytes: U16,
    flags: U16,
    uuid: [u8; 16],
    seg_id: U64,
    base: U64,
    created_ms: U64,
    file_bytes: U64,
    seal_bytes: U32,
    crc: U32,
}

const _: () = assert!(offset_of!(RawHeader, version) == 8);
const _: () = assert!(offset_of!(RawHeader, header_bytes) == 10);
const _: () = assert!(offset_of!(RawHeader, entry_bytes) == 12);
const _: () = assert!(offset_of!(RawHeader, flags) == 14);
const _: () = assert!(offset_of!(RawHeader, uuid) == 16);
const _: () = assert!(offset_of!(RawHeader, seg_id) == 32);
const _: () = assert!(offset_of!(RawHeader, base) == 40);
const _: () = assert!(offset_of!(RawHeader, created_ms) == 48);
const _: () = assert!(offset_of!(RawHeader, file_bytes) == 56);
const _: () = assert!(offset_of!(RawHeader, seal_bytes) == 64);
const _: () = assert!(offset_of!(RawHeader, crc) == 68);
const _: () = assert!(size_of::<RawHeader>() == 72);

/// What a segment's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Header {
    pub(in crate::log) uuid: [u8; 16],
    pub(in crate::log) seg_id: u64,
    pub(in crate::log) base: EventId,
    pub(in crate::log) created_ms: u64,
    pub(in crate::log) geometry: Geometry,
}

impl Header {
    pub(in crate::log) fn encode(&self) -> Vec<u8> {
        let mut raw = RawHeader {
            magic: HEADER_MAGIC,
            version: VERSION.into(),
            header_bytes: (limits::SEGMENT_HEADER_BYTES as u16).into(),
            entry_bytes: (limits::ENTRY_BYTES as u16).into(),
            flags: 0.into(),
            uuid: self.uuid,
            seg_id: self.seg_id.into(),
            base: self.base.0.into(),
            created_ms: self.created_ms.into(),
            file_bytes: self.geometry.file_bytes().into(),
            seal_bytes: (limits::SEAL_BYTES as u32).into(),
            crc: 0.into(),
        };
        raw.crc = checksum(raw.as_bytes()).into();
        let mut bytes = raw.as_bytes().to_vec();
        bytes.resize(limits::SEGMENT_HEADER_BYTES as usize, 0);
        bytes
    }

    pub(in crate::log) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let (raw, _) = RawHeader::read_from_prefix(bytes).map_err(|_| Damage::Short)?;
        check(raw.as_bytes(), HEADER_MAGIC, raw.version.get(), raw.crc.get())?;
        let sizes_known = u64::from(raw.header_bytes.get()) == limits::SEGMENT_HEADER_BYTES
            && usize::from(raw.entry_bytes.get()) == limits::ENTRY_BYTES
            && u64::from(raw.seal_bytes.get()) == limits::SEAL_BYTES;
        let geometry = Geometry::new(raw.file_bytes.get()).filter(|_| sizes_known).ok_or(Damage::Field)?;
        Ok(Self {
            uuid: raw.uuid,
            seg_id: raw.seg_id.get(),
            base: EventId(raw.base.get()),
            created_ms: raw.created_ms.get(),
            geometry,
        })
    }

    pub(in crate::log) fn salt(&self) -> Salt {
        Salt::new(self.seg_id)
    }
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawSeal {
    magic: [u8; 8],
    version: U16,
    flags: U16,
    count: U32,
    seg_id: U64,
    base: U64,
    data_end: U32,
    block_count: U32,
    first_ms: U64,
    last_ms: U64,
    blocks_crc: U32,
    entries_crc: U32,
    reserved: U32,
    crc: U32,
}

const _: () = assert!(offset_of!(RawSeal, version) == 8);
const _: () = assert!(offset_of!(RawSeal, flags) == 10);
const _: () = assert!(offset_of!(RawSeal, count) == 12);
const _: () = assert!(offset_of!(RawSeal, seg_id) == 16);
const _: () = assert!(offset_of!(RawSeal, base) == 24);
const _: () = assert!(offset_of!(RawSeal, data_end) == 32);
const _: () = assert!(offset_of!(RawSeal, block_count) == 36);
const _: () = assert!(offset_of!(RawSeal, first_ms) == 40);
const _: () = assert!(offset_of!(RawSeal, last_ms) == 48);
const _: () = assert!(offset_of!(RawSeal, blocks_crc) == 56);
const _: () = assert!(offset_of!(RawSeal, entries_crc) == 60);
const _: () = assert!(offset_of!(RawSeal, crc) == 68);
const _: () = assert!(size_of::<RawSeal>() == 72);
const _: () = assert!(
    BLOCKS_OFFSET + limits::SEGMENT_BYTES_MAX / BLOCK_BYTES * 4 <= limits::SEAL_BYTES,
    "the block CRCs of the largest segment fit its seal area"
);

/// What a segment's seal says: it is complete, and this is its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Seal {
    pub(in crate::log) count: u32,
    pub(in crate::log) data_end: u64,
    /// Unix milliseconds of the first and the last entry.
    pub(in crate::log) first_ms: u64,
    pub(in crate::log) last_ms: u64,
    pub(in crate::log) block_count: u32,
    pub(in crate::log) blocks_crc: u32,
    pub(in crate::log) entries_crc: u32,
}

impl Seal {
    pub(in crate::log) fn encode(&self, header: &Header) -> [u8; size_of::<RawSeal>()] {
        let mut raw = RawSeal {
            magic: SEAL_MAGIC,
            version: VERSION.into(),
            flags: 0.into(),
            count: self.count.into(),
            seg_id: header.seg_id.into(),
            base: header.base.0.into(),
            data_end: (self.data_end as u32).into(),
            block_count: self.block_count.into(),
            first_ms: self.first_ms.into(),
            last_ms: self.last_ms.into(),
            blocks_crc: self.blocks_crc.into(),
            entries_crc: self.entries_crc.into(),
            reserved: 0.into(),
            crc: 0.into(),
        };
        raw.crc = checksum(raw.as_bytes()).into();
        let mut bytes = [0; size_of::<RawSeal>()];
        bytes.copy_from_slice(raw.as_bytes());
        bytes
    }

    pub(in crate::log) fn decode(bytes: &[u8], header: &Header) -> Result<Self, Damage> {
        let (raw, _) = RawSeal::read_from_prefix(bytes).map_err(|_| Damage::Short)?;
        check(raw.as_bytes(), SEAL_MAGIC, raw.version.get(), raw.crc.get())?;
        let seal = Self {
            count: raw.count.get(),
            data_end: u64::from(raw.data_end.get()),
            first_ms: raw.first_ms.get(),
            last_ms: raw.last_ms.get(),
            block_count: raw.block_count.get(),
            blocks_crc: raw.blocks_crc.get(),
            entries_crc: raw.entries_crc.get(),
        };
        let of_this = raw.seg_id.get() == header.seg_id && raw.base.get() == header.base.0;
        let room = seal.data_end >= limits::SEGMENT_HEADER_BYTES
            && header.geometry.fits(u64::from(seal.count), seal.data_end, 0, 0);
        if of_this && room && seal.count > 0 { Ok(seal) } else { Err(Damage::Field) }
    }
}

/// The CRC over all but the last four bytes, which hold it.
pub(in crate::log) fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(&bytes[..bytes.len().saturating_sub(4)])
}

/// The version comes before the checksum: another version may keep its checksum elsewhere.
pub(in crate::log) fn check(bytes: &[u8], magic: [u8; 8], version: u16, crc: u32) -> Result<(), Damage> {
    if !bytes.starts_with(&magic) {
        Err(Damage::Magic)
    } else if version != VERSION {
        // Whole but for its version: not another version but a damaged one.
        let mut ours = bytes.to_vec();
        let ours_whole = ours.get_mut(8..10).is_some_and(|field| {
            field.copy_from_slice(&VERSION.to_le_bytes());
            true
        }) && checksum(&ours) == crc;
        Err(if ours_whole { Damage::Checksum } else { Damage::Version(version) })
    } else if crc != checksum(bytes) {
        Err(Damage::Checksum)
    } else {
        Ok(())
    }
}
