//! What a subscriber wants: the union of payment streams and users, or everything, narrowed by event types.
//!
//! The one place that decides whether an event is for a subscriber. It looks at index entries alone, never at JSON.

use crate::event::EventType;
use crate::log::Entry;
use crate::topic::TopicHash;

/// A set of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeSet(u16);

impl TypeSet {
    pub const EVERY: Self = Self(u16::MAX);

    /// The set of these types; of every type where none is given.
    pub fn of(kinds: &[EventType]) -> Self {
        if kinds.is_empty() {
            return Self::EVERY;
        }
        Self(kinds.iter().fold(0, |set, kind| set | 1 << kind.code()))
    }

    pub fn has(self, kind: u8) -> bool {
        kind < 16 && self.0 & 1 << kind != 0
    }
}

/// A subscription's filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    all: bool,
    types: TypeSet,
    /// What it names, for figures: it counts as a user's when it names any user.
    names_users: bool,
    /// Hashes of payment streams and users together, sorted; their domains differ, so they cannot be confused.
    topics: Topics,
}

/// One topic, as most filters have, lies in the filter itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Topics {
    One(TopicHash),
    Some(Box<[TopicHash]>),
}

const _: () = assert!(size_of::<Filter>() == 24);

impl Filter {
    pub fn all(types: TypeSet) -> Self {
        Self { all: true, types, names_users: false, topics: Topics::Some(Box::default()) }
    }

    /// The union of these payment streams and users.
    pub fn union(streams: Vec<TopicHash>, users: Vec<TopicHash>, types: TypeSet) -> Self {
        let names_users = !users.is_empty();
        let mut topics = streams;
        topics.extend(users);
        topics.sort_unstable();
        topics.dedup();
        let topics = match topics.as_slice() {
            [one] => Topics::One(*one),
            _ => Topics::Some(topics.into()),
        };
        Self { all: false, types, names_users, topics }
    }

    /// True when every event matches.
    pub fn is_everything(&self) -> bool {
        self.all && self.types == TypeSet::EVERY
    }

    pub fn is_all(&self) -> bool {
        self.all
    }

    pub fn names_users(&self) -> bool {
        self.names_users
    }

    pub fn types(&self) -> TypeSet {
        self.types
    }

    pub fn topics(&self) -> &[TopicHash] {
        match &self.topics {
            Topics::One(one) => std::slice::from_ref(one),
            Topics::Some(some) => some,
        }
    }

    /// Whether the event of this entry is for the subscriber. `stream.fee_collected` reaches `all` subscribers alone.
    pub fn matches(&self, entry: &Entry) -> bool {
        if !self.types.has(entry.kind()) {
            return false;
        }
        if self.all {
            return true;
        }
        if entry.kind() == EventType::FeeCollected.code() {
            return false;
        }
        self.names(entry.stream()) || self.names(entry.sender()) || self.names(entry.recipient())
    }

    /// Whether a payment stream or user is one of the filter's.
    pub(crate) fn names(&self, hash: u64) -> bool {
        match &self.topics {
            Topics::One(one) => one.0 == hash,
            Topics::Some(some) => some.binary_search(&TopicHash(hash)).is_ok(),
        }
    }
}
