//! Takes in what the sockets took: moves cursors, keeps halves of control frames, and says what comes next.

use crate::hub::advance::advance;
use crate::hub::matches::Matches;
use crate::hub::piece::{Job, JobKind};
use crate::hub::slots::flag;
use crate::hub::{Hub, Outcome, Sent, SubscriberId};
use crate::limits;
use crate::log::View;

impl<K> Hub<K> {
    /// Takes in what became of a job of the last chunk. `view` and `scratch` are those the chunk was filled with.
    pub fn complete(
        &mut self,
        job: &Job<'_>,
        sent: Sent,
        view: &View,
        scratch: &[u8],
        now_ms: u32,
    ) -> Outcome<K> {
        let took = match sent {
            Sent::Gone => return self.remove(job.id).map_or(Outcome::Done, Outcome::Closed),
            Sent::Took(took) => took,
        };
        let Some(slot) = self.slots.get_mut(job.id) else { return Outcome::Done };
        slot.clear(flag::QUEUED);
        if took > 0 {
            slot.sent_ms = now_ms;
        }
        let whole = took >= job.bytes.len();
        match job.kind {
            JobKind::Events { last, resume, events } => {
                let completed = if whole {
                    (slot.next, slot.offset) = (resume, 0);
                    events
                } else {
                    let filter = slot.filter().and_then(|id| self.filters.get(id));
                    let matches = match (self.found.get(&job.id), filter) {
                        (_, None) => Matches::Everything,
                        (Some(found), _) => Matches::Found(found),
                        (None, Some(filter)) => Matches::Filter(filter),
                    };
                    advance(slot, view, &matches, last, took)
                };
                let full = !whole || self.found.len() >= limits::STRETCHES_MAX;
                if full || self.found.get(&job.id).is_some_and(|found| found.through < slot.next) {
                    self.found.remove(&job.id);
                }
                self.counts.deliveries += u64::from(completed);
                if completed > 0 {
                    slot.tell(if whole { last } else { slot.next.previous() }, now_ms);
                }
            }
            JobKind::Lost => return self.remove(job.id).map_or(Outcome::Done, Outcome::Closed),
            JobKind::Control | JobKind::Half => self.keep_half(job, took, scratch),
        }
        if whole { self.after_whole(job.id) } else { self.after_part(job.id) }
    }

    fn keep_half(&mut self, job: &Job<'_>, took: usize, scratch: &[u8]) {
        let Some(slot) = self.slots.get_mut(job.id) else { return };
        let rest = job.bytes.resolve(scratch).get(took..).unwrap_or_default();
        if rest.is_empty() {
            slot.clear(flag::HALF);
            self.halves.remove(&job.id);
        } else {
            slot.set(flag::HALF);
            self.halves.insert(job.id, rest.into());
        }
    }

    fn after_whole(&mut self, id: SubscriberId) -> Outcome<K> {
        let visible = self.pass.visible;
        let Some(slot) = self.slots.get_mut(id) else { return Outcome::Done };
        if slot.has(flag::LAST) {
            return self.remove(id).map_or(Outcome::Done, Outcome::Ended);
        }
        let limit = if slot.is_everything() { visible } else { slot.until };
        if slot.next > limit && !slot.has(flag::ENDING) {
            self.caught_up(id);
        } else if !slot.is_everything() || slot.has(flag::BEHIND | flag::ENDING) {
            self.queue_behind(id);
        } else {
            // A piece ends at a segment's border: the pass has to come round once more.
            self.pass.clean = 0;
        }
        Outcome::Done
    }

    fn after_part(&mut self, id: SubscriberId) -> Outcome<K> {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.set(flag::BLOCKED);
        }
        self.queue_behind(id);
        Outcome::Watch
    }
}
