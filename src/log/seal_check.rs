//! What a seal says of the bytes of its segment, looked at piece by piece beside the walk through the events.
//!
//! A fault here without one in an event means that the seal's own sums are damaged.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U32;

use crate::limits;
use crate::log::DiskFile;
use crate::log::examine::Visitor;
use crate::log::fault::{Fault, FaultKind};
use crate::log::header::{BLOCKS_OFFSET, Header, Seal};
use crate::log::scan::Window;
use crate::log::sound::{block_count, block_range};

/// Bytes of entries that are summed at once.
const ENTRIES_STEP: u64 = 128 * 1024;

/// The sums of one seal.
pub(in crate::log) struct SealCheck<'a> {
    file: &'a dyn DiskFile,
    header: &'a Header,
    seal: Seal,
    name: &'a str,
    crcs: Vec<U32>,
    /// The next block to be looked at.
    block: u64,
    /// The one before it is as it was sealed.
    sound: bool,
}

impl<'a> SealCheck<'a> {
    pub(in crate::log) fn new(file: &'a dyn DiskFile, header: &'a Header, seal: Seal, name: &'a str) -> Self {
        Self { file, header, seal, name, crcs: Vec::new(), block: 0, sound: false }
    }

    /// Looks at the CRCs of the blocks, which are kept for later, and at the sum of the entries.
    pub(in crate::log) fn entries(&mut self, window: &mut Window, visitor: &mut dyn Visitor) {
        let blocks = block_count(self.seal.data_end);
        let offset = self.header.geometry.seal_offset() + BLOCKS_OFFSET;
        if u64::from(self.seal.block_count) != blocks {
            let expected = format!("{blocks} blocks");
            let fault = Fault::new(self.name, FaultKind::Seal, &expected, self.seal.block_count);
            visitor.fault(fault.at(self.header.geometry.seal_offset() + 36));
        }
        match self.sum(window, offset, blocks * 4, true) {
            Ok(crc) if crc == self.seal.blocks_crc => {}
            Ok(_) => {
                self.crcs.clear();
                let expected = "the checksums of the blocks";
                visitor.fault(Fault::new(self.name, FaultKind::Seal, expected, "other bytes").at(offset));
            }
            Err(error) => visitor.fault(Fault::unreadable(self.name, offset, &error)),
        }
        let first = self.header.geometry.entry_offset(u64::from(self.seal.count).saturating_sub(1));
        match self.sum(window, first, self.header.geometry.seal_offset() - first, false) {
            Ok(crc) if crc == self.seal.entries_crc => {}
            Ok(crc) => {
                let found = format!("{crc:08x} for {:08x}", self.seal.entries_crc);
                let fault = Fault::new(self.name, FaultKind::Index, "the sum that the seal says", found);
                visitor.fault(fault.at(first).of(self.header.base));
            }
            Err(error) => visitor.fault(Fault::unreadable(self.name, first, &error)),
        }
    }

    /// Looks at the blocks that begin before `end`.
    pub(in crate::log) fn blocks_before(&mut self, end: u64, window: &mut Window, visitor: &mut dyn Visitor) {
        loop {
            let (offset, bytes) = block_range(self.block, self.seal.data_end);
            if bytes == 0 || offset >= end {
                return;
            }
            let crc = self.crcs.get(self.block as usize).map(|crc| crc.get());
            self.block += 1;
            self.sound = false;
            let Some(expected) = crc else { continue };
            let found = match window.get(self.file, offset, bytes) {
                Ok(bytes) => crc32c::crc32c(bytes.unwrap_or_default()),
                Err(error) => {
                    visitor.fault(Fault::unreadable(self.name, offset, &error));
                    continue;
                }
            };
            self.sound = found == expected;
            if !self.sound {
                let found = format!("{found:08x} for {expected:08x}");
                let what = "the checksum that the seal says";
                visitor.fault(Fault::new(self.name, FaultKind::Block, what, found).at(offset));
            }
        }
    }

    /// Whether these bytes lie in the block that was looked at last, and it is as it was sealed.
    pub(in crate::log) fn vouches(&self, start: u64, end: u64) -> bool {
        let (offset, bytes) = block_range(self.block.saturating_sub(1), self.seal.data_end);
        self.sound && offset <= start && end <= offset + bytes
    }

    /// Compares what the seal says with what the walk has found.
    pub(in crate::log) fn finish(
        mut self,
        (data_end, times_ms): (Option<u64>, Option<(u64, u64)>),
        last_slot: u64,
        window: &mut Window,
        visitor: &mut dyn Visitor,
    ) {
        self.blocks_before(u64::MAX, window, visitor);
        let at = self.header.geometry.seal_offset();
        let fault = |offset: u64, expected: String, found: String| {
            let fault = Fault::new(self.name, FaultKind::Seal, &expected, found);
            fault.at(at + offset).of(crate::event::EventId(self.header.base.0.saturating_add(last_slot)))
        };
        // A damaged entry has been told of already.
        if let Some(end) = data_end.filter(|&end| end != self.seal.data_end) {
            visitor.fault(fault(32, format!("frames up to {end}"), self.seal.data_end.to_string()));
        }
        let said = (self.seal.first_ms, self.seal.last_ms);
        if let Some(times_ms) = times_ms.filter(|&times_ms| data_end.is_some() && times_ms != said) {
            visitor.fault(fault(40, format!("times {times_ms:?}"), format!("{said:?}")));
        }
    }

    /// The CRC of a range that is as long as it likes. `keep`: they are the CRCs of the blocks.
    fn sum(&mut self, window: &mut Window, offset: u64, bytes: u64, keep: bool) -> std::io::Result<u32> {
        let (mut crc, mut at) = (0, offset);
        while at < offset + bytes {
            let step = ENTRIES_STEP.min(offset + bytes - at);
            let held = window.get(self.file, at, step)?.unwrap_or_default();
            crc = crc32c::crc32c_append(crc, held);
            if keep {
                self.crcs.extend_from_slice(<[U32]>::ref_from_bytes(held).unwrap_or_default());
            }
            at += step;
        }
        Ok(crc)
    }
}

const _: () = assert!(ENTRIES_STEP.is_multiple_of(limits::ENTRY_BYTES as u64));
