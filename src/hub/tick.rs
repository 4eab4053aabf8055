//! What comes with time: heartbeats, position frames, the end of subscriptions, and the figures by which the server
//! tells a slow peer from a vanished one.

use crate::event::EventId;
use crate::hub::schedule::Quiet;
use crate::hub::slots::{Slot, flag};
use crate::hub::{Control, Hub, SubscriberId};

/// A quiet filtered subscriber is told its position when the log has moved this many ids past it …
const POSITION_IDS: u64 = 10_000;
/// … or when it moved at all and this long went by.
const POSITION_MS: u32 = 60 * 60 * 1000;

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
        for index in 0..self.slots.table_len() {
            let Some((id, slot)) = self.slots.at(index) else { continue };
            let busy = slot.has(flag::CONTROL | flag::QUEUED | flag::BLOCKED | flag::ENDING);
            if busy || now_ms.wrapping_sub(slot.sent_ms) < heartbeat_ms {
                continue;
            }
            let control = if self.is_far(slot, now_ms) {
                Control::Position(self.dispatched)
            } else {
                Control::Heartbeat
            };
            if let Some(slot) = self.slots.get_mut(id) {
                slot.set(flag::CONTROL);
            }
            self.controls.push_back((id, control));
        }
    }

    fn is_far(&self, slot: &Slot<K>, now_ms: u32) -> bool {
        let Some(told) = &slot.filter else { return false };
        let moved = self.dispatched.0.saturating_sub(told.position.get().0);
        let long_ago = now_ms.wrapping_sub(told.told_ms.get()) >= POSITION_MS;
        slot.next > slot.until && (moved >= POSITION_IDS || moved > 0 && long_ago)
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
        let health =
            Health { sent_ms: slot.sent_ms, blocked: slot.has(flag::BLOCKED), stuck_ms: slot.stuck_ms };
        Some((id, &slot.connection, health))
    }

    /// Remembers since when a peer acknowledges nothing.
    pub fn set_stuck(&mut self, id: SubscriberId, stuck_ms: u32) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.stuck_ms = stuck_ms;
        }
    }
}
