//! What the tests share: short events, and a planner with its memory but without a log.

use crate::event::{EventId, EventType, Identity, NewEvent};
use crate::ingest::memory::{Bounds, Memory, Stored};
use crate::ingest::parties::Pair;
use crate::ingest::plan::{Plan, Promise};
use crate::ingest::{PublishError, Published};
use crate::topic::{StreamId, TopicHasher, User};

pub(crate) const KEY: [u8; 16] = *b"key of the tests";

/// An event of payment stream `stream`; its data says no more than the type and the stream.
pub(crate) fn event(kind: EventType, stream: &str) -> NewEvent {
    NewEvent {
        kind,
        stream: StreamId::parse(stream).unwrap(),
        data: format!(r#"{{"streamId":"{stream}"}}"#).into_bytes(),
        sender: None,
        recipient: None,
        identity: Identity::None,
    }
}

pub(crate) fn created(stream: &str, sender: &str, recipient: &str) -> NewEvent {
    event(EventType::Created, stream).from(sender).to(recipient)
}

pub(crate) fn withdrawn(stream: &str) -> NewEvent {
    event(EventType::Withdrawn, stream)
}

impl NewEvent {
    pub(crate) fn from(mut self, sender: &str) -> Self {
        self.sender = Some(User::parse(sender).unwrap());
        self
    }
    pub(crate) fn to(mut self, recipient: &str) -> Self {
        self.recipient = Some(User::parse(recipient).unwrap());
        self
    }
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.identity = Identity::Key(key.into());
        self
    }
    pub(crate) fn at(mut self, source: &str, position: u64) -> Self {
        self.identity = Identity::Source { source: source.into(), position };
        self
    }
    pub(crate) fn data(mut self, data: &str) -> Self {
        self.data = data.into();
        self
    }
}

/// Plans submissions and, as the intake does, lets the memory observe what is to be stored.
pub(crate) struct Bench {
    pub(crate) hasher: TopicHasher,
    pub(crate) memory: Memory,
    pub(crate) plan: Plan,
    pub(crate) stored: Vec<Stored>,
    pub(crate) earliest: EventId,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::bounded(1000, 1000)
    }

    pub(crate) fn bounded(payment_streams_max: usize, keys_max: usize) -> Self {
        let hasher = TopicHasher::new(KEY);
        Self {
            hasher,
            memory: Memory::new(Bounds {
                payment_streams: payment_streams_max,
                keys: keys_max,
                sources: 1000,
            }),
            plan: Plan::new(hasher),
            stored: Vec::new(),
            earliest: EventId(1),
        }
    }

    pub(crate) fn next(&self) -> EventId {
        EventId(self.stored.len() as u64 + 1)
    }

    pub(crate) fn submit(&mut self, events: &[NewEvent]) -> Result<Promise, PublishError> {
        self.memory.keys.forget_before(self.earliest);
        let promise = self.plan.make(&self.memory, events, self.next(), self.earliest)?;
        for row in &self.plan.rows {
            self.memory.observe(row.stored);
            self.stored.push(row.stored);
        }
        Ok(promise)
    }

    /// Submits and returns what was published, with a mark for each duplicate.
    pub(crate) fn publish(&mut self, events: &[NewEvent]) -> Vec<(u64, bool)> {
        marks(&self.submit(events).unwrap().published)
    }

    pub(crate) fn pair(&self, sender: Option<&str>, recipient: Option<&str>) -> Pair {
        let hash = |user: &str| self.hasher.user(&User::parse(user).unwrap()).0;
        Pair { sender: sender.map_or(0, hash), recipient: recipient.map_or(0, hash) }
    }
}

pub(crate) fn marks(published: &[Published]) -> Vec<(u64, bool)> {
    published.iter().map(|published| (published.id.0, published.duplicate)).collect()
}
