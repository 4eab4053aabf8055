//! What the writer thread knows of the past: parties, idempotency keys, sources.
//!
//! It is a fold over the stored events in the order of their ids, and nothing else: at start over the log's
//! entries, then over each event as it is stored. It never sees JSON or a name.

use crate::event::{EventId, EventType};
use crate::ingest::dedupe::{Keys, Reached, Seen, Sources};
use crate::ingest::parties::{Pair, Parties};
use crate::limits;
use crate::log::{Entry, Flags, Reader};

/// What the log's index holds of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: EventId,
    pub(crate) kind: u8,
    /// `key` is a source's hash and `aux` the position in it; else `aux` is the digest that goes with `key`.
    pub(crate) positioned: bool,
    pub(crate) stream: u64,
    pub(crate) parties: Pair,
    pub(crate) key: u64,
    pub(crate) aux: u64,
}

/// The tables, each bounded.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) parties: Parties,
    pub(crate) keys: Keys,
    pub(crate) sources: Sources,
}

impl Memory {
    /// How many payment streams' parties, keys and sources are remembered.
    pub(crate) fn new(payment_streams_max: usize, keys_max: usize, sources_max: usize) -> Self {
        Self {
            parties: Parties::new(payment_streams_max),
            keys: Keys::new(keys_max),
            sources: Sources::new(sources_max),
        }
    }

    /// The memory of all events that are kept, up to the commit point.
    pub(crate) fn of_log(reader: &Reader, payment_streams_max: usize) -> Self {
        let mut memory = Self::new(payment_streams_max, limits::KEYS_MAX, limits::SOURCES_MAX);
        let visible = reader.visible();
        for segment in reader.view().segments() {
            let last = segment.last(visible);
            let whole = segment.is_index_whole();
            let mut rotten = 0_u64;
            let mut id = segment.base();
            while id <= last {
                let entry = if whole { Some(segment.entry(id)) } else { segment.checked_entry(id) };
                match entry {
                    Some(entry) => memory.observe(Stored::from_entry(id, entry)),
                    None => rotten += 1,
                }
                id = id.next();
            }
            if !whole {
                tracing::error!(
                    first = segment.base().0,
                    rotten,
                    "the index of a segment is not what was written: its idempotency keys and parties that cannot \
                     be read are forgotten; restore the segment from a backup"
                );
            }
        }
        memory
    }

    /// Learns from an event that is stored, in the order of ids.
    pub(crate) fn observe(&mut self, stored: Stored) {
        if stored.stream != 0 {
            let ends = [EventType::Completed.code(), EventType::Cancelled.code()].contains(&stored.kind);
            self.parties.observe(stored.stream, stored.parties, ends);
        }
        if stored.key == 0 {
            return;
        }
        if stored.positioned {
            self.sources.observe(stored.key, Reached { position: stored.aux, id: stored.id });
        } else {
            self.keys.observe(stored.key, Seen { id: stored.id, digest: stored.aux });
        }
    }
}

impl Stored {
    pub(crate) fn from_entry(id: EventId, entry: &Entry) -> Self {
        Self {
            id,
            kind: entry.kind(),
            positioned: entry.flags() & Flags::POSITIONED != 0,
            stream: entry.stream(),
            parties: Pair { sender: entry.sender(), recipient: entry.recipient() },
            key: entry.key(),
            aux: entry.aux(),
        }
    }
}
