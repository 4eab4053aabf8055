//! What is to be sent and may not be in memory: it is asked for here, and the subscriber waits for the answer in no
//! queue, so that the worker never waits for the disk.
//!
//! The hub neither looks at the kernel nor starts a thread: whoever made it says how to learn what is in memory, takes
//! its needs one by one, and brings the answers, in any order or never. A waiting subscriber still gets control frames,
//! can be ended, and may be gone when its answer comes.

use crate::event::EventId;
use crate::hub::matches::next_found;
use crate::hub::slots::flag;
use crate::hub::{Filter, Hub, SubscriberId};
use crate::limits;
use crate::log::{Found, Segment};

/// How the hub learns whether events of a segment, first to last, can be touched without waiting for the disk. Asked
/// only for subscribers that are behind.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub entries: fn(&Segment, EventId, EventId) -> bool,
    /// Asked only where the entries are in memory.
    pub frames: fn(&Segment, EventId, EventId) -> bool,
}

impl Memory {
    /// The kernel's word.
    pub const KERNEL: Self =
        Self { entries: Segment::has_entries_in_memory, frames: Segment::has_frames_in_memory };
}

/// What one subscriber waits for: the next of the events `first..=last`, in memory.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    pub subscriber: SubscriberId,
    pub first: EventId,
    pub last: EventId,
    /// The events to find, and to bring with their entries; `None`: all from `first` on.
    pub filter: Option<Filter>,
}

/// What became of a need. Without a filter it says nothing: what could be read is in memory now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    pub subscriber: SubscriberId,
    pub found: Option<Found>,
}

impl<K> Hub<K> {
    /// Lets a subscriber wait for what it lacks.
    pub(crate) fn want(&mut self, id: SubscriberId) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.set(flag::PAGING);
            self.wanting.push_back(id);
        }
    }

    /// The next thing to be asked for, for the log up to `visible`. None as well while many found lists are unsent.
    pub fn next_need(&mut self, visible: EventId) -> Option<Need> {
        if self.found.len() + self.asked >= limits::STRETCHES_MAX {
            return None;
        }
        while let Some(id) = self.wanting.pop_front() {
            let Some(slot) = self.slots.get(id) else { continue };
            if slot.has(flag::ENDING) && slot.offset == 0 {
                continue;
            }
            let last = if slot.is_everything() { visible } else { slot.until.min(visible) };
            self.asked += 1;
            let filter = slot.filter().and_then(|id| self.filters.get(id)).cloned();
            return Some(Need { subscriber: id, first: slot.next, last, filter });
        }
        None
    }

    /// Takes in the answer to a need. Of each need it comes once, or never.
    pub fn supply(&mut self, supply: Supply) {
        self.asked = self.asked.saturating_sub(1);
        let id = supply.subscriber;
        let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.has(flag::PAGING)) else { return };
        slot.clear(flag::PAGING);
        match supply.found {
            None => slot.set(flag::SUPPLIED),
            Some(found) if found.through >= slot.next => {
                let next = next_found(&found, slot.next);
                if slot.offset == 0 {
                    slot.next = next.unwrap_or(found.through.next());
                }
                if next != Some(slot.next) && slot.offset > 0 {
                    // The event that is half sent is not found again: the next turn gives the subscriber up.
                    slot.set(flag::SUPPLIED);
                } else if next.is_some() && !slot.has(flag::BLOCKED) {
                    // A full socket would take it some other time, when it may be in memory no more.
                    self.found.insert(id, found);
                }
            }
            // It is gone from the log, or damaged: the next turn announces that.
            Some(found) if !slot.has(flag::BLOCKED) => drop(self.found.insert(id, found)),
            Some(_) => {}
        }
        self.queue_behind(id);
    }
}
