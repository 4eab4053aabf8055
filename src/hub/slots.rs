//! The table of subscribers: one small slot each, without task, timer or buffer.
//!
//! A slot knows where its subscriber stands in the log and what its socket is doing; it does not know what to send.

use std::rc::Rc;

use crate::event::EventId;
use crate::hub::Filter;

/// Names a subscriber; a later one in the same slot has another generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriberId {
    pub index: u32,
    pub generation: u32,
}

/// A subscriber as the server hands it over: greeted, and standing after a position.
#[derive(Debug)]
pub struct Subscriber<K> {
    pub connection: K,
    pub filter: Filter,
    /// The position it starts after.
    pub position: EventId,
    /// The chunk framing is taken off (HTTP/1.0).
    pub unchunked: bool,
}

pub(crate) mod flag {
    /// In a queue or in the chunk being sent; set so that none is in line twice.
    pub(crate) const QUEUED: u16 = 1;
    /// The socket took less than it was offered; nothing is sent until the server says that it is writable again.
    pub(crate) const BLOCKED: u16 = 2;
    /// Served by the behind queue and skipped by the pass over live `all` subscribers.
    pub(crate) const BEHIND: u16 = 4;
    pub(crate) const UNCHUNKED: u16 = 8;
    /// A control frame is half sent; its rest lies in `Hub::halves`.
    pub(crate) const HALF: u16 = 16;
    /// A control frame waits in the control queue.
    pub(crate) const CONTROL: u16 = 32;
    /// To be ended: the frame begun is finished, then the last control frame follows.
    pub(crate) const ENDING: u16 = 64;
    /// The last frame is begun.
    pub(crate) const LAST: u16 = 128;
    /// Waits for the pager, in no queue but the hub's `wanting`.
    pub(crate) const PAGING: u16 = 256;
    /// The pager has just brought what is sent next: it is not asked again.
    pub(crate) const SUPPLIED: u16 = 512;
}

#[derive(Debug)]
pub(crate) struct Slot<K> {
    pub(crate) connection: K,
    pub(crate) generation: u32,
    /// The next event to look at. For a live subscriber with a filter it is stale and past `until`.
    pub(crate) next: EventId,
    /// The last event that may match; a subscriber with `next > until` has everything.
    pub(crate) until: EventId,
    /// Bytes of the piece at `next` that are sent.
    pub(crate) offset: u32,
    /// Coarse monotonic milliseconds since the hub's start of the last bytes the socket took.
    pub(crate) sent_ms: u32,
    /// Since when the peer acknowledges nothing; 0 when it does.
    pub(crate) stuck_ms: u32,
    /// Its place in `Hub::everyone`, where it is there.
    pub(crate) everyone_at: u32,
    pub(crate) flags: u16,
    /// `None`: everything.
    pub(crate) filter: Option<Rc<Told>>,
}

/// A filter with what a quiet subscriber was last told of its position.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) filter: Filter,
    pub(crate) position: std::cell::Cell<EventId>,
    pub(crate) told_ms: std::cell::Cell<u32>,
}

impl Told {
    /// Notes what the subscriber was told last, and when.
    pub(crate) fn tell(&self, position: EventId, now_ms: u32) {
        self.position.set(position);
        self.told_ms.set(now_ms);
    }
}

impl<K> Slot<K> {
    pub(crate) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn set(&mut self, flag: u16) {
        self.flags |= flag;
    }

    pub(crate) fn clear(&mut self, flag: u16) {
        self.flags &= !flag;
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.filter.is_none()
    }
}

/// Slots that are reused, addressed by index and generation.
#[derive(Debug)]
pub(crate) struct Slots<K> {
    slots: Vec<Option<Slot<K>>>,
    free: Vec<u32>,
    generation: u32,
}

impl<K> Slots<K> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), generation: 0 }
    }

    pub(crate) fn insert(&mut self, make: impl FnOnce(u32) -> Slot<K>) -> SubscriberId {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let slot = make(generation);
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = Some(slot);
                index
            }
            None => {
                self.slots.push(Some(slot));
                (self.slots.len() - 1) as u32
            }
        };
        SubscriberId { index, generation }
    }

    pub(crate) fn remove(&mut self, id: SubscriberId) -> Option<Slot<K>> {
        self.get(id)?;
        let slot = self.slots[id.index as usize].take();
        self.free.push(id.index);
        slot
    }

    pub(crate) fn get(&self, id: SubscriberId) -> Option<&Slot<K>> {
        self.slots.get(id.index as usize)?.as_ref().filter(|slot| slot.generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: SubscriberId) -> Option<&mut Slot<K>> {
        self.slots.get_mut(id.index as usize)?.as_mut().filter(|slot| slot.generation == id.generation)
    }

    /// The slot at a table position, whoever is in it.
    pub(crate) fn at(&self, index: u32) -> Option<(SubscriberId, &Slot<K>)> {
        let slot = self.slots.get(index as usize)?.as_ref()?;
        Some((SubscriberId { index, generation: slot.generation }, slot))
    }

    /// Table positions in use or free.
    pub(crate) fn table_len(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
