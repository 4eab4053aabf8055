//! Makes postings in the background: of the open segment in memory, of the sealed ones in sidecars.
//!
//! A search works without them, only longer. So nothing waits for this, and no fault here ends anything. It reads no
//! clock and starts no thread: someone calls `turn` now and then.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::limits;
use crate::log::header::{Header, Seal};
use crate::log::postings::Postings;
use crate::log::shared::Shared;
use crate::log::{Segment, View, sidecar};

/// Turns without a try at a sidecar after one that failed.
const REST_TURNS: u32 = 50;
/// Sidecars that one turn opens.
const OPENED_PER_TURN: usize = 64;

/// Makes what `View::find` is fast by. Lives on a background thread.
pub struct Indexer {
    shared: Arc<Shared>,
    /// Events of one stretch of the open segment.
    pub(in crate::log) stretch_events: u32,
    /// Turns until a sidecar is tried again.
    rest: u32,
    /// Where the last sidecar failed; others have their turn before that one is tried again.
    below: EventId,
}

/// What a turn has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indexed {
    /// More is due now.
    pub more: bool,
    /// The first id of the segment that has got its sidecar.
    pub written: Option<EventId>,
    /// The first id of a segment whose sidecar was not what was written; it is made anew.
    pub damaged: Option<EventId>,
}

impl Indexer {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        let stretch_events = limits::POSTINGS_STRETCH_EVENTS;
        Self { shared, stretch_events, rest: 0, below: EventId(u64::MAX) }
    }

    /// Does one piece of what is due now: a stretch of the open segment, else of the newest sealed one without a
    /// sidecar, or that sidecar. An error leaves the log as it was and everything to be found; it is tried again
    /// some turns later.
    pub fn turn(&mut self) -> io::Result<Indexed> {
        // The mark first: then everything up to it is in the view.
        let visible = self.shared.visible();
        let view = self.shared.view.load_full();
        for segment in view.segments().iter().rev().filter(|segment| !segment.is_sealed()) {
            if self.extend(segment, visible) {
                return Ok(Indexed { more: true, ..Indexed::default() });
            }
        }
        if self.rest > 0 {
            self.rest -= 1;
            return Ok(Indexed::default());
        }
        for _ in 0..OPENED_PER_TURN {
            let Some(segment) = self.next_due(&view) else { return Ok(Indexed::default()) };
            match self.advance(segment) {
                // It was there.
                Ok(None) => {}
                Ok(Some(indexed)) => return Ok(indexed),
                Err(error) => {
                    self.put_off(&view, segment.base());
                    return Err(error);
                }
            }
        }
        Ok(Indexed { more: true, ..Indexed::default() })
    }

    /// The newest sealed segment whose sidecar is not open, among those older than the last one that failed, if any.
    fn next_due<'a>(&mut self, view: &'a View) -> Option<&'a Arc<Segment>> {
        let is_due = |segment: &&Arc<Segment>| {
            let parts = segment.postings();
            let is_good = parts.first().is_some_and(|part| part.is_file() && !part.is_broken());
            segment.is_sealed() && !is_good
        };
        let below = view.segments().iter().rev().filter(|segment| segment.base() < self.below).find(is_due);
        below.or_else(|| {
            self.below = EventId(u64::MAX);
            view.segments().iter().rev().find(is_due)
        })
    }

    /// One step towards a sidecar. `None`: it was on the disk.
    fn advance(&self, segment: &Segment) -> io::Result<Option<Indexed>> {
        let Some(seal) = segment.seal() else { return Ok(None) };
        let (disk, base) = (&*self.shared.disk, segment.base());
        let header = segment.header(self.shared.uuid);
        let mut indexed = Indexed { more: true, ..Indexed::default() };
        let parts = segment.postings();
        if parts.iter().any(|part| part.is_file()) {
            indexed.damaged = Some(base);
            segment.set_postings(Vec::new());
        } else if parts.is_empty() {
            match sidecar::open(disk, &header, seal) {
                Ok(postings) => {
                    segment.set_postings(vec![Arc::new(postings)]);
                    return Ok(None);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if is_lost(&error) => indexed.damaged = Some(base),
                Err(error) => return Err(error),
            }
        }
        if indexed.damaged.is_some() {
            // Where it cannot be removed it is replaced.
            let _in_the_way_at_worst = disk.unlink(&sidecar::name(base));
        }
        if segment.postings().is_empty() {
            // Before any of them serves a search: an entry that has changed would be passed over under its topic.
            require_whole(segment)?;
        }
        if self.extend(segment, EventId(u64::MAX)) {
            return Ok(Some(indexed));
        }
        indexed.written = self.write(segment, &header, seal)?.then_some(base);
        Ok(Some(indexed))
    }

    /// Writes the sidecar of a segment that has postings of all its slots, and goes over to it. False: the segment
    /// is gone.
    fn write(&self, segment: &Segment, header: &Header, seal: &Seal) -> io::Result<bool> {
        require_whole(segment)?;
        let disk = &*self.shared.disk;
        let parts = segment.postings();
        let parts: Vec<&Postings> = parts.iter().map(AsRef::as_ref).collect();
        let merged;
        let postings = if let [whole] = parts.as_slice() {
            *whole
        } else {
            merged = Postings::merge(&parts).map_err(|_| io::ErrorKind::InvalidData)?;
            &merged
        };
        sidecar::write(disk, header, seal, postings)?;
        if self.shared.view.load().segment(segment.base()).is_none() {
            // Retention has removed the segment meanwhile, and perhaps looked for a sidecar before there was one.
            let _left_for_the_next_start = disk.unlink(&sidecar::name(segment.base()));
            return Ok(false);
        }
        segment.set_postings(vec![Arc::new(sidecar::open(disk, header, seal)?)]);
        Ok(true)
    }

    /// Gives the next stretch of `segment` postings in memory; false when none is due. `visible`: the commit point.
    fn extend(&self, segment: &Segment, visible: EventId) -> bool {
        let events = (segment.last(visible).next().0 - segment.base().0) as u32;
        let mut parts = segment.postings().to_vec();
        let from = parts.last().map_or(0, |part| part.slots().end);
        let is_complete = segment.count() == Some(u64::from(events));
        let due = events.saturating_sub(from).min(self.stretch_events);
        if due == 0 || due < self.stretch_events && !is_complete {
            return false;
        }
        parts.push(Arc::new(Postings::build(segment, from..from + due)));
        // Four of a size become one: few parts to look through, and each event is merged few times.
        while let Some((before, alike @ [first, .., last])) = parts.split_last_chunk::<4>()
            && first.slots().len() == last.slots().len()
            && let Ok(merged) = Postings::merge(&alike.each_ref().map(AsRef::as_ref))
        {
            parts = before.iter().cloned().chain([Arc::new(merged)]).collect();
        }
        segment.set_postings(parts);
        true
    }

    /// Leaves sidecars alone for a while, and the memory of those that have none.
    fn put_off(&mut self, view: &View, failed: EventId) {
        self.rest = REST_TURNS;
        self.below = failed;
        for segment in view.segments().iter().filter(|segment| segment.is_sealed()) {
            if segment.postings().iter().any(|part| !part.is_file()) {
                segment.set_postings(Vec::new());
            }
        }
    }
}

/// What is there is of no use, as against not to be had just now.
fn is_lost(error: &io::Error) -> bool {
    let unreadable = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    error.kind() == io::ErrorKind::InvalidData || unreadable
}

fn require_whole(segment: &Segment) -> io::Result<()> {
    if segment.is_index_whole() {
        return Ok(());
    }
    let fault = format!(
        "the entries of the segment that begins with {} are not those that were sealed, or cannot be read: searches \
         go on reading them one by one",
        segment.base()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, fault))
}
