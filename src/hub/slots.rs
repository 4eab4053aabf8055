//! The table of subscribers: one small slot each, without task, timer or buffer.
//!
//! A slot knows where its subscriber stands in the log and what its socket is doing; it does not know what to send.

use crate::event::EventId;
use crate::hub::Filter;
use crate::hub::filters::FilterId;
use crate::hub::table::Table;
use crate::limits;

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

/// One subscriber. Its size is the memory of an idle connection, so every byte is counted.
#[derive(Debug)]
pub(crate) struct Slot<K> {
    pub(crate) connection: K,
    pub(crate) generation: u32,
    /// Bytes of the frame at `next` that are sent.
    pub(crate) offset: u16,
    pub(crate) flags: u16,
    /// Coarse monotonic milliseconds since the hub's start of the last bytes the socket took.
    pub(crate) sent_ms: u32,
    pub(crate) role: Role,
    /// The next event to look at. For a live subscriber with a filter it is stale and past `until`.
    pub(crate) next: EventId,
    /// The last event that may match; a subscriber with `next > until` has everything. Unused without a filter.
    pub(crate) until: EventId,
}

/// What is kept of a subscriber by what it wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    /// Everything; with its place in `Hub::everyone`.
    Everything { at: u32 },
    /// What a filter picks; with what it was last told of its position while it was quiet.
    Filtered {
        filter: FilterId,
        /// The low half of the position: only how far the log has moved since is of interest.
        told: u32,
        told_ms: u32,
    },
}

const _: () = assert!(size_of::<Role>() == 12);
const _: () =
    assert!(limits::FRAME_BYTES_MAX <= u16::MAX as usize, "a slot holds an offset into a frame in 16 bits");

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
        matches!(self.role, Role::Everything { .. })
    }

    pub(crate) fn filter(&self) -> Option<FilterId> {
        match self.role {
            Role::Everything { .. } => None,
            Role::Filtered { filter, .. } => Some(filter),
        }
    }

    /// Notes what a subscriber with a filter was told last, and when.
    pub(crate) fn tell(&mut self, position: EventId, now_ms: u32) {
        if let Role::Filtered { told, told_ms, .. } = &mut self.role {
            (*told, *told_ms) = (position.0 as u32, now_ms);
        }
    }

    /// How many ids and milliseconds lie between what a filtered subscriber was told last and now. Of more ids than
    /// 32 bits hold, the rest: few enough to be misjudged once in 400,000 times, and not for long.
    pub(crate) fn since_told(&self, position: EventId, now_ms: u32) -> Option<(u32, u32)> {
        match self.role {
            Role::Everything { .. } => None,
            Role::Filtered { told, told_ms, .. } => {
                Some(((position.0 as u32).wrapping_sub(told), now_ms.wrapping_sub(told_ms)))
            }
        }
    }
}

/// Slots that are reused, addressed by index and generation.
#[derive(Debug)]
pub(crate) struct Slots<K> {
    table: Table<Slot<K>>,
    generation: u32,
}

impl<K> Slots<K> {
    pub(crate) fn new() -> Self {
        Self { table: Table::default(), generation: 0 }
    }

    pub(crate) fn insert(&mut self, make: impl FnOnce(u32) -> Slot<K>) -> SubscriberId {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        SubscriberId { index: self.table.insert(make(generation)), generation }
    }

    pub(crate) fn remove(&mut self, id: SubscriberId) -> Option<Slot<K>> {
        self.get(id)?;
        self.table.remove(id.index)
    }

    pub(crate) fn get(&self, id: SubscriberId) -> Option<&Slot<K>> {
        self.table.get(id.index).filter(|slot| slot.generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: SubscriberId) -> Option<&mut Slot<K>> {
        self.table.get_mut(id.index).filter(|slot| slot.generation == id.generation)
    }

    /// The slot at a table position, whoever is in it.
    pub(crate) fn at(&self, index: u32) -> Option<(SubscriberId, &Slot<K>)> {
        let slot = self.table.get(index)?;
        Some((SubscriberId { index, generation: slot.generation }, slot))
    }

    pub(crate) fn at_mut(&mut self, index: u32) -> Option<(SubscriberId, &mut Slot<K>)> {
        let slot = self.table.get_mut(index)?;
        Some((SubscriberId { index, generation: slot.generation }, slot))
    }

    /// Table positions in use are below this.
    pub(crate) fn table_len(&self) -> u32 {
        self.table.end()
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }
}
