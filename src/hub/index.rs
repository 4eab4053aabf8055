//! From a topic to the filters that name it, so that an event costs those it is for and nobody else. It knows filters
//! by number and no subscribers.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::event::EventType;
use crate::hub::filters::FilterId;
use crate::hub::table::Table;
use crate::hub::{Filter, trim};
use crate::log::Entry;

/// Filters by topic hash; those of `all` with types by event type.
#[derive(Debug, Default)]
pub(crate) struct Index {
    topics: HashTable<Topic>,
    /// The filters of topics that several name, sorted.
    lists: Table<Vec<FilterId>>,
    kinds: [Vec<FilterId>; 16],
    hasher: RandomState,
}

/// A topic that is named.
#[derive(Debug)]
struct Topic {
    hash: u64,
    by: Naming,
}

const _: () = assert!(size_of::<Topic>() == 16);

/// Most topics are named by one filter, which then costs no list.
#[derive(Debug, Clone, Copy)]
enum Naming {
    One(FilterId),
    List(u32),
}

impl Index {
    pub(crate) fn add(&mut self, id: FilterId, filter: &Filter) {
        if filter.is_all() {
            for kind in EventType::ALL.into_iter().filter(|kind| filter.types().has(kind.code())) {
                self.kinds[kind.code() as usize].push(id);
            }
        }
        let Self { topics, lists, hasher, .. } = self;
        for topic in filter.topics() {
            let hash = hasher.hash_one(topic.0);
            let Some(known) = topics.find_mut(hash, |known| known.hash == topic.0) else {
                let new = Topic { hash: topic.0, by: Naming::One(id) };
                topics.insert_unique(hash, new, |known| hasher.hash_one(known.hash));
                continue;
            };
            match known.by {
                Naming::One(first) => {
                    known.by = Naming::List(lists.insert(vec![id.min(first), id.max(first)]));
                }
                Naming::List(list) => {
                    if let Some(list) = lists.get_mut(list)
                        && let Err(at) = list.binary_search(&id)
                    {
                        list.insert(at, id);
                    }
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, id: FilterId, filter: &Filter) {
        if filter.is_all() {
            for kind in EventType::ALL.into_iter().filter(|kind| filter.types().has(kind.code())) {
                self.kinds[kind.code() as usize].retain(|other| *other != id);
            }
        }
        let Self { topics, lists, hasher, .. } = self;
        for topic in filter.topics() {
            let hash = hasher.hash_one(topic.0);
            let Ok(mut known) = topics.find_entry(hash, |known| known.hash == topic.0) else { continue };
            match known.get().by {
                Naming::One(_) => drop(known.remove()),
                Naming::List(place) => {
                    let Some(list) = lists.get_mut(place) else { continue };
                    if let Ok(at) = list.binary_search(&id) {
                        list.remove(at);
                    }
                    match list.as_slice() {
                        [last] => {
                            known.get_mut().by = Naming::One(*last);
                            lists.remove(place);
                        }
                        _ => trim::shrink(list),
                    }
                }
            }
        }
        if trim::is_roomy(topics.capacity(), topics.len()) {
            topics.shrink_to(topics.len() * 2, |known| hasher.hash_one(known.hash));
        }
    }

    /// Calls `found` for each filter under a topic of the event, with the topics looked at before that one: a filter
    /// that names one of those as well was found there already. Types are not looked at, but for `all`.
    pub(crate) fn each(&self, entry: &Entry, mut found: impl FnMut(FilterId, &[u64])) {
        let kind = entry.kind();
        for id in self.kinds.get(kind as usize).into_iter().flatten() {
            found(*id, &[]);
        }
        if kind == EventType::FeeCollected.code() {
            return;
        }
        let topics = [entry.stream(), entry.sender(), entry.recipient()];
        for (at, topic) in topics.iter().enumerate() {
            let hash = self.hasher.hash_one(*topic);
            let Some(known) = self.topics.find(hash, |known| known.hash == *topic) else { continue };
            let seen = topics.get(..at).unwrap_or_default();
            match known.by {
                Naming::One(id) => found(id, seen),
                Naming::List(list) => {
                    self.lists.get(list).into_iter().flatten().for_each(|id| found(*id, seen))
                }
            }
        }
    }
}
