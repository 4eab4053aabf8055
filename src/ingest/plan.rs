//! Decides one submission as a whole before any of it is stored: repeats, conflicts, ids, parties, frames.
//!
//! A plan changes nothing: the caller stores it and then lets `Memory` observe the rows, or forgets it. Its
//! buffers are used again for the next one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::event::{EventId, EventType, Identity, NewEvent};
use crate::ingest::dedupe::{Reached, Seen};
use crate::ingest::memory::{Memory, Stored};
use crate::ingest::parties::Pair;
use crate::ingest::{PublishError, Published};
use crate::sse;
use crate::topic::TopicHasher;

/// One event that is to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) stored: Stored,
    pub(crate) frame_bytes: usize,
    pub(crate) payload_offset: u8,
    /// Which event of the submission it is.
    index: usize,
}

/// What is to be done with one submission.
pub(crate) struct Plan {
    hasher: TopicHasher,
    /// The events to be stored, with consecutive ids.
    pub(crate) rows: Vec<Row>,
    /// Their frames, back to back.
    pub(crate) frames: Vec<u8>,
    /// What the submission itself adds to the memory, so that its events see each other.
    keys: HashMap<u64, (Seen, usize), RandomState>,
    sources: HashMap<u64, Reached, RandomState>,
    parties: HashMap<u64, Pair, RandomState>,
}

/// The answer to a submission that can be stored, and what it has to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    pub(crate) published: Vec<Published>,
    /// The highest id among `published`; `EventId::ZERO` for no events.
    pub(crate) until: EventId,
}

/// What an event's identity says about it.
enum Verdict {
    New { key: u64, aux: u64, positioned: bool },
    Repeat(EventId),
}

impl Plan {
    pub(crate) fn new(hasher: TopicHasher) -> Self {
        Self {
            hasher,
            rows: Vec::new(),
            frames: Vec::new(),
            keys: HashMap::default(),
            sources: HashMap::default(),
            parties: HashMap::default(),
        }
    }

    /// Plans a submission whose first new event gets the id `next`. `earliest`: the first kept event; keys of
    /// older ones do not count. After an error the plan is not to be stored.
    pub(crate) fn make(
        &mut self,
        memory: &Memory,
        events: &[NewEvent],
        next: EventId,
        earliest: EventId,
    ) -> Result<Promise, PublishError> {
        self.rows.clear();
        self.frames.clear();
        empty(&mut self.keys);
        empty(&mut self.sources);
        empty(&mut self.parties);
        let promise = self.identify(memory, events, next, earliest)?;
        self.resolve_parties(memory)?;
        self.frame(events)?;
        Ok(promise)
    }

    /// Tells new events from repeats and gives the new ones ids.
    fn identify(
        &mut self,
        memory: &Memory,
        events: &[NewEvent],
        next: EventId,
        earliest: EventId,
    ) -> Result<Promise, PublishError> {
        let mut promise = Promise { published: Vec::with_capacity(events.len()), until: EventId::ZERO };
        let mut id = next;
        for (index, event) in events.iter().enumerate() {
            let published = match self.judge(memory, event, index, id, earliest)? {
                Verdict::Repeat(first) => Published { id: first, duplicate: true },
                Verdict::New { key, aux, positioned } => {
                    let (stream, parties) = self.topics(event);
                    let kind = event.kind.code();
                    let stored = Stored { id, kind, positioned, stream, parties, key, aux };
                    self.rows.push(Row { stored, frame_bytes: 0, payload_offset: 0, index });
                    let published = Published { id, duplicate: false };
                    id = id.next();
                    published
                }
            };
            promise.until = promise.until.max(published.id);
            promise.published.push(published);
        }
        Ok(promise)
    }

    /// Looks for an earlier event of the same identity, in the submission first. `id`: the event's own if it
    /// is new.
    fn judge(
        &mut self,
        memory: &Memory,
        event: &NewEvent,
        index: usize,
        id: EventId,
        earliest: EventId,
    ) -> Result<Verdict, PublishError> {
        match &event.identity {
            Identity::None => Ok(Verdict::New { key: 0, aux: 0, positioned: false }),
            Identity::Key(key) => {
                let key = self.hasher.key(key);
                let digest = self.hasher.digest(event.kind.code(), &event.data);
                if let Some(&(seen, earlier)) = self.keys.get(&key) {
                    let same = seen.digest == digest;
                    return if same { Ok(Verdict::Repeat(seen.id)) } else { Err(twice(index, earlier)) };
                }
                match memory.keys.get(key, earliest) {
                    Some(seen) if seen.digest == digest => Ok(Verdict::Repeat(seen.id)),
                    Some(seen) => Err(PublishError::KeyConflict { index, first: seen.id }),
                    None => {
                        self.keys.insert(key, (Seen { id, digest }, index));
                        Ok(Verdict::New { key, aux: digest, positioned: false })
                    }
                }
            }
            Identity::Source { source, position } => {
                let (key, position) = (self.hasher.source(source), *position);
                match self.sources.get(&key).copied().or_else(|| memory.sources.get(key)) {
                    Some(reached) if position <= reached.position => Ok(Verdict::Repeat(reached.id)),
                    _ => {
                        self.sources.insert(key, Reached { position, id });
                        Ok(Verdict::New { key, aux: position, positioned: true })
                    }
                }
            }
        }
    }

    /// The payment stream and the parties an event names itself. A collected fee concerns none of them: it
    /// reaches only who subscribes to everything.
    fn topics(&self, event: &NewEvent) -> (u64, Pair) {
        if event.kind == EventType::FeeCollected {
            return (0, Pair::default());
        }
        let user = |user: &Option<_>| user.as_ref().map_or(0, |user| self.hasher.user(user).0);
        let parties = Pair { sender: user(&event.sender), recipient: user(&event.recipient) };
        (self.hasher.stream(&event.stream).0, parties)
    }

    /// Fixes who each event is for: what earlier events say stands first, then each `stream.created` of the
    /// submission, then its other events. So the order within a submission does not matter.
    fn resolve_parties(&mut self, memory: &Memory) -> Result<(), PublishError> {
        let created = |row: &&Row| row.stored.kind == EventType::Created.code();
        for row in self.rows.iter().filter(created) {
            let known = self
                .parties
                .entry(row.stored.stream)
                .or_insert_with(|| memory.parties.get(row.stored.stream));
            if let Some(party) = known.conflict(row.stored.parties) {
                return Err(PublishError::PartiesConflict { index: row.index, party });
            }
            *known = known.or(row.stored.parties);
        }
        for row in self.rows.iter().filter(|row| !created(row) && row.stored.stream != 0) {
            let known = self
                .parties
                .entry(row.stored.stream)
                .or_insert_with(|| memory.parties.get(row.stored.stream));
            *known = known.or(row.stored.parties);
        }
        for row in &mut self.rows {
            row.stored.parties = self.parties.get(&row.stored.stream).copied().unwrap_or_default();
        }
        Ok(())
    }

    /// Builds the frames. Their lengths depend on the ids, so this comes last.
    fn frame(&mut self, events: &[NewEvent]) -> Result<(), PublishError> {
        for row in &mut self.rows {
            let event = &events[row.index];
            let layout =
                sse::event(&mut self.frames, row.stored.id, event.kind, &event.data).map_err(|long| {
                    PublishError::FrameTooLong { index: row.index, bytes: long.bytes, max: long.max }
                })?;
            row.frame_bytes = layout.frame_bytes;
            row.payload_offset = layout.payload_offset;
        }
        Ok(())
    }
}

/// Empties a map; one that grew large is dropped, for emptying it costs as much as it can hold.
fn empty<V>(map: &mut HashMap<u64, V, RandomState>) {
    if map.capacity() > 512 {
        *map = HashMap::default();
    } else {
        map.clear();
    }
}

fn twice(index: usize, earlier: usize) -> PublishError {
    PublishError::KeyTwice { index, earlier }
}
