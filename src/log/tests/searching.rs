//! What the tests of searches share: events under given topics, and the search that looks at every entry.

use crate::event::EventId;
use crate::log::tests::support::{Log, NOW_MS};
use crate::log::{Entry, Found, Record, Run, View};

/// Payment stream, sender and recipient of one event; 0: none.
pub(in crate::log) type Topics = [u64; 3];

/// Spreads small numbers as hashes are.
pub(in crate::log) fn hash(topic: u64) -> u64 {
    if topic == 0 { 0 } else { topic.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (topic << 7) }
}

/// Appends one event for each of `topics`, in batches, and makes them durable.
pub(in crate::log) fn append(log: &mut Log, topics: &[Topics]) {
    for batch in topics.chunks(256) {
        log.writer.begin(batch.len(), 9 * batch.len(), NOW_MS).unwrap();
        for (at, [stream, sender, recipient]) in batch.iter().enumerate() {
            let record = Record {
                stream: hash(*stream),
                sender: hash(*sender),
                recipient: hash(*recipient),
                key: 0,
                aux: 0,
                flags: 0,
                kind: (at % 5) as u8,
                payload_offset: 7,
                frame: b"a short 1",
            };
            log.writer.push(log.writer.next_id(), record);
        }
        log.writer.flush().unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
}

/// Makes all postings that are due.
pub(in crate::log) fn index(log: &mut Log) {
    while log.indexer.turn().unwrap().more {}
}

/// Looks at every entry.
pub(in crate::log) fn scan(
    view: &View,
    topics: &[u64],
    matches: &dyn Fn(&Entry) -> bool,
    first: EventId,
    last: EventId,
    max: usize,
) -> Found {
    let mut found = Found { ids: Vec::new(), through: first.previous() };
    while found.through < last && found.ids.len() < max {
        let id = found.through.next();
        let Some(segment) = view.segment(id).filter(|segment| segment.last(last) >= id) else { break };
        if segment.index_run(id, id) != Run::Whole(id) {
            break;
        }
        found.through = id;
        let entry = segment.entry(id);
        let named = [entry.stream(), entry.sender(), entry.recipient()];
        let stands = topics.is_empty() || named.iter().any(|hash| topics.binary_search(hash).is_ok());
        if stands && matches(entry) {
            found.ids.push(id);
        }
    }
    found
}

/// A search must say what the look at every entry says.
pub(in crate::log) fn check(log: &Log, topics: &[u64], first: EventId, last: EventId, max: usize) {
    let view = log.reader.view();
    let mut topics: Vec<u64> = topics.iter().map(|&topic| hash(topic)).collect();
    topics.sort_unstable();
    for kinds in [0..5, 1..2] {
        let matches = |entry: &Entry| kinds.contains(&entry.kind());
        let found = view.find(&topics, &matches, first, last, max, usize::MAX);
        let expected = scan(&view, &topics, &matches, first, last, max);
        assert_eq!(found, expected, "{topics:?} in {first}..={last}, at most {max}, of types {kinds:?}");
    }
}

/// The first ids of the segments.
pub(in crate::log) fn bases(log: &Log) -> Vec<EventId> {
    log.reader.view().segments().iter().map(|segment| segment.base()).collect()
}

/// How many of the sealed segments have their sidecar open.
pub(in crate::log) fn sidecars(log: &Log) -> usize {
    let is_file = |segment: &std::sync::Arc<crate::log::Segment>| {
        segment.postings().first().is_some_and(|part| part.is_file())
    };
    log.reader.view().segments().iter().filter(|segment| is_file(segment)).count()
}
