//! Frames that some subscriber has been sent already and the strict decoder has passed, kept as their very
//! bytes. A subscriber whose next bytes equal the next such frame needs no second decoding: the same bytes
//! mean the same event. It is what lets one thread check millions of deliveries a second; whatever differs by
//! a byte goes the long way and is judged there.

use crate::load::event::Stamp;

/// Frames that are kept, by their ids; a subscriber that is further behind is decoded.
const SLOTS: usize = 16_384;
/// Longest chunk that is kept, so that all together stay at 16 MiB.
const CHUNK_BYTES_MAX: usize = 1024;

/// The latest frames, each a chunk of its own.
#[derive(Debug, Default)]
pub(crate) struct KnownFrames {
    slots: Vec<KnownFrame>,
}

/// One event's chunk, framing included.
#[derive(Debug, Clone)]
pub(crate) struct KnownFrame {
    pub(crate) id: u64,
    pub(crate) stamp: Stamp,
    chunk: Vec<u8>,
}

impl KnownFrames {
    /// The frame of this id, if `bytes` begins with it to the last byte; and its length.
    pub(crate) fn matching(&self, id: u64, bytes: &[u8]) -> Option<(&KnownFrame, usize)> {
        let known = self.slots.get(slot(id)).filter(|known| known.id == id)?;
        bytes.starts_with(&known.chunk).then_some((known, known.chunk.len()))
    }

    /// Keeps a chunk that was decoded as this event and nothing else, in place of an older one.
    pub(crate) fn learn(&mut self, id: u64, stamp: Stamp, chunk: &[u8]) {
        if chunk.len() > CHUNK_BYTES_MAX {
            return;
        }
        if self.slots.is_empty() {
            let none = KnownFrame { id: 0, stamp, chunk: Vec::new() };
            self.slots = vec![none; SLOTS];
        }
        if let Some(known) = self.slots.get_mut(slot(id)) {
            known.id = id;
            known.stamp = stamp;
            known.chunk.clear();
            known.chunk.extend_from_slice(chunk);
        }
    }
}

fn slot(id: u64) -> usize {
    id as usize % SLOTS
}
