//! Sealing a closed segment: its sum at its end, and the unused middle given back.
//!
//! Only for segments whose frames and entries are durable already: a seal is believed without looking at
//! them.

use std::io;

use zerocopy::IntoBytes as _;

use crate::limits;
use crate::log::format::Entry;
use crate::log::header::{BLOCK_BYTES, BLOCKS_OFFSET, Header, Seal};
use crate::log::{DiskFile, Segment};

/// Seals `segment` at `count` events (at least one), durably.
pub(in crate::log) fn seal(
    file: &dyn DiskFile,
    segment: &Segment,
    header: &Header,
    count: u32,
) -> io::Result<Seal> {
    let geometry = header.geometry;
    let last = crate::event::EventId(header.base.0 + u64::from(count).saturating_sub(1));
    let data_end = segment.entry(last).frame_end();
    let blocks = block_crcs(segment, data_end);
    let entries_at = geometry.entry_offset(u64::from(count).saturating_sub(1));
    let entries = segment.closed_bytes(entries_at, geometry.seal_offset() - entries_at);
    debug_assert_eq!(entries.len() % size_of::<Entry>(), 0);
    let seal = Seal {
        count,
        data_end,
        first_ms: segment.time_ms(header.base),
        last_ms: segment.time_ms(last),
        block_count: blocks.len() as u32,
        blocks_crc: crc32c::crc32c(blocks.as_bytes()),
        entries_crc: crc32c::crc32c(entries),
    };
    // The head is believed on sight, so what it stands for must be durable before it.
    file.write_at(geometry.seal_offset() + BLOCKS_OFFSET, blocks.as_bytes())?;
    file.sync()?;
    file.write_at(geometry.seal_offset(), &seal.encode(header))?;
    file.sync()?;
    punch_gap(file, data_end, entries_at);
    Ok(seal)
}

/// One CRC-32C for each 64 KiB of frames, the last one shorter.
fn block_crcs(segment: &Segment, data_end: u64) -> Vec<zerocopy::little_endian::U32> {
    let mut blocks = Vec::new();
    let mut offset = limits::SEGMENT_HEADER_BYTES;
    while offset < data_end {
        let bytes = segment.closed_bytes(offset, BLOCK_BYTES.min(data_end - offset));
        blocks.push(crc32c::crc32c(bytes).into());
        offset += BLOCK_BYTES;
    }
    blocks
}

/// Gives back the whole pages between frames and entries. A file system that cannot keeps them, which is no
/// harm.
fn punch_gap(file: &dyn DiskFile, data_end: u64, entries_at: u64) {
    let from = data_end.next_multiple_of(4096);
    let to = entries_at / 4096 * 4096;
    if from < to {
        let _kept = file.punch(from, to - from);
    }
}
