//! What comes with time: heartbeats, position frames, the end of subscriptions, and the figures by which the server
//! tells a slow peer from a vanished one.

use crate::event::EventId;
use crate::hub::schedule::Quiet;
use crate::hub::slots::{Slot, flag};
use crate::hub::{Control, Hub, SubscriberId};

/// A quiet filtered subscriber is told its position when the log has moved this many ids past it …
const POSITION_IDS: u32 = 10_000;
/// … or when it moved at all and this long went by.
const POSITION_MS: u32 = 60 * 60 * 1000;
/// Frames that wait at a time: what one event made due for everybody at once goes out over some ticks, each of them
/// for one subscriber in so many.
const CONTROLS_MIN: usize = 1024;
const CONTROLS_SHARE: usize = 8;

/// What a sweep over subscribers looks at and remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// When the socket last took a byte, in the hub's milliseconds.
    pub sent_ms: u32,
    /// Its socket is full and events wait.
    pub blocked: bool,
    /// Since when its peer acknowledges nothing; 0 when it does.
    pub stuck_ms: u32,
}

impl<K> Hub<K> {
    /// Schedules a heartbeat, or a position frame in its place, for everyone to whom no byte went for `heartbeat_ms`.
    /// To be called several times a second: what was published since the call before the last counts as in memory.
    pub fn tick(&mut self, now_ms: u32, heartbeat_ms: u32) {
        self.quiet = Quiet { now_ms, after_ms: heartbeat_ms };
        (self.fresh_after, self.dispatched_before) = (self.dispatched_before, self.dispatched);
        let table_len = self.slots.table_len();
        let controls_max = CONTROLS_MIN.max(self.slots.len() / CONTROLS_SHARE);
        for step in 0..table_len {
            let index = (self.tick_from + step) % table_len;
            if self.controls.len() >= controls_max {
                self.tick_from = index;
                break;
            }
            let Some((id, slot)) = self.slots.at_mut(index) else { continue };
            let busy = slot.has(flag::CONTROL | flag::QUEUED | flag::BLOCKED | flag::ENDING);
            if busy || now_ms.wrapping_sub(slot.sent_ms) < heartbeat_ms {
                continue;
            }
            slot.set(flag::CONTROL);
            self.controls.push_back(id);
        }
    }

    /// Ends a subscription: the frame begun is finished, then `last` follows and `Outcome::Ended` comes back.
    pub fn end(&mut self, id: SubscriberId, last: Control) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if !slot.has(flag::ENDING) {
            slot.set(flag::ENDING);
            self.endings.insert(id, last);
            self.queue_behind(id);
        }
    }

    /// Every subscriber's id.
    pub fn ids(&self) -> Vec<SubscriberId> {
        (0..self.slots.table_len()).filter_map(|index| self.slots.at(index)).map(|(id, _)| id).collect()
    }

    /// Whether nobody lacks anything that a socket would take now.
    pub fn is_idle(&self, visible: EventId) -> bool {
        let served = self.dispatched >= visible && self.live.is_empty() && self.controls.is_empty();
        let supplied = self.wanting.is_empty() && self.asked == 0;
        served && supplied && self.behind.is_empty() && self.pass_is_clean(visible)
    }

    /// Table positions for a sweep by `at`.
    pub fn table_len(&self) -> u32 {
        self.slots.table_len()
    }

    /// The subscriber at a table position, with its connection and health.
    pub fn at(&self, index: u32) -> Option<(SubscriberId, &K, Health)> {
        let (id, slot) = self.slots.at(index)?;
        let stuck_ms = self.stuck.get(&id).copied().unwrap_or(0);
        let health = Health { sent_ms: slot.sent_ms, blocked: slot.has(flag::BLOCKED), stuck_ms };
        Some((id, &slot.connection, health))
    }

    /// Remembers since when a peer acknowledges nothing.
    pub fn set_stuck(&mut self, id: SubscriberId, stuck_ms: u32) {
        if stuck_ms == 0 {
            self.stuck.remove(&id);
        } else if self.slots.get(id).is_some() {
            self.stuck.insert(id, stuck_ms);
        }
    }
}

impl<K> Slot<K> {
    /// Whether a subscriber that has everything is to be told how far the log is.
    pub(crate) fn is_far(&self, dispatched: EventId, now_ms: u32) -> bool {
        let Some((moved, quiet_ms)) = self.since_told(dispatched, now_ms) else { return false };
        // One that was greeted ahead of what is dispatched has missed nothing.
        let has_all = self.next > self.until && self.next.previous() <= dispatched;
        has_all && (moved >= POSITION_IDS || moved > 0 && quiet_ms >= POSITION_MS)
    }
}
