//! The hub's face and state: who is in, and which queue each is in.
//!
//! Live subscribers go first, but those behind get at least a quarter of the bytes. The commit point is looked at anew
//! for each chunk, so frames coalesce by themselves while a chunk is being sent. How a chunk is filled is in `fill`,
//! what happens after in `complete`, what comes with time in `tick`.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use crate::event::EventId;
use crate::hub::filters::Filters;
use crate::hub::places::Places;
use crate::hub::queue::BehindQueue;
use crate::hub::slots::{Role, Slot, Slots, flag};
use crate::hub::{Control, Filter, Memory, Subscriber, SubscriberId};
use crate::log::Found;

/// Everything one worker knows of its subscribers. `K`: how the server holds a connection.
#[derive(Debug)]
pub struct Hub<K> {
    pub(crate) slots: Slots<K>,
    pub(crate) filters: Filters,
    /// Up to here events were looked at for filtered subscribers.
    pub(crate) dispatched: EventId,
    /// The places of subscribers of everything in `slots`; each knows where it stands in here.
    pub(crate) everyone: Places,
    pub(crate) pass: Pass,
    pub(crate) live: VecDeque<SubscriberId>,
    pub(crate) behind: BehindQueue,
    /// Those to whom a heartbeat is due, or a position frame in its place.
    pub(crate) controls: VecDeque<SubscriberId>,
    /// Those that wait for the pager and are not asked for yet.
    pub(crate) wanting: VecDeque<SubscriberId>,
    /// Needs that have no answer yet.
    pub(crate) asked: usize,
    /// What is found and not sent, of subscribers whose sockets take it.
    pub(crate) found: HashMap<SubscriberId, Found, RandomState>,
    pub(crate) memory: Memory,
    /// Later events were written since the tick before the last: nobody asks whether they are in memory.
    pub(crate) fresh_after: EventId,
    /// `dispatched` at the last tick.
    pub(crate) dispatched_before: EventId,
    /// The rest of control frames of which a socket took a part.
    pub(crate) halves: HashMap<SubscriberId, Box<[u8]>>,
    /// The last frame of those to be ended.
    pub(crate) endings: HashMap<SubscriberId, Control>,
    /// Since when a peer acknowledges nothing, of those that do not.
    pub(crate) stuck: HashMap<SubscriberId, u32, RandomState>,
    /// Where the next tick begins.
    pub(crate) tick_from: u32,
    /// Deliveries when `trim` last looked.
    pub(crate) trimmed_at: u64,
    /// Calls of `trim` between which there was none.
    pub(crate) quiet_calls: u32,
    /// When `tick` last looked, and after how much silence it speaks.
    pub(crate) quiet: Quiet,
    pub(crate) live_bytes: usize,
    pub(crate) behind_bytes: usize,
    pub(crate) counts: HubCounts,
}

/// The walk around `everyone`: who was looked at since the commit point last moved.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    pub(crate) at: usize,
    pub(crate) clean: usize,
    pub(crate) visible: EventId,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quiet {
    pub(crate) now_ms: u32,
    pub(crate) after_ms: u32,
}

/// Gauges and counts, read by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HubCounts {
    pub all: u64,
    pub streams: u64,
    pub users: u64,
    pub behind: u64,
    pub deliveries: u64,
    /// Stretches of the log that could not be read; the subscriber was told of a gap.
    pub damaged: u64,
    /// Index entries looked at here for subscribers that were behind.
    pub looked_at: u64,
}

impl HubCounts {
    fn of(&mut self, filter: &Filter) -> &mut u64 {
        match (filter.is_all(), filter.names_users()) {
            (true, _) => &mut self.all,
            (false, true) => &mut self.users,
            (false, false) => &mut self.streams,
        }
    }
}

/// What the socket did with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It took this many bytes, perhaps none.
    Took(usize),
    /// The connection is gone.
    Gone,
}

/// What the server is to do after a job.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<K> {
    Done,
    /// Say `Hub::writable` when the socket takes bytes again.
    Watch,
    /// The connection is no subscriber any more: close it.
    Closed(K),
    /// The last frame is out: end the connection in order.
    Ended(K),
}

impl<K> Hub<K> {
    /// Bytes of a subscriber's slot.
    pub const SLOT_BYTES: usize = size_of::<Option<Slot<K>>>();

    /// `visible`: the commit point now. `memory`: how to learn what is in memory.
    pub fn new(visible: EventId, memory: Memory) -> Self {
        Self {
            slots: Slots::new(),
            filters: Filters::default(),
            dispatched: visible,
            everyone: Places::default(),
            pass: Pass::default(),
            live: VecDeque::new(),
            behind: BehindQueue::default(),
            controls: VecDeque::new(),
            wanting: VecDeque::new(),
            asked: 0,
            found: HashMap::default(),
            memory,
            fresh_after: visible,
            dispatched_before: visible,
            halves: HashMap::new(),
            endings: HashMap::new(),
            stuck: HashMap::default(),
            tick_from: 0,
            trimmed_at: 0,
            quiet_calls: 0,
            quiet: Quiet::default(),
            live_bytes: 0,
            behind_bytes: 0,
            counts: HubCounts::default(),
        }
    }

    /// Takes in a greeted subscriber. It gets every matching event after its position.
    pub fn add(&mut self, subscriber: Subscriber<K>, now_ms: u32) -> SubscriberId {
        let Subscriber { connection, filter, position, unchunked } = subscriber;
        let everything = filter.is_everything();
        let until = if position < self.dispatched { self.dispatched } else { EventId::ZERO };
        let behind = everything || until != EventId::ZERO;
        *self.counts.of(&filter) += 1;
        let id = self.slots.insert(|generation| Slot {
            connection,
            generation,
            offset: 0,
            flags: if unchunked { flag::UNCHUNKED } else { 0 },
            sent_ms: now_ms,
            role: Role::Everything { at: self.everyone.len() as u32 },
            next: position.next(),
            until,
        });
        if everything {
            self.everyone.push(id.index);
        } else {
            let role = Role::Filtered {
                filter: self.filters.join(filter, id.index),
                told: position.0 as u32,
                told_ms: now_ms,
            };
            if let Some(slot) = self.slots.get_mut(id) {
                slot.role = role;
            }
        }
        if behind {
            self.queue_behind(id);
        }
        id
    }

    /// Takes a subscriber out; its connection is the caller's again.
    pub fn remove(&mut self, id: SubscriberId) -> Option<K> {
        let slot = self.slots.remove(id)?;
        self.halves.remove(&id);
        self.found.remove(&id);
        self.endings.remove(&id);
        self.counts.behind -= u64::from(slot.has(flag::BEHIND));
        self.stuck.remove(&id);
        match slot.role {
            Role::Filtered { filter, .. } => {
                if let Some(filter) = self.filters.get(filter) {
                    *self.counts.of(filter) -= 1;
                }
                self.filters.leave(filter, id.index);
            }
            Role::Everything { at } => {
                self.counts.all -= 1;
                self.everyone.swap_remove(at as usize);
                if let Some(moved) = self.everyone.get(at as usize).copied()
                    && let Some((_, moved)) = self.slots.at_mut(moved)
                {
                    moved.role = slot.role;
                }
                self.pass.clean = 0;
            }
        }
        Some(slot.connection)
    }

    pub fn connection(&self, id: SubscriberId) -> Option<&K> {
        self.slots.get(id).map(|slot| &slot.connection)
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.len() == 0
    }

    pub fn counts(&self) -> HubCounts {
        self.counts
    }

    /// Distinct filters in use.
    pub fn filters(&self) -> usize {
        self.filters.len()
    }

    pub(crate) fn pass_is_clean(&self, visible: EventId) -> bool {
        self.pass.visible == visible && self.pass.clean >= self.everyone.len()
    }

    /// A watched socket takes bytes again.
    pub fn writable(&mut self, id: SubscriberId) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.clear(flag::BLOCKED | flag::SUPPLIED);
            self.queue_behind(id);
        }
    }

    pub(crate) fn caught_up(&mut self, id: SubscriberId) {
        if let Some(slot) = self.slots.get_mut(id)
            && slot.has(flag::BEHIND)
        {
            slot.clear(flag::BEHIND);
            self.counts.behind -= 1;
        }
    }

    pub(crate) fn queue_behind(&mut self, id: SubscriberId) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if !slot.has(flag::BEHIND) {
            slot.set(flag::BEHIND);
            self.counts.behind += 1;
        }
        // One that waits for the pager has its say only where nothing of the log is needed for it.
        let mute =
            slot.has(flag::PAGING) && !slot.has(flag::HALF) && !(slot.has(flag::ENDING) && slot.offset == 0);
        if !mute && !slot.has(flag::QUEUED | flag::BLOCKED) {
            slot.set(flag::QUEUED);
            self.behind.push(slot.next, id);
        }
    }
}
