//! The filters in use, equal ones once however many subscribers have them, each with those subscribers; gone with the
//! last of them. So there are never more than subscribers, and an event is held against each filter once.
//!
//! A subscriber stands here by its place in the table of slots.

use std::hash::BuildHasher as _;
use std::num::NonZeroU32;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::hub::index::Index;
use crate::hub::table::Table;
use crate::hub::{Filter, trim};
use crate::log::Entry;

/// Names a filter in use: its place and one, so that an `Option` of it costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilterId(NonZeroU32);

impl FilterId {
    fn of(place: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(place))
    }

    fn place(self) -> u32 {
        self.0.get() - 1
    }
}

#[derive(Debug, Default)]
pub(crate) struct Filters {
    in_use: Table<InUse>,
    by_value: HashTable<FilterId>,
    index: Index,
    hasher: RandomState,
}

#[derive(Debug)]
struct InUse {
    filter: Filter,
    members: Members,
}

/// Most filters have one subscriber, which then costs no allocation of its own. Many are sorted, so that one among
/// thousands is found at once when it leaves.
#[derive(Debug)]
enum Members {
    One(u32),
    Many(Vec<u32>),
}

impl Filters {
    /// Enters a subscriber under its filter.
    pub(crate) fn join(&mut self, filter: Filter, member: u32) -> FilterId {
        let Self { in_use, by_value, index, hasher } = self;
        let hash = hasher.hash_one(&filter);
        let same = |id: &FilterId| in_use.get(id.place()).is_some_and(|other| other.filter == filter);
        if let Some(id) = by_value.find(hash, same).copied() {
            if let Some(shared) = in_use.get_mut(id.place()) {
                shared.members.add(member);
            }
            return id;
        }
        let id = FilterId::of(in_use.insert(InUse { filter, members: Members::One(member) }));
        by_value.insert_unique(hash, id, |id| hash_of(hasher, in_use, *id));
        if let Some(new) = in_use.get(id.place()) {
            index.add(id, &new.filter);
        }
        id
    }

    /// Takes a subscriber out, and its filter if it was the last.
    pub(crate) fn leave(&mut self, id: FilterId, member: u32) {
        let Self { in_use, by_value, index, hasher } = self;
        let Some(shared) = in_use.get_mut(id.place()) else { return };
        if !shared.members.remove(member) {
            return;
        }
        let hash = hash_of(hasher, in_use, id);
        if let Ok(entry) = by_value.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
        if let Some(gone) = in_use.remove(id.place()) {
            index.remove(id, &gone.filter);
        }
        if trim::is_roomy(by_value.capacity(), by_value.len()) {
            by_value.shrink_to(by_value.len() * 2, |id| hash_of(hasher, in_use, *id));
        }
    }

    pub(crate) fn get(&self, id: FilterId) -> Option<&Filter> {
        self.in_use.get(id.place()).map(|shared| &shared.filter)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_use.len() == 0
    }

    /// Distinct filters.
    pub(crate) fn len(&self) -> usize {
        self.in_use.len()
    }

    /// Calls `found` once for each subscriber that the event of this entry is for.
    pub(crate) fn each(&self, entry: &Entry, mut found: impl FnMut(u32)) {
        self.index.each(entry, |id, seen| {
            let Some(shared) = self.in_use.get(id.place()) else { return };
            // Under another of its topics the filter was found already.
            let again = seen.iter().any(|topic| shared.filter.names(*topic));
            if again || !shared.filter.types().has(entry.kind()) {
                return;
            }
            match &shared.members {
                Members::One(member) => found(*member),
                Members::Many(members) => members.iter().for_each(|member| found(*member)),
            }
        });
    }
}

impl Members {
    fn add(&mut self, member: u32) {
        match self {
            Self::One(first) => *self = Self::Many(vec![member.min(*first), member.max(*first)]),
            Self::Many(many) => {
                if let Err(at) = many.binary_search(&member) {
                    many.insert(at, member);
                }
            }
        }
    }

    /// True when that was the last.
    fn remove(&mut self, member: u32) -> bool {
        match self {
            Self::One(only) => return *only == member,
            Self::Many(many) => {
                if let Ok(at) = many.binary_search(&member) {
                    many.remove(at);
                }
                match many.as_slice() {
                    [only] => *self = Self::One(*only),
                    _ => trim::shrink(many),
                }
            }
        }
        false
    }
}

fn hash_of(hasher: &RandomState, in_use: &Table<InUse>, id: FilterId) -> u64 {
    in_use.get(id.place()).map_or(0, |shared| hasher.hash_one(&shared.filter))
}
