//! What publishers may rely on, kept outside of the way in: what was acknowledged, under which id, and what
//! the same event must be answered the next time.
//!
//! Every event says its number in its data, so that what is in the log is told from its frames, not from the
//! entries that the memory is rebuilt from.

use std::collections::BTreeMap;

use crate::event::{EventId, EventType, NewEvent};
use crate::ingest::memory::Stored;
use crate::ingest::tests::crash_case::{Name, STREAMS};
use crate::ingest::tests::support::event;
use crate::ingest::{PublishError, Published};
use crate::log::Reader;
use crate::topic::{TopicHasher, User};

/// One event that a publisher means to have stored once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meant {
    pub(crate) number: usize,
    pub(crate) stream: u8,
    pub(crate) name: Name,
    /// In its source.
    pub(crate) position: u64,
    pub(crate) sender: bool,
    pub(crate) recipient: bool,
}

impl Meant {
    pub(crate) fn event(&self) -> NewEvent {
        let stream = self.stream.to_string();
        let filler = "x".repeat(self.number * 7919 % 400);
        let data = format!(r#"{{"streamId":"{stream}","n":{},"filler":"{filler}"}}"#, self.number);
        let mut event = event(EventType::Withdrawn, &stream).data(&data);
        if self.sender {
            event = event.from(&sender(self.stream));
        }
        if self.recipient {
            event = event.to(&recipient(self.stream));
        }
        match self.name {
            Name::None => event,
            Name::Key => event.key(&format!("key {}", self.number).replace(' ', "-")),
            Name::Source { source, .. } => event.at(&format!("source-{source}"), self.position),
        }
    }
}

pub(crate) fn sender(stream: u8) -> String {
    format!("GS{stream}")
}

pub(crate) fn recipient(stream: u8) -> String {
    format!("GR{stream}")
}

/// The number that an event's frame says.
fn number(frame: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(frame).ok()?;
    let (_, rest) = text.split_once(r#""n":"#)?;
    rest.split_once(',')?.0.parse().ok()
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) meant: Vec<Meant>,
    /// What is stored as far as is known, and by which number; what retention removed included.
    stored: BTreeMap<EventId, usize>,
    /// Submitted since the last start, and not known to be refused.
    in_flight: BTreeMap<usize, u32>,
    /// Up to here nothing may go.
    safe: EventId,
    /// The highest id somebody was told, and what it was at the last start.
    told: EventId,
    told_before: EventId,
    earliest: EventId,
}

impl Model {
    pub(crate) fn submit(&mut self, numbers: &[usize]) {
        for &number in numbers {
            *self.in_flight.entry(number).or_default() += 1;
        }
    }

    /// Nothing of a refused submission is stored, unless another one has the same event.
    pub(crate) fn refused(&mut self, numbers: &[usize]) {
        for number in numbers {
            if let Some(count) = self.in_flight.get_mut(number) {
                *count -= 1;
            }
        }
    }

    pub(crate) fn is_safe(&mut self, id: EventId) {
        self.safe = self.safe.max(id);
        self.told = self.told.max(id);
    }

    /// An answer came. `durable`: the mark at that moment, where the answer promises that.
    pub(crate) fn answered(
        &mut self,
        numbers: &[usize],
        published: &[Published],
        durable: Option<EventId>,
    ) -> Result<(), String> {
        if numbers.len() != published.len() {
            return Err(format!("{} answers to {} events", published.len(), numbers.len()));
        }
        for (&number, &Published { id, duplicate }) in numbers.iter().zip(published) {
            if durable.is_some_and(|durable| id > durable) {
                return Err(format!("event {number} was answered as {id} before it was durable"));
            }
            let positioned = matches!(self.meant[number].name, Name::Source { .. });
            match self.stored.get(&id) {
                Some(&other) if other == number => {}
                Some(&other) if duplicate && positioned => self.has_reached(number, other)?,
                Some(other) => return Err(format!("event {number} was answered as {id}, which is {other}")),
                None if duplicate && positioned => {}
                None => self.store(id, number, duplicate)?,
            }
            self.told = self.told.max(id);
        }
        Ok(())
    }

    /// A repeat in a source is answered with an event of that source which is not before it.
    fn has_reached(&self, number: usize, other: usize) -> Result<(), String> {
        let (own, other) = (&self.meant[number], &self.meant[other]);
        let same = matches!((own.name, other.name),
            (Name::Source { source, .. }, Name::Source { source: theirs, .. }) if source == theirs);
        if same && own.position <= other.position {
            Ok(())
        } else {
            Err(format!("{own:?} was taken for a repeat of {other:?}"))
        }
    }

    fn store(&mut self, id: EventId, number: usize, duplicate: bool) -> Result<(), String> {
        if !duplicate && id <= self.told_before {
            return Err(format!("{id} is given a second time, to event {number}"));
        }
        if self.meant[number].name == Name::Key
            && let Some((other, _)) = self.kept().find(|&(_, &stored)| stored == number)
        {
            return Err(format!("event {number} is stored as {other} and was answered as {id}"));
        }
        self.stored.insert(id, number);
        Ok(())
    }

    fn kept(&self) -> impl Iterator<Item = (&EventId, &usize)> {
        self.stored.range(self.earliest..)
    }

    /// Retention may have removed what is below.
    pub(crate) fn retained(&mut self, earliest: EventId) {
        self.earliest = self.earliest.max(earliest);
    }

    /// Compares the log after a start, and learns what became of what was in flight.
    pub(crate) fn check(&mut self, reader: &Reader) -> Result<(), String> {
        let visible = reader.visible();
        self.earliest = self.earliest.max(reader.earliest());
        if visible < self.safe {
            return Err(format!("recovered to {visible}, but {} was promised", self.safe));
        }
        let found = self.find(reader, visible)?;
        for (&id, number) in self.kept() {
            match found.get(&id) {
                Some(other) if other == number => {}
                Some(other) => return Err(format!("{id} was event {number} and is event {other}")),
                None if id <= self.safe => {
                    return Err(format!("{id}, event {number}, was promised and is gone"));
                }
                None => {}
            }
        }
        let mut seen: BTreeMap<usize, EventId> = BTreeMap::new();
        for (&id, &number) in &found {
            let known = self.stored.get(&id) == Some(&number);
            if !known && !self.waits_for(number) {
                return Err(format!("{id} is event {number}, which nobody waits for"));
            }
            let once = self.meant[number].name != Name::None;
            if let Some(first) = seen.insert(number, id).filter(|_| once) {
                return Err(format!("event {number} is stored twice, as {first} and {id}"));
            }
        }
        self.stored.retain(|&id, _| id < self.earliest || found.contains_key(&id));
        self.stored.extend(found);
        self.in_flight.clear();
        self.is_safe(visible);
        self.told_before = self.told;
        self.check_index(reader)
    }

    fn waits_for(&self, number: usize) -> bool {
        self.in_flight.get(&number).is_some_and(|&count| count > 0)
    }

    fn find(&self, reader: &Reader, visible: EventId) -> Result<BTreeMap<EventId, usize>, String> {
        let mut found = BTreeMap::new();
        for segment in reader.view().segments() {
            let mut id = segment.base();
            while id <= segment.last(visible) {
                let number = number(segment.frame(id)).filter(|&number| number < self.meant.len());
                found.insert(id, number.ok_or_else(|| format!("the frame of {id} is none of ours"))?);
                id = id.next();
            }
        }
        Ok(found)
    }

    /// Parties are those that any earlier kept event of the payment stream named; positions grow.
    fn check_index(&self, reader: &Reader) -> Result<(), String> {
        let hasher = TopicHasher::new(reader.hash_key());
        let view = reader.view();
        let mut known = [(false, false); STREAMS as usize];
        let mut reached: BTreeMap<u8, u64> = BTreeMap::new();
        for (&id, &number) in self.kept() {
            let meant = &self.meant[number];
            let named = &mut known[usize::from(meant.stream)];
            *named = (named.0 | meant.sender, named.1 | meant.recipient);
            let Some(segment) = view.segment(id) else { continue };
            let stored = Stored::from_entry(id, segment.entry(id));
            let hash = |named: bool, user: String| named.then(|| hasher.user(&User::parse(&user).unwrap()).0);
            let parties = [stored.parties.sender, stored.parties.recipient];
            let own = [hash(named.0, sender(meant.stream)), hash(named.1, recipient(meant.stream))];
            for (found, own) in parties.into_iter().zip(own) {
                // Of the same batch a later event may have named them.
                if own.is_some_and(|own| own != found) {
                    return Err(format!("{id}, event {number}, is for {parties:?} instead of {own:?}"));
                }
            }
            if let Name::Source { source, .. } = meant.name
                && reached.insert(source, meant.position).is_some_and(|before| before >= meant.position)
            {
                return Err(format!(
                    "{id} is at position {} of a source, which it had passed",
                    meant.position
                ));
            }
        }
        Ok(())
    }

    /// What a probe of an event that is stored, safe and kept must be answered; `None`: nothing is known for
    /// certain.
    pub(crate) fn first_of(&self, number: usize) -> Option<EventId> {
        let mut kept = self.kept().filter(|&(&id, &stored)| stored == number && id <= self.safe);
        kept.next().map(|(&id, _)| id)
    }

    /// The sender of a payment stream is known from events that are kept.
    pub(crate) fn sender_is_known(&self, stream: u8) -> bool {
        let of = |number: &usize| self.meant[*number].stream == stream;
        let named = self.kept().any(|(&id, n)| id <= self.safe && of(n) && self.meant[*n].sender);
        named && !self.in_flight.keys().any(of)
    }

    /// What an answer says of a submission that was not stored.
    pub(crate) fn fate(&mut self, numbers: &[usize], error: &PublishError) -> Result<(), String> {
        match error {
            PublishError::Unavailable { .. } => self.refused(numbers),
            // It may be stored or not.
            PublishError::CommitUnknown => {}
            error => return Err(format!("events {numbers:?} were refused: {error}")),
        }
        Ok(())
    }
}
