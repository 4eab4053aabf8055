//! The pager: one thread that waits for the disk so that no worker does. It brings what a subscriber gets next into
//! memory, finds the events that a filter picks, and does the same for requests.
//!
//! A worker has a bounded number of asks open (`limits::PAGER_IN_FLIGHT_MAX`); the queue in has a place for each ask of
//! every worker, and each queue out for each ask of its own, so nobody ever waits at a queue and no answer is lost.
//! What is over the bound waits at the worker. An ask is bounded in entries and bytes, and they are served in turn.
//! Nothing is decided here: what the disk refuses counts as brought, and whoever touches it meets the error.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, bounded};

use crate::doorbell::Doorbell;
use crate::event::EventId;
use crate::hub::{Filter, Need, Supply};
use crate::limits;
use crate::log::{Found, Run, Segment, View};
use crate::metrics::PagerFigures;
use crate::server::Shared;

/// What a request wants found: the first or the last events of a stretch that a filter picks.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) filter: Filter,
    pub(crate) first: EventId,
    pub(crate) last: EventId,
    pub(crate) events_max: usize,
    /// Entries to look at, those that postings spare not counted; not asked of a filter that picks everything.
    pub(crate) entries_max: usize,
    /// From `last` down: `Found::ids` fall, and `through` is the lowest id looked at.
    pub(crate) descending: bool,
}

/// What a worker asks. `token`: the request that waits.
#[derive(Debug)]
pub(crate) enum Ask {
    Supply(Need),
    Search {
        token: u64,
        search: Search,
    },
    /// Everything that finding the first event at or after a time looks at.
    Time {
        token: u64,
        time_ms: u64,
    },
}

#[derive(Debug)]
pub(crate) enum Answer {
    Supply(Supply),
    Request { token: u64, found: Found },
}

/// The pager's thread body.
pub struct Pager {
    asks: Receiver<(usize, Ask)>,
    desks: Vec<(Sender<Answer>, Doorbell)>,
    shared: Arc<Shared>,
}

/// A worker's end: asks out, answers in. The pager ends when every worker has closed its own.
pub struct PagerDoor {
    worker: usize,
    asks: RefCell<Option<Sender<(usize, Ask)>>>,
    answers: Receiver<Answer>,
    in_flight: Cell<usize>,
}

/// Makes the pager and a door for each worker, in the order of their bells.
pub fn pager(shared: Arc<Shared>, bells: &[Doorbell]) -> (Pager, Vec<PagerDoor>) {
    let (sender, asks) = bounded(bells.len() * limits::PAGER_IN_FLIGHT_MAX);
    let (desks, doors) = bells
        .iter()
        .enumerate()
        .map(|(worker, bell)| {
            let (answering, answers) = bounded(limits::PAGER_IN_FLIGHT_MAX);
            let asks = RefCell::new(Some(sender.clone()));
            let door = PagerDoor { worker, asks, answers, in_flight: Cell::new(0) };
            ((answering, bell.clone()), door)
        })
        .unzip();
    (Pager { asks, desks, shared }, doors)
}

impl PagerDoor {
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.get() < limits::PAGER_IN_FLIGHT_MAX
    }

    /// Asks; to be called while there is room. Without a pager no answer comes: then the server is ending.
    pub(crate) fn ask(&self, ask: Ask) {
        if let Some(asks) = self.asks.borrow().as_ref() {
            // Its place is reserved by `in_flight`.
            let _ending = asks.try_send((self.worker, ask));
            self.in_flight.set(self.in_flight.get() + 1);
        }
    }

    /// Asks no more. The runtime keeps its tasks, and so this, longer than the worker runs.
    pub(crate) fn close(&self) {
        self.asks.borrow_mut().take();
    }

    /// The next answer, if one waits.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let answer = self.answers.try_recv().ok()?;
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
        Some(answer)
    }
}

impl Pager {
    /// Answers until every worker is gone.
    pub fn run(self) {
        while let Ok((worker, ask)) = self.asks.recv() {
            // After the asker looked at the commit point: everything it asks for is in the view, or gone.
            let view = self.shared.reader.view();
            let answer = self.shared.pager.answer(&view, self.shared.reader.visible(), ask);
            drop(view);
            if let Some((desk, bell)) = self.desks.get(worker) {
                // There is a place for it; a worker that has ended needs none.
                let _ended = desk.try_send(answer);
                bell.ring();
            }
        }
    }
}

impl PagerFigures {
    /// Does what is asked, and counts it. Waits for the disk.
    pub(crate) fn answer(&self, view: &View, visible: EventId, ask: Ask) -> Answer {
        self.asks.set(self.asks.get() + 1);
        match ask {
            Ask::Supply(Need { subscriber, first, last, filter: None }) => {
                self.bring_run(view, first, last);
                Answer::Supply(Supply { subscriber, found: None })
            }
            Ask::Supply(Need { subscriber, first, last, filter: Some(filter) }) => {
                let (events_max, entries_max) = (limits::FOUND_EVENTS_MAX, limits::FIND_ENTRIES_MAX);
                let search = Search { filter, first, last, events_max, entries_max, descending: false };
                Answer::Supply(Supply { subscriber, found: Some(self.search(view, &search)) })
            }
            Ask::Search { token, search } => Answer::Request { token, found: self.search(view, &search) },
            Ask::Time { token, time_ms } => {
                // The asker does the same again and touches nothing else.
                let _first = view.at_or_after(time_ms, visible);
                let earliest = view.earliest();
                let _time_ms = view.segment(earliest).map(|segment| segment.time_ms(earliest));
                Answer::Request { token, found: Found::default() }
            }
        }
    }

    fn bring_run(&self, view: &View, first: EventId, last: EventId) {
        let Some(segment) = view.segment(first) else { return };
        let last =
            segment.last(last).min(EventId(first.0.saturating_add(limits::WARM_EVENTS_MAX as u64 - 1)));
        if let Ok(bytes) = segment.populate_run(first, last, limits::WARM_BYTES_MAX) {
            self.brought_bytes.set(self.brought_bytes.get() + bytes as u64);
        }
    }

    fn search(&self, view: &View, search: &Search) -> Found {
        let mut found = if search.descending { find_back(view, search) } else { find(view, search) };
        let looked_at = match search.descending {
            true => search.last.next().0.saturating_sub(found.through.0),
            false => found.through.next().0.saturating_sub(search.first.0),
        };
        self.looked_at.set(self.looked_at.get() + looked_at);
        // An entry that cannot be read is not touched: whoever is to get the event finds that out.
        let length = |id: &EventId| match view.segment(*id) {
            Some(segment) if segment.index_run(*id, *id) == Run::Whole(*id) => segment.entry(*id).frame_len(),
            _ => 0,
        };
        let (mut count, mut bytes) = (0, 0);
        while bytes < limits::BEHIND_BYTES_PER_TURN
            && let Some(id) = found.ids.get(count)
        {
            bytes += length(id);
            count += 1;
        }
        if count < found.ids.len() {
            found.ids.truncate(count);
            found.through = found.ids.last().copied().unwrap_or(found.through);
        }
        self.found_bytes.set(self.found_bytes.get() + bytes as u64);
        // Of those that a filter picked the entries have just been looked at.
        let populate =
            if search.filter.is_everything() { Segment::populate } else { Segment::populate_frames };
        self.bring(view, &found.ids, populate);
        found
    }

    /// Brings exactly these events, segment by segment.
    fn bring(
        &self,
        view: &View,
        ids: &[EventId],
        populate: fn(&Segment, &[EventId]) -> std::io::Result<usize>,
    ) {
        let mut rest = ids;
        while let Some(segment) = rest.first().and_then(|id| view.segment(*id)) {
            let here = rest.iter().take_while(|id| segment.base() <= **id && segment.last(**id) == **id);
            let (ours, others) = rest.split_at(here.count());
            if let Ok(bytes) = populate(segment, ours) {
                self.brought_bytes.set(self.brought_bytes.get() + bytes as u64);
            }
            if ours.is_empty() {
                return;
            }
            rest = others;
        }
    }
}

/// The first events from `search.first` on.
pub(crate) fn find(view: &View, search: &Search) -> Found {
    let Some(segment) = view.segment(search.first).filter(|_| search.filter.is_everything()) else {
        let Search { filter, first, last, events_max, entries_max, .. } = search;
        return picked(view, filter, *first, *last, (*events_max, *entries_max));
    };
    let last = segment.last(search.last).min(EventId(search.first.0 + search.events_max as u64 - 1));
    Found { ids: (search.first.0..=last.0).map(EventId).collect(), through: last }
}

/// The last events down from `search.last`, of one segment.
pub(crate) fn find_back(view: &View, search: &Search) -> Found {
    let holds = |segment: &&Arc<Segment>| segment.base() <= segment.last(search.last);
    let Some(segment) = view.segments().iter().rev().find(holds) else {
        return Found { ids: Vec::new(), through: search.last.next() };
    };
    let high = segment.last(search.last);
    let reach = if search.filter.is_everything() { search.events_max } else { search.entries_max };
    let low = segment.base().max(search.first).max(EventId(high.0.saturating_sub(reach as u64 - 1)));
    if high < low {
        return Found { ids: Vec::new(), through: search.last.next() };
    }
    let mut ids: Vec<EventId> = if search.filter.is_everything() {
        (low.0..=high.0).rev().map(EventId).collect()
    } else {
        let Some(mut ids) = picked_past_damage(view, segment, &search.filter, low, high) else {
            return Found { ids: Vec::new(), through: search.last.next() };
        };
        ids.reverse();
        ids
    };
    let through = if ids.len() > search.events_max { ids[search.events_max - 1] } else { low };
    ids.truncate(search.events_max);
    Found { ids, through }
}

/// All that can be told to match. What is damaged is passed over, as holes are on the way down. `None`: the disk does
/// not say.
fn picked_past_damage(
    view: &View,
    segment: &Segment,
    filter: &Filter,
    low: EventId,
    high: EventId,
) -> Option<Vec<EventId>> {
    let (mut ids, mut from) = (Vec::new(), low);
    while from <= high {
        let found = picked(view, filter, from, high, (usize::MAX, usize::MAX));
        ids.extend(found.ids);
        from = found.through.next();
        if from <= high {
            match segment.index_run(from, high) {
                Run::Damaged(through) => from = through.next(),
                Run::Whole(_) => {}
                Run::Unreadable => return None,
            }
        }
    }
    Some(ids)
}

fn picked(
    view: &View,
    filter: &Filter,
    first: EventId,
    last: EventId,
    (events_max, looks_max): (usize, usize),
) -> Found {
    let topics: Vec<u64> = filter.topics().iter().map(|topic| topic.0).collect();
    view.find(&topics, &|entry| filter.matches(entry), first, last, events_max, looks_max)
}
