//! Sidecars: the postings of a sealed segment in a file beside it, `seg/<first id>.idx`.
//!
//! A sidecar is made from the segment's entries alone and can be made again at any time, so nothing in it is
//! believed on a doubt: another segment's, a cut one, or a byte that has changed counts as none. It is checked block
//! by block as it is read, so that a search of a cold log reads little.

use std::io;
use std::mem::{offset_of, size_of};
use std::ops::Range;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::log::format::VERSION;
use crate::log::header::{Damage, Header, Seal, check, checksum};
use crate::log::postings::{Broken, Postings};
use crate::log::shared::{FREE_BYTES_MIN, SEGMENTS};
use crate::log::{Access, Disk, Region};
use crate::sync::{AtomicU64, Ordering};

const MAGIC: [u8; 8] = *b"TWIDX\r\n\x1a";
/// What ends the name of a sidecar, and of one that is being written.
const SUFFIX: &str = ".idx";
const TMP_SUFFIX: &str = ".idx.tmp";
/// Bytes of postings that one CRC covers; also what the postings are aligned to.
const BLOCK_BYTES: u64 = 4096;
/// Where the CRCs of the blocks begin.
const CRCS_OFFSET: u64 = 128;

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawHead {
    magic: [u8; 8],
    version: U16,
    flags: U16,
    count: U32,
    uuid: [u8; 16],
    seg_id: U64,
    base: U64,
    entries_crc: U32,
    topics: U32,
    body_bytes: U32,
    crcs_crc: U32,
    reserved: U32,
    crc: U32,
}

const _: () = assert!(offset_of!(RawHead, version) == 8);
const _: () = assert!(offset_of!(RawHead, flags) == 10);
const _: () = assert!(offset_of!(RawHead, count) == 12);
const _: () = assert!(offset_of!(RawHead, uuid) == 16);
const _: () = assert!(offset_of!(RawHead, seg_id) == 32);
const _: () = assert!(offset_of!(RawHead, base) == 40);
const _: () = assert!(offset_of!(RawHead, entries_crc) == 48);
const _: () = assert!(offset_of!(RawHead, topics) == 52);
const _: () = assert!(offset_of!(RawHead, body_bytes) == 56);
const _: () = assert!(offset_of!(RawHead, crcs_crc) == 60);
const _: () = assert!(offset_of!(RawHead, crc) == 68);
const _: () = assert!(size_of::<RawHead>() as u64 <= CRCS_OFFSET);

/// The postings in a mapped sidecar.
pub(in crate::log) struct Body {
    region: Region,
    /// Where they begin in the file.
    at: u64,
    bytes: u64,
    /// One for each block, from a head that was whole when the file was opened.
    crcs: Box<[U32]>,
    /// A bit for each block that could be read once.
    readable: Box<[AtomicU64]>,
}

impl Body {
    pub(in crate::log) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// `bytes` bytes at `offset`, after a look at the CRCs of the blocks that hold them, but for the `checked` ones.
    #[inline]
    pub(in crate::log) fn slice(
        &self,
        checked: &mut Range<u64>,
        offset: u64,
        bytes: u64,
    ) -> Result<&[u8], Broken> {
        let end = offset.checked_add(bytes).filter(|&end| end <= self.bytes).ok_or(Broken)?;
        let blocks = offset / BLOCK_BYTES..end.div_ceil(BLOCK_BYTES);
        if blocks.start < checked.start || checked.end < blocks.end {
            for block in blocks {
                if !checked.contains(&block) {
                    self.check(block)?;
                    *checked = match block {
                        after if after == checked.end => checked.start..after + 1,
                        before if before + 1 == checked.start => before..checked.end,
                        elsewhere => elsewhere..elsewhere + 1,
                    };
                }
            }
        }
        Ok(self.region.slice(self.at + offset, bytes as usize))
    }

    fn check(&self, block: u64) -> Result<(), Broken> {
        let offset = block * BLOCK_BYTES;
        let bytes = BLOCK_BYTES.min(self.bytes.saturating_sub(offset)) as usize;
        let (word, bit) = (self.readable.get((block / 64) as usize).ok_or(Broken)?, 1 << (block % 64));
        if word.load(Ordering::Relaxed) & bit == 0 {
            // What the disk cannot read is an error here, and would be the end of the process as a page fault.
            self.region.populate(self.at + offset, bytes).map_err(|_| Broken)?;
            word.fetch_or(bit, Ordering::Relaxed);
        }
        let crc = crc32c::crc32c(self.region.slice(self.at + offset, bytes));
        let whole = self.crcs.get(block as usize).is_some_and(|expected| expected.get() == crc);
        if whole { Ok(()) } else { Err(Broken) }
    }
}

/// All of a sidecar before the postings.
pub(in crate::log) fn encode_head(header: &Header, seal: &Seal, postings: &Postings) -> Vec<u8> {
    let body = postings.memory();
    let crcs: Vec<U32> =
        body.chunks(BLOCK_BYTES as usize).map(|block| crc32c::crc32c(block).into()).collect();
    let mut raw = RawHead {
        magic: MAGIC,
        version: VERSION.into(),
        flags: 0.into(),
        count: seal.count.into(),
        uuid: header.uuid,
        seg_id: header.seg_id.into(),
        base: header.base.0.into(),
        entries_crc: seal.entries_crc.into(),
        topics: postings.topics().into(),
        body_bytes: (body.len() as u32).into(),
        crcs_crc: crc32c::crc32c(crcs.as_bytes()).into(),
        reserved: 0.into(),
        crc: 0.into(),
    };
    raw.crc = checksum(raw.as_bytes()).into();
    let mut head = vec![0; body_at(body.len() as u64) as usize];
    let crcs_at = CRCS_OFFSET as usize;
    for (place, bytes) in [(0, raw.as_bytes()), (crcs_at, crcs.as_bytes())] {
        if let Some(place) = head.get_mut(place..place + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    head
}

/// Writes the sidecar of a sealed segment, durably, in place of one that is there.
pub(in crate::log) fn write(
    disk: &dyn Disk,
    header: &Header,
    seal: &Seal,
    postings: &Postings,
) -> io::Result<()> {
    let (head, body) = (encode_head(header, seal, postings), postings.memory());
    if disk.free_bytes()? < (head.len() + body.len()) as u64 + FREE_BYTES_MIN {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let tmp_name = format!("{SEGMENTS}/{:020}{TMP_SUFFIX}", header.base.0);
    let written = disk.create(&tmp_name).and_then(|file| {
        file.write_at(0, &head)?;
        file.write_at(head.len() as u64, body)?;
        file.sync()
    });
    let named = written.and_then(|()| disk.rename(&tmp_name, &name(header.base)));
    if named.is_err() {
        let _left_for_the_next_start = disk.unlink(&tmp_name);
    }
    named?;
    disk.sync_dir(SEGMENTS)
}

/// Opens the sidecar of a sealed segment. `NotFound`: there is none. `InvalidData`: one that is damaged, or not of
/// this segment.
pub(in crate::log) fn open(disk: &dyn Disk, header: &Header, seal: &Seal) -> io::Result<Postings> {
    let file = disk.open(&name(header.base), Access::Read)?;
    let mut bytes = [0; size_of::<RawHead>()];
    let read = file.read_at(0, &mut bytes)?;
    let raw = decode_head(bytes.get(..read).unwrap_or_default(), header, seal).map_err(invalid)?;
    let body_bytes = u64::from(raw.body_bytes.get());
    let at = body_at(body_bytes);
    if file.bytes()? != at + body_bytes {
        return Err(invalid(Damage::Short));
    }
    let mut crcs = vec![U32::ZERO; body_bytes.div_ceil(BLOCK_BYTES) as usize];
    let read = file.read_at(CRCS_OFFSET, crcs.as_mut_bytes())?;
    if read < size_of_val(crcs.as_slice()) || crc32c::crc32c(crcs.as_bytes()) != raw.crcs_crc.get() {
        return Err(invalid(Damage::Checksum));
    }
    let readable = (0..crcs.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
    let body = Body { region: file.map()?, at, bytes: body_bytes, crcs: crcs.into(), readable };
    Ok(Postings::of_file(seal.count, raw.topics.get(), body))
}

fn decode_head(bytes: &[u8], header: &Header, seal: &Seal) -> Result<RawHead, Damage> {
    let raw = RawHead::read_from_bytes(bytes).map_err(|_| Damage::Short)?;
    check(bytes, MAGIC, raw.version.get(), raw.crc.get())?;
    let of_this = raw.uuid == header.uuid
        && raw.seg_id.get() == header.seg_id
        && raw.base.get() == header.base.0
        && raw.count.get() == seal.count
        && raw.entries_crc.get() == seal.entries_crc;
    if of_this { Ok(raw) } else { Err(Damage::Field) }
}

fn invalid(damage: Damage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, damage)
}

fn body_at(body_bytes: u64) -> u64 {
    let crcs = body_bytes.div_ceil(BLOCK_BYTES) * size_of::<U32>() as u64;
    (CRCS_OFFSET + crcs).next_multiple_of(BLOCK_BYTES)
}

/// The name of the sidecar of the segment whose first id is `base`.
pub(in crate::log) fn name(base: EventId) -> String {
    format!("{SEGMENTS}/{:020}{SUFFIX}", base.0)
}

/// Removes what a start need not look at again: sidecars without a segment, and those that were being written. One
/// that cannot be removed does no harm. `bases`: what the segments begin with, in order.
pub(in crate::log) fn remove_strays(disk: &dyn Disk, bases: &[EventId]) {
    for file in disk.list(SEGMENTS).unwrap_or_default() {
        let digits = file.strip_suffix(SUFFIX).and_then(|digits| digits.parse().ok());
        let is_stray = digits.is_some_and(|base| bases.binary_search(&EventId(base)).is_err());
        if is_stray || file.ends_with(TMP_SUFFIX) {
            let _left_where_it_is = disk.unlink(&format!("{SEGMENTS}/{file}"));
        }
    }
}
