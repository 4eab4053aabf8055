//! From new events to the subscribers they are for. Never walks over subscribers, but where events are gone before they
//! were looked at: that concerns all of them.

use crate::event::EventId;
use crate::hub::Hub;
use crate::hub::slots::flag;
use crate::log::View;

/// Entries dispatched in one go, after which those found are served.
const DISPATCH_ENTRIES: u64 = 4096;

impl<K> Hub<K> {
    /// Looks at the entries between the last dispatch and the commit point and notes who is to get them.
    pub(crate) fn dispatch(&mut self, view: &View, visible: EventId) {
        if self.filters.is_empty() {
            self.dispatched = visible;
            return;
        }
        let mut budget = DISPATCH_ENTRIES;
        while self.dispatched < visible && budget > 0 {
            let first = self.dispatched.next();
            let Some(segment) = view.segment(first) else {
                // Retention was faster than this worker.
                let later = view.segments().iter().map(|segment| segment.base()).find(|base| *base > first);
                let through = later.map_or(visible, EventId::previous);
                self.announce(first, through);
                self.dispatched = through;
                continue;
            };
            let last = segment.last(visible).min(EventId(self.dispatched.0 + budget));
            if last < first {
                self.dispatched = visible;
                return;
            }
            let mut id = first;
            while id <= last {
                let (slots, live, filters) = (&mut self.slots, &mut self.live, &self.filters);
                filters.each(segment.entry(id), |index| {
                    let Some((subscriber, slot)) = slots.at_mut(index) else { return };
                    if id < slot.next && slot.next > slot.until {
                        return;
                    }
                    if slot.next > slot.until {
                        slot.next = id;
                        slot.offset = 0;
                    }
                    slot.until = slot.until.max(id);
                    if !slot.has(flag::QUEUED | flag::BLOCKED | flag::ENDING | flag::PAGING) {
                        slot.set(flag::QUEUED);
                        live.push_back(subscriber);
                    }
                });
                id = id.next();
            }
            budget -= last.0 - self.dispatched.0;
            self.dispatched = last;
        }
    }

    /// Nobody knows for whom `first..=through` were, which nobody has looked at: all with a filter get behind, each at
    /// its place, and meet the hole there.
    fn announce(&mut self, first: EventId, through: EventId) {
        for index in 0..self.slots.table_len() {
            let Some((id, slot)) = self.slots.at_mut(index).filter(|(_, slot)| !slot.is_everything()) else {
                continue;
            };
            if slot.next > slot.until {
                // A live one has everything before `first`; one that was just greeted may stand further on.
                slot.next = slot.next.max(first);
                slot.offset = 0;
            }
            if slot.next <= through {
                slot.until = slot.until.max(through);
                self.queue_behind(id);
            }
        }
    }
}
