//! A worker's side of the pager: what is asked when there is room, and who gets which answer.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::event::EventId;
use crate::hub::Hub;
use crate::hub::is_roomy;
use crate::log::{Found, View};
use crate::server::addresses::Peer;
use crate::server::pager::{self, Answer, Ask, PagerDoor, Search};
use crate::server::waiting::Waiting;
use crate::server::worker::Worker;

/// What one worker has asked and wants to ask.
pub(crate) struct Asking {
    door: PagerDoor,
    requests: Waiting<Found>,
    /// Requests that found no room; each is in `requests`, which bounds them.
    backlog: RefCell<VecDeque<Ask>>,
}

impl Asking {
    pub(crate) fn new(door: PagerDoor) -> Self {
        Self { door, requests: Waiting::default(), backlog: RefCell::default() }
    }

    /// Lets the pager end.
    pub(crate) fn close(&self) {
        self.door.close();
    }

    /// Gives back the places of a crowd that has been served.
    pub(crate) fn trim(&self) {
        self.requests.trim();
        let mut backlog = self.backlog.borrow_mut();
        if is_roomy(backlog.capacity(), backlog.len()) {
            backlog.shrink_to_fit();
        }
    }

    /// Waits for the pager's answer; `None` when too many do already.
    async fn request(&self, ask: impl FnOnce(u64) -> Ask) -> Option<Found> {
        let pending = self.requests.enter()?;
        let ask = ask(pending.token());
        if self.door.has_room() {
            self.door.ask(ask);
        } else {
            self.backlog.borrow_mut().push_back(ask);
        }
        pending.await
    }

    /// Hands out the answers that have come.
    pub(crate) fn take_answers(&self, hub: &RefCell<Hub<Peer>>) {
        while let Some(answer) = self.door.answer() {
            match answer {
                Answer::Supply(supply) => hub.borrow_mut().supply(supply),
                Answer::Request { token, found } => self.requests.settle(token, found),
            }
        }
    }

    /// Asks while there is room, for requests and for subscribers in turn.
    pub(crate) fn ask_on(&self, hub: &mut Hub<Peer>, visible: EventId) {
        let mut subscribers_turn = false;
        let mut idle = 0;
        while self.door.has_room() && idle < 2 {
            let ask = match subscribers_turn {
                true => hub.next_need(visible).map(Ask::Supply),
                false => self.backlog.borrow_mut().pop_front(),
            };
            idle = if ask.is_some() { 0 } else { idle + 1 };
            ask.into_iter().for_each(|ask| self.door.ask(ask));
            subscribers_turn = !subscribers_turn;
        }
    }
}

impl Worker {
    /// Finds events for a request and has them in memory; `None` when too many requests wait for that. Everything
    /// that is in memory already is found here and now.
    pub(crate) async fn find(&self, view: &View, search: Search) -> Option<Found> {
        if search.filter.is_everything() {
            let found =
                if search.descending { pager::find_back(view, &search) } else { pager::find(view, &search) };
            let ends = (found.ids.iter().min().copied(), found.ids.iter().max().copied());
            let (Some(first), Some(last)) = ends else { return Some(found) };
            let in_memory = view.segment(first).is_some_and(|segment| {
                segment.has_entries_in_memory(first, last) && segment.has_frames_in_memory(first, last)
            });
            if in_memory {
                return Some(found);
            }
        }
        self.asking.request(|token| Ask::Search { token, search }).await
    }

    /// Brings what looking for a time looks at. Where too many wait for that, this worker waits for the disk itself.
    pub(crate) async fn bring_time(&self, time_ms: u64) {
        let _brought = self.asking.request(|token| Ask::Time { token, time_ms }).await;
    }
}
