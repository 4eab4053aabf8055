//! What tells a repeated event from a new one: the newest idempotency keys, and each source's highest
//! position.
//!
//! Both are bounded and filled from the log's entries alone. Beyond the bound of keys the oldest is
//! forgotten; beyond the bound of sources those that stored nothing for longest. Keys and sources are known
//! by their keyed hashes. What follows from a repeat is not decided here.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::event::EventId;
use crate::ingest::places::Places;

/// The event a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: EventId,
    /// Of its type and data, see `TopicHasher::digest`.
    pub(crate) digest: u64,
}

/// The newest events with an idempotency key, about 32 bytes each: a ring in the order of their ids, and an index
/// of it.
///
/// A key is used again only once its event is no longer kept. Then the ring may hold both, and the index leads to
/// the newer one: so the ring is always the last `max` such events, whatever was forgotten in between.
#[derive(Debug)]
pub(crate) struct Keys {
    max: usize,
    places: Places,
    ring: Vec<Slot>,
    oldest: usize,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u64,
    seen: Seen,
}

impl Keys {
    /// `max`: how many keys are remembered; at least 1.
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        // All of it at once, so that no event pays for a copy; memory is used as it fills.
        Self { max, places: Places::new(max), ring: Vec::with_capacity(max), oldest: 0, count: 0 }
    }

    /// The event that has the key already, if it is not older than `earliest`, the first kept event.
    pub(crate) fn get(&self, key: u64, earliest: EventId) -> Option<Seen> {
        self.find(key).map(|place| self.ring[place as usize].seen).filter(|seen| seen.id >= earliest)
    }

    /// Remembers a stored event's key. Events come in the order of their ids.
    pub(crate) fn observe(&mut self, key: u64, seen: Seen) {
        if self.count == self.max {
            self.forget_oldest();
        }
        let place = (self.oldest + self.count) % self.max;
        self.places.remove(key, |place| self.ring[place as usize].key);
        let slot = Slot { key, seen };
        match self.ring.get_mut(place) {
            Some(free) => *free = slot,
            None => self.ring.push(slot),
        }
        self.places.insert(key, place as u32);
        self.count += 1;
    }

    /// Forgets the keys of events that are no longer kept.
    pub(crate) fn forget_before(&mut self, earliest: EventId) {
        while self.count > 0 && self.ring[self.oldest].seen.id < earliest {
            self.forget_oldest();
        }
    }

    /// What is remembered, oldest first: observed in this order it makes the same table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Seen)> {
        let (newer, older) = self.ring.split_at(self.oldest);
        older.iter().chain(newer).take(self.count).map(|slot| (slot.key, slot.seen))
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    fn find(&self, key: u64) -> Option<u32> {
        self.places.find(key, |place| self.ring[place as usize].key)
    }

    fn forget_oldest(&mut self) {
        let key = self.ring[self.oldest].key;
        if self.find(key) == Some(self.oldest as u32) {
            self.places.remove(key, |place| self.ring[place as usize].key);
        }
        self.oldest = (self.oldest + 1) % self.max;
        self.count -= 1;
    }
}

/// How far a source has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) position: u64,
    /// The last stored event of the source.
    pub(crate) id: EventId,
}

/// The highest position of each source.
#[derive(Debug)]
pub(crate) struct Sources {
    max: usize,
    reached: HashMap<u64, Reached, RandomState>,
}

/// At the bound, this part of the sources is forgotten at once, so that the search for them is paid rarely.
const FORGOTTEN_PART: usize = 16;

impl Sources {
    /// `max`: how many sources are remembered; at least 1.
    pub(crate) fn new(max: usize) -> Self {
        Self { max: max.max(1), reached: HashMap::default() }
    }

    pub(crate) fn get(&self, source: u64) -> Option<Reached> {
        self.reached.get(&source).copied()
    }

    /// Remembers a stored event's position.
    pub(crate) fn observe(&mut self, source: u64, reached: Reached) {
        if let Some(known) = self.reached.get_mut(&source) {
            *known = Reached { position: known.position.max(reached.position), id: reached.id };
            return;
        }
        if self.reached.len() >= self.max {
            self.forget_idle();
        }
        self.reached.insert(source, reached);
    }

    /// What is remembered, those first that stored nothing for longest: observed in this order it makes the same
    /// table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Reached)> {
        let mut all: Vec<_> = self.reached.iter().map(|(&source, &reached)| (source, reached)).collect();
        all.sort_unstable_by_key(|(_, reached)| reached.id);
        all.into_iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.reached.len()
    }

    fn forget_idle(&mut self) {
        let mut ids: Vec<EventId> = self.reached.values().map(|reached| reached.id).collect();
        let (_, &mut newest_forgotten, _) = ids.select_nth_unstable(self.max / FORGOTTEN_PART);
        self.reached.retain(|_, reached| reached.id > newest_forgotten);
    }
}
