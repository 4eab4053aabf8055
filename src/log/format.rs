//! The index entry and the geometry of a segment, format version 1. `docs/log-format.md` is the same in
//! words.
//!
//! Little endian throughout; every offset is held by the compiler. This file computes and checks bytes and
//! does no I/O.

use std::mem::{offset_of, size_of};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::limits;

/// The format this program writes, and the only one it reads.
pub(in crate::log) const VERSION: u16 = 1;
/// Longest time a segment takes events, so that its 32 bits of milliseconds hold with room to spare.
pub(in crate::log) const SEGMENT_AGE_MAX_MS: u64 = 7 * 24 * 3600 * 1000;
/// The value of `unsynced` that says "at least this far", which proves nothing.
pub(in crate::log) const UNSYNCED_MAX: u16 = u16::MAX;

/// Bits of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u16);

impl Flags {
    pub const PRESENT: u16 = 1;
    /// More events of the same publisher's batch follow.
    pub const BATCH_MORE: u16 = 2;
    /// `key` is a source's hash and `aux` the position in it.
    pub const POSITIONED: u16 = 4;
}

/// One index entry as it lies in the map, 64 bytes.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Entry {
    pub(in crate::log) stream: U64,
    pub(in crate::log) sender: U64,
    pub(in crate::log) recipient: U64,
    pub(in crate::log) key: U64,
    pub(in crate::log) aux: U64,
    pub(in crate::log) time: U32,
    pub(in crate::log) frame_offset: U32,
    pub(in crate::log) frame_crc: U32,
    pub(in crate::log) frame_bytes: U16,
    pub(in crate::log) payload_offset: u8,
    pub(in crate::log) kind: u8,
    pub(in crate::log) flags: U16,
    pub(in crate::log) unsynced: U16,
    pub(in crate::log) crc: U32,
}

const _: () = assert!(offset_of!(Entry, stream) == 0);
const _: () = assert!(offset_of!(Entry, sender) == 8);
const _: () = assert!(offset_of!(Entry, recipient) == 16);
const _: () = assert!(offset_of!(Entry, key) == 24);
const _: () = assert!(offset_of!(Entry, aux) == 32);
const _: () = assert!(offset_of!(Entry, time) == 40);
const _: () = assert!(offset_of!(Entry, frame_offset) == 44);
const _: () = assert!(offset_of!(Entry, frame_crc) == 48);
const _: () = assert!(offset_of!(Entry, frame_bytes) == 52);
const _: () = assert!(offset_of!(Entry, payload_offset) == 54);
const _: () = assert!(offset_of!(Entry, kind) == 55);
const _: () = assert!(offset_of!(Entry, flags) == 56);
const _: () = assert!(offset_of!(Entry, unsynced) == 58);
const _: () = assert!(offset_of!(Entry, crc) == 60);
const _: () = assert!(size_of::<Entry>() == limits::ENTRY_BYTES);
const _: () = assert!(512 % limits::ENTRY_BYTES == 0, "no entry lies across a sector");

impl Entry {
    /// What is found in place of an entry that does not exist: all zero, without `PRESENT`.
    pub(in crate::log) const NONE: Self = Self {
        stream: U64::ZERO,
        sender: U64::ZERO,
        recipient: U64::ZERO,
        key: U64::ZERO,
        aux: U64::ZERO,
        time: U32::ZERO,
        frame_offset: U32::ZERO,
        frame_crc: U32::ZERO,
        frame_bytes: U16::ZERO,
        payload_offset: 0,
        kind: 0,
        flags: U16::ZERO,
        unsynced: U16::ZERO,
        crc: U32::ZERO,
    };

    /// The hash of the payment stream; 0: none.
    #[inline]
    pub fn stream(&self) -> u64 {
        self.stream.get()
    }
    /// The hash of the sender; 0: none.
    #[inline]
    pub fn sender(&self) -> u64 {
        self.sender.get()
    }
    /// The hash of the recipient; 0: none.
    #[inline]
    pub fn recipient(&self) -> u64 {
        self.recipient.get()
    }
    /// The hash of the idempotency key, or of the source where `POSITIONED` is set; 0: none.
    #[inline]
    pub fn key(&self) -> u64 {
        self.key.get()
    }
    /// The digest of the canonical data, or the position in the source where `POSITIONED` is set.
    #[inline]
    pub fn aux(&self) -> u64 {
        self.aux.get()
    }
    /// Milliseconds after the segment's `created_ms`.
    #[inline]
    pub fn time_offset_ms(&self) -> u32 {
        self.time.get()
    }
    /// The event type's number.
    #[inline]
    pub fn kind(&self) -> u8 {
        self.kind
    }
    /// The bits of `Flags`.
    #[inline]
    pub fn flags(&self) -> u16 {
        self.flags.get()
    }
    /// The event's id minus the durable mark when the entry was made; 65535: that or more.
    #[inline]
    pub fn unsynced(&self) -> u16 {
        self.unsynced.get()
    }
    /// Bytes of the frame, chunk framing included.
    #[inline]
    pub fn frame_len(&self) -> usize {
        usize::from(self.frame_bytes.get())
    }
    /// Where in the frame the payload begins.
    #[inline]
    pub fn payload_offset(&self) -> usize {
        usize::from(self.payload_offset)
    }

    /// Where the frame ends in the file.
    pub(in crate::log) fn frame_end(&self) -> u64 {
        u64::from(self.frame_offset.get()) + u64::from(self.frame_bytes.get())
    }

    /// The checksum that belongs into `crc`.
    pub(in crate::log) fn checksum(&self, seed: u32) -> u32 {
        let covered = offset_of!(Entry, crc);
        self.as_bytes().get(..covered).map_or(0, |bytes| crc32c::crc32c_append(seed, bytes))
    }

    /// True for an entry that was written as the one this seed belongs to.
    pub(in crate::log) fn is_valid(&self, seed: u32) -> bool {
        self.flags() & Flags::PRESENT != 0 && self.crc.get() == self.checksum(seed)
    }
}

/// What seeds a segment's checksums, so that no bytes of another segment or of another id pass for valid.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct Salt(u32);

impl Salt {
    pub(in crate::log) fn new(seg_id: u64) -> Self {
        Self(crc32c::crc32c(&seg_id.to_le_bytes()))
    }

    /// The seed of the CRCs of one event's entry and frame.
    #[inline]
    pub(in crate::log) fn seed(self, id: EventId) -> u32 {
        crc32c::crc32c_append(self.0, &id.0.to_le_bytes())
    }
}

/// Where things lie in a segment file of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Geometry {
    file_bytes: u64,
}

impl Geometry {
    /// `None` where no segment has this size: not a multiple of 4096, too small for anything, or over the
    /// limit.
    pub(in crate::log) fn new(file_bytes: u64) -> Option<Self> {
        let smallest = limits::SEGMENT_HEADER_BYTES + limits::SEAL_BYTES + 4096;
        let fits =
            (smallest..=limits::SEGMENT_BYTES_MAX).contains(&file_bytes) && file_bytes.is_multiple_of(4096);
        fits.then_some(Self { file_bytes })
    }

    pub(in crate::log) fn file_bytes(self) -> u64 {
        self.file_bytes
    }

    pub(in crate::log) fn seal_offset(self) -> u64 {
        self.file_bytes - limits::SEAL_BYTES
    }

    pub(in crate::log) fn slots_max(self) -> u64 {
        (self.seal_offset() - limits::SEGMENT_HEADER_BYTES) / limits::ENTRY_BYTES as u64
    }

    /// Where the entry of a slot lies; 0 for a slot that cannot be.
    pub(in crate::log) fn entry_offset(self, slot: u64) -> u64 {
        if slot < self.slots_max() { self.seal_offset() - limits::ENTRY_BYTES as u64 * (slot + 1) } else { 0 }
    }

    /// True when `events` more entries and `frame_bytes` more bytes fit behind what is there.
    pub(in crate::log) fn fits(self, slots: u64, data_end: u64, events: u64, frame_bytes: u64) -> bool {
        let entries = (slots + events) * limits::ENTRY_BYTES as u64;
        data_end + frame_bytes + entries <= self.seal_offset()
    }
}
