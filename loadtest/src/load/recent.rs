//! Chunks that were just decoded and checked, by event id. Most of what a herd receives is the same bytes again
//! for another subscriber: comparing them with bytes already found right is as exact as reading them anew, at a
//! fraction of the cost, and the tool shares the machine with the server it measures.

use crate::load::event::Stamp;

/// Chunks that are kept; about 6 MB of them.
const CHUNKS: usize = 1 << 14;

/// The last of the checked chunks.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    chunks: Vec<Known>,
}

/// One chunk that holds one event of the run and nothing else.
#[derive(Debug, Clone, Default)]
struct Known {
    id: u64,
    stamp: Option<Stamp>,
    bytes: Vec<u8>,
}

impl Recent {
    /// Keeps a chunk whose event was right in every respect.
    pub(crate) fn keep(&mut self, id: u64, stamp: Stamp, bytes: &[u8]) {
        if self.chunks.is_empty() {
            self.chunks.resize(CHUNKS, Known::default());
        }
        if let Some(known) = self.chunks.get_mut(place(id)) {
            known.id = id;
            known.stamp = Some(stamp);
            known.bytes.clear();
            known.bytes.extend_from_slice(bytes);
        }
    }

    /// The stamp of event `id` and the length of its chunk, if `bytes` begin with just that chunk.
    pub(crate) fn recognise(&self, id: u64, bytes: &[u8]) -> Option<(Stamp, usize)> {
        let known = self.chunks.get(place(id)).filter(|known| known.id == id)?;
        let stamp = known.stamp?;
        bytes.starts_with(&known.bytes).then_some((stamp, known.bytes.len()))
    }
}

fn place(id: u64) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX) % CHUNKS
}
