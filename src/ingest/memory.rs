//! What the writer thread knows of the past: parties, idempotency keys, sources.
//!
//! It is a fold over the stored events in the order of their ids, and nothing else: at start over the log's
//! entries (after those that a snapshot stands for), then over each event as it is stored. It never sees JSON or
//! a name.

use crate::event::{EventId, EventType};
use crate::ingest::dedupe::{Keys, Reached, Seen, Sources};
use crate::ingest::parties::{Pair, Parties};
use crate::limits;
use crate::log::{Entry, Flags, Segment, View};

/// What the log's index holds of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: EventId,
    pub(crate) kind: u8,
    /// `key` is a source's hash and `aux` the position in it; else `aux` is the digest that goes with `key`.
    pub(crate) positioned: bool,
    pub(crate) stream: u64,
    pub(crate) parties: Pair,
    pub(crate) key: u64,
    pub(crate) aux: u64,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) payment_streams: usize,
    pub(crate) keys: usize,
    pub(crate) sources: usize,
}

impl Bounds {
    /// Those of the program. `payment_streams`: how many payment streams' parties the operator has remembered.
    pub(crate) fn of(payment_streams: usize) -> Self {
        Self { payment_streams, keys: limits::KEYS_MAX, sources: limits::SOURCES_MAX }
    }
}

/// The tables, each bounded.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) parties: Parties,
    pub(crate) keys: Keys,
    pub(crate) sources: Sources,
}

impl Memory {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            parties: Parties::new(bounds.payment_streams),
            keys: Keys::new(bounds.keys),
            sources: Sources::new(bounds.sources),
        }
    }

    /// Learns from an event that is stored, in the order of ids.
    pub(crate) fn observe(&mut self, stored: Stored) {
        observe_parties(&mut self.parties, &stored);
        observe_identity(&mut self.keys, &mut self.sources, &stored);
    }

    /// Learns from the kept events after `after` up to `through`, which is not past the commit point; how many those
    /// are. For parties it has a second thread meanwhile.
    pub(crate) fn fold(&mut self, view: &View, after: EventId, through: EventId) -> u64 {
        let stretches = stretches(view, after, through);
        let Self { parties, keys, sources } = self;
        std::thread::scope(|scope| {
            scope.spawn(|| for_each(&stretches, |stored| observe_parties(parties, stored)));
            for_each(&stretches, |stored| observe_identity(keys, sources, stored));
        });
        stretches.iter().map(|stretch| stretch.last.0 - stretch.first.0 + 1).sum()
    }
}

/// Events of one segment.
struct Stretch<'a> {
    segment: &'a Segment,
    first: EventId,
    last: EventId,
    /// The segment's index is what was sealed.
    whole: bool,
}

fn stretches(view: &View, after: EventId, through: EventId) -> Vec<Stretch<'_>> {
    let of_segment = |segment| {
        let segment: &Segment = segment;
        let (first, last) = (segment.base().max(after.next()), segment.last(through));
        (first <= last).then(|| Stretch { segment, first, last, whole: segment.is_index_whole() })
    };
    let stretches: Vec<_> = view.segments().iter().map(AsRef::as_ref).filter_map(of_segment).collect();
    for stretch in stretches.iter().filter(|stretch| !stretch.whole) {
        let ids = stretch.first.0..=stretch.last.0;
        let rotten = ids.filter(|&id| stretch.segment.checked_entry(EventId(id)).is_none()).count();
        tracing::error!(
            first = stretch.segment.base().0,
            rotten,
            "the index of a segment is not what was written: its idempotency keys and parties that cannot \
             be read are forgotten; restore the segment from a backup"
        );
    }
    stretches
}

fn for_each(stretches: &[Stretch<'_>], mut learn: impl FnMut(&Stored)) {
    for &Stretch { segment, first, last, whole } in stretches {
        for (id, entry) in (first.0..).map(EventId).zip(segment.entries(first, last)) {
            if whole || segment.checked_entry(id).is_some() {
                learn(&Stored::from_entry(id, entry));
            }
        }
    }
}

fn observe_parties(parties: &mut Parties, stored: &Stored) {
    if stored.stream != 0 {
        let ends = [EventType::Completed.code(), EventType::Cancelled.code()].contains(&stored.kind);
        parties.observe(stored.stream, stored.parties, ends);
    }
}

fn observe_identity(keys: &mut Keys, sources: &mut Sources, stored: &Stored) {
    if stored.key == 0 {
    } else if stored.positioned {
        sources.observe(stored.key, Reached { position: stored.aux, id: stored.id });
    } else {
        keys.observe(stored.key, Seen { id: stored.id, digest: stored.aux });
    }
}

impl Stored {
    pub(crate) fn from_entry(id: EventId, entry: &Entry) -> Self {
        Self {
            id,
            kind: entry.kind(),
            positioned: entry.flags() & Flags::POSITIONED != 0,
            stream: entry.stream(),
            parties: Pair { sender: entry.sender(), recipient: entry.recipient() },
            key: entry.key(),
            aux: entry.aux(),
        }
    }
}
