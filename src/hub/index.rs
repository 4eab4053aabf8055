//! From a topic to the subscribers that name it, so that an event costs its subscribers and nobody else.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::event::EventType;
use crate::hub::{Filter, SubscriberId};
use crate::log::Entry;

/// Subscribers by topic hash; those of `all` with types by event type. Those of everything are not in it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    topics: HashMap<u64, Listeners, RandomState>,
    kinds: [Vec<SubscriberId>; 16],
}

/// Most topics have one subscriber, which then costs no allocation of its own.
#[derive(Debug)]
enum Listeners {
    One(SubscriberId),
    Many(Vec<SubscriberId>),
}

impl Index {
    pub(crate) fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.kinds.iter().all(Vec::is_empty)
    }

    pub(crate) fn add(&mut self, id: SubscriberId, filter: &Filter) {
        if filter.is_all() {
            for kind in EventType::ALL.into_iter().filter(|kind| filter.types().has(kind.code())) {
                self.kinds[kind.code() as usize].push(id);
            }
        }
        for topic in filter.topics() {
            self.topics
                .entry(topic.0)
                .and_modify(|listeners| match listeners {
                    Listeners::One(first) => *listeners = Listeners::Many(vec![*first, id]),
                    Listeners::Many(many) => many.push(id),
                })
                .or_insert(Listeners::One(id));
        }
    }

    pub(crate) fn remove(&mut self, id: SubscriberId, filter: &Filter) {
        if filter.is_all() {
            for kind in EventType::ALL.into_iter().filter(|kind| filter.types().has(kind.code())) {
                leave(&mut self.kinds[kind.code() as usize], id);
            }
        }
        for topic in filter.topics() {
            let empty = match self.topics.get_mut(&topic.0) {
                Some(Listeners::One(only)) => *only == id,
                Some(Listeners::Many(many)) => {
                    leave(many, id);
                    many.is_empty()
                }
                None => false,
            };
            if empty {
                self.topics.remove(&topic.0);
            }
        }
        if self.topics.is_empty() {
            self.topics.shrink_to_fit();
        }
    }

    /// Calls `found` for each subscriber that an event may be for; one may come several times.
    pub(crate) fn each(&self, entry: &Entry, mut found: impl FnMut(SubscriberId)) {
        let kind = entry.kind();
        for id in self.kinds.get(kind as usize).into_iter().flatten() {
            found(*id);
        }
        if kind == EventType::FeeCollected.code() {
            return;
        }
        for topic in [entry.stream(), entry.sender(), entry.recipient()] {
            match self.topics.get(&topic) {
                Some(Listeners::One(id)) => found(*id),
                Some(Listeners::Many(many)) => many.iter().for_each(|id| found(*id)),
                None => {}
            }
        }
    }
}

fn leave(listeners: &mut Vec<SubscriberId>, id: SubscriberId) {
    if let Some(at) = listeners.iter().position(|other| *other == id) {
        listeners.swap_remove(at);
    }
}
