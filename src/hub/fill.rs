//! Fills chunks of sends: control frames, then live subscribers, with a share kept for those behind.

use crate::event::EventId;
use crate::hub::matches::find_nearby;
use crate::hub::piece::{Bounds, Job, JobKind, Piece, next_piece};
use crate::hub::slots::{Role, Slot, flag};
use crate::hub::{Bytes, Control, Hub, SubscriberId};
use crate::limits;
use crate::log::View;
use crate::sse;

/// One in this many places of a chunk is kept for control frames that wait.
const CONTROL_SHARE: usize = 4;
/// Bytes after which half of what live and behind took is forgotten.
const FADE_BYTES: usize = 4 * limits::BEHIND_BYTES_PER_TURN_ALL;
/// Long searches for live subscribers after which a chunk is not filled further.
const LONG_SCANS_PER_CHUNK: usize = 4;
/// What asking whether something is in memory costs, in entries looked at.
const ASKING_ENTRIES: usize = 256;

/// How a chunk came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Jobs filled in.
    pub jobs: usize,
    /// There is more to look at, even where no job was found.
    pub unfinished: bool,
    /// Live subscribers lack much each: events come faster than they go out.
    pub pressed: bool,
}

impl<K> Hub<K> {
    /// The next sends, up to `jobs.len()` of them, for the log as it stands.
    /// `scratch` is cleared; the jobs' `Bytes::Scratch` point into it.
    pub fn fill<'v>(
        &mut self,
        view: &'v View,
        visible: EventId,
        jobs: &mut [Job<'v>],
        scratch: &mut Vec<u8>,
    ) -> Filled {
        scratch.clear();
        self.dispatch(view, visible);
        if self.pass.visible != visible {
            self.pass.visible = visible;
            self.pass.clean = 0;
        }
        let places = jobs.len();
        let mut chunk = Fill { view, visible, jobs, places, filled: 0, bytes: 0, looked: 0, scratch };
        // Live events go first, but a burst of them leaves heartbeats their share of places.
        chunk.places = if self.controls.is_empty() { places } else { places - places / CONTROL_SHARE };
        let mut pressed = false;
        let live_first = self.behind_bytes * 3 >= self.live_bytes || self.behind.is_empty();
        if live_first {
            self.fill_live(&mut chunk);
            self.live_bytes += chunk.bytes;
            pressed = chunk.filled > 0 && chunk.bytes / chunk.filled >= limits::PRESSED_BYTES;
        }
        chunk.places = places;
        self.fill_controls(&mut chunk);
        if !chunk.is_full() {
            let before = chunk.bytes;
            self.fill_behind(&mut chunk);
            self.behind_bytes += chunk.bytes - before;
        }
        if chunk.filled == 0 && !live_first {
            self.fill_live(&mut chunk);
        }
        // Old debts fade, so that neither side can run up one that starves the other later.
        if self.live_bytes + self.behind_bytes > FADE_BYTES {
            (self.live_bytes, self.behind_bytes) = (self.live_bytes / 2, self.behind_bytes / 2);
        }
        let unfinished = self.dispatched < visible || chunk.looked >= limits::SCAN_ENTRIES_PER_TURN;
        Filled { jobs: chunk.filled, unfinished, pressed }
    }

    fn fill_controls(&mut self, chunk: &mut Fill<'_, '_>) {
        while !chunk.is_full()
            && let Some(id) = self.controls.pop_front()
        {
            let dispatched = self.dispatched;
            let Some(slot) = self.slots.get_mut(id) else { continue };
            slot.clear(flag::CONTROL);
            let busy = slot.offset > 0 || slot.has(flag::BLOCKED | flag::HALF | flag::QUEUED | flag::ENDING);
            if busy {
                continue;
            }
            let control = if slot.is_far(dispatched, self.quiet.now_ms) {
                slot.tell(dispatched, self.quiet.now_ms);
                Control::Position(dispatched)
            } else {
                Control::Heartbeat
            };
            chunk.push_control(id, slot, control);
        }
    }

    fn fill_live(&mut self, chunk: &mut Fill<'_, '_>) {
        while !chunk.is_full()
            && let Some(id) = self.live.pop_front()
        {
            self.serve(id, chunk);
        }
        while !chunk.is_full() && self.pass.clean < self.everyone.len() {
            self.pass.at = if self.pass.at + 1 >= self.everyone.len() { 0 } else { self.pass.at + 1 };
            self.pass.clean += 1;
            let Some(index) = self.everyone.get(self.pass.at).copied() else { continue };
            let Some((id, slot)) = self.slots.at_mut(index) else { continue };
            let idle = slot.next > chunk.visible;
            if idle || slot.has(flag::BEHIND | flag::BLOCKED | flag::QUEUED | flag::ENDING) {
                continue;
            }
            self.serve(id, chunk);
        }
    }

    fn fill_behind(&mut self, chunk: &mut Fill<'_, '_>) {
        while !chunk.is_full()
            && let Some(id) = self.behind.pop()
        {
            self.serve(id, chunk);
        }
    }

    /// Adds this subscriber's next send to the chunk, if it lacks anything.
    fn serve(&mut self, id: SubscriberId, chunk: &mut Fill<'_, '_>) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.clear(flag::QUEUED);
        if slot.has(flag::BLOCKED) {
            return;
        }
        if slot.has(flag::HALF) {
            let half = self.halves.get(&id).map(AsRef::as_ref).unwrap_or_default();
            slot.set(flag::QUEUED);
            chunk.push_half(id, half);
            return;
        }
        let everything = slot.is_everything();
        let mut bounds = Bounds {
            visible: chunk.visible,
            limit: if everything { chunk.visible } else { slot.until.min(chunk.visible) },
            bytes_max: limits::BEHIND_BYTES_PER_TURN,
            memory: None,
        };
        if slot.has(flag::ENDING) {
            if slot.offset == 0
                && let Some(control) = self.endings.get(&id)
            {
                slot.set(flag::LAST);
                chunk.push_control(id, slot, *control);
                return;
            }
            (bounds.bytes_max, bounds.limit) = (1, slot.next);
        }
        let in_memory = !slot.has(flag::BEHIND) || slot.has(flag::SUPPLIED) || slot.next > self.fresh_after;
        slot.clear(flag::SUPPLIED);
        if !in_memory {
            chunk.looked += ASKING_ENTRIES;
            bounds.memory = Some(self.memory);
            if !self.look_nearby(id, bounds, chunk) {
                return self.search_on(id, true, chunk);
            }
        }
        self.push_piece(id, bounds, chunk);
    }

    /// Finds a filtered subscriber's next events if that can be done here and none are found yet; false when the pager
    /// is to do it.
    fn look_nearby(&mut self, id: SubscriberId, bounds: Bounds, chunk: &mut Fill<'_, '_>) -> bool {
        let Some(slot) = self.slots.get(id) else { return true };
        let filter = slot.filter().filter(|_| !self.found.contains_key(&id));
        let Some(filter) = filter.and_then(|id| self.filters.get(id)) else { return true };
        let Some(segment) = chunk.view.segment(slot.next) else { return true };
        if slot.next > segment.last(bounds.limit) {
            return true;
        }
        let before = chunk.looked;
        let range = (slot.next, bounds.limit);
        let found = find_nearby(self.memory, segment, filter, range, &mut chunk.looked);
        self.counts.looked_at += (chunk.looked - before) as u64;
        found.map(|found| self.found.insert(id, found)).is_some()
    }

    fn push_piece(&mut self, id: SubscriberId, bounds: Bounds, chunk: &mut Fill<'_, '_>) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let filter = slot.filter().and_then(|id| self.filters.get(id));
        match next_piece(slot, filter, self.found.get(&id), chunk.view, bounds, chunk.scratch) {
            Piece::Events { bytes, last, resume, events } => {
                slot.set(flag::QUEUED);
                chunk.push(Job { id, bytes, kind: JobKind::Events { last, resume, events } });
            }
            Piece::Gap { control, earliest, damaged } => {
                self.counts.damaged += u64::from(damaged);
                slot.next = earliest;
                self.found.remove(&id);
                chunk.push_control(id, slot, control);
            }
            Piece::Nothing => {
                self.found.remove(&id);
                self.caught_up(id);
            }
            Piece::Later => {
                // A list that is used up is not such a search; its entries are counted already.
                if self.found.remove(&id).is_none() {
                    chunk.looked += limits::SCAN_ENTRIES_PER_TURN / LONG_SCANS_PER_CHUNK;
                }
                self.search_on(id, false, chunk);
            }
            Piece::Cold => self.search_on(id, true, chunk),
            Piece::Lost => {
                slot.set(flag::QUEUED);
                chunk.push(Job { id, bytes: Bytes::Log(&[]), kind: JobKind::Lost });
            }
        }
    }

    /// A long search goes on in a later turn, or once the pager has brought what is next (`cold`). Who hears nothing
    /// meanwhile is told how far it is, in place of a heartbeat, and would resume from there.
    fn search_on(&mut self, id: SubscriberId, cold: bool, chunk: &mut Fill<'_, '_>) {
        let quiet = self.quiet;
        let Some(slot) = self.slots.get_mut(id) else { return };
        let silent =
            quiet.after_ms > 0 && quiet.now_ms.wrapping_sub(slot.sent_ms) as i32 >= quiet.after_ms as i32;
        match slot.role {
            Role::Filtered { .. } if silent && slot.offset == 0 => {
                let at = slot.next.previous();
                slot.tell(at, quiet.now_ms);
                chunk.push_control(id, slot, Control::Position(at));
            }
            _ if cold => self.want(id),
            _ => self.queue_behind(id),
        }
    }
}

/// A chunk being filled.
struct Fill<'v, 'c> {
    view: &'v View,
    visible: EventId,
    jobs: &'c mut [Job<'v>],
    /// Jobs that may be filled in now.
    places: usize,
    filled: usize,
    bytes: usize,
    /// Entries looked at for those behind. Long searches let others run.
    looked: usize,
    scratch: &'c mut Vec<u8>,
}

impl<'v> Fill<'v, '_> {
    fn is_full(&self) -> bool {
        self.filled >= self.places
            || self.bytes >= limits::BEHIND_BYTES_PER_TURN_ALL
            || self.looked >= limits::SCAN_ENTRIES_PER_TURN
    }

    fn push(&mut self, job: Job<'v>) {
        if let Some(place) = self.jobs.get_mut(self.filled) {
            self.bytes += job.bytes.len();
            self.filled += 1;
            *place = job;
        }
    }

    fn push_control<K>(&mut self, id: SubscriberId, slot: &mut Slot<K>, control: Control) {
        slot.set(flag::QUEUED);
        let framing = if slot.has(flag::UNCHUNKED) { sse::Framing::Close } else { sse::Framing::Chunked };
        let start = self.scratch.len();
        control.encode(self.scratch, framing);
        let bytes = Bytes::Scratch { start, end: self.scratch.len() };
        self.push(Job { id, bytes, kind: JobKind::Control });
    }

    fn push_half(&mut self, id: SubscriberId, half: &[u8]) {
        let start = self.scratch.len();
        self.scratch.extend_from_slice(half);
        self.push(Job { id, bytes: Bytes::Scratch { start, end: self.scratch.len() }, kind: JobKind::Half });
    }
}
