//! Dedupe and parties against a model that searches plain lists. Setup: random submissions over few payment
//! streams, users and keys, with bounds small enough to be met all the time; after each, the answer and what
//! was stored must be the model's.

use proptest::prelude::*;

use crate::event::{EventId, EventType, NewEvent};
use crate::ingest::parties::Pair;
use crate::ingest::tests::support::{Bench, event, marks};

const STREAMS_MAX: usize = 4;
const KEYS_MAX: usize = 5;

#[derive(Debug, Clone)]
struct Spec {
    kind: EventType,
    stream: u8,
    sender: Option<u8>,
    recipient: Option<u8>,
    identity: Option<Identity>,
    variant: bool,
}

#[derive(Debug, Clone)]
enum Identity {
    Key(u8),
    Source(u8, u64),
}

impl Spec {
    fn event(&self) -> NewEvent {
        let mut event = event(self.kind, &self.stream.to_string());
        if self.variant {
            event = event.data(r#"{"variant":true}"#);
        }
        if let Some(sender) = self.sender {
            event = event.from(&format!("GS{sender}"));
        }
        if let Some(recipient) = self.recipient {
            event = event.to(&format!("GR{recipient}"));
        }
        match &self.identity {
            None => event,
            Some(Identity::Key(key)) => event.key(&format!("k{key}")),
            Some(Identity::Source(source, position)) => event.at(&format!("s{source}"), *position),
        }
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    let kind = prop::sample::select(EventType::ALL.to_vec());
    let user = || prop_oneof![3 => Just(Some(1u8)), 2 => Just(None), 1 => Just(Some(2u8))];
    let identity = prop_oneof![
        2 => Just(None),
        4 => (0..8u8).prop_map(|key| Some(Identity::Key(key))),
        1 => (0..2u8, 0..30u64).prop_map(|(source, position)| Some(Identity::Source(source, position))),
    ];
    (kind, 0..8u8, user(), user(), identity, prop::bool::weighted(0.2)).prop_map(
        |(kind, stream, sender, recipient, identity, variant)| {
            // A key comes with the same data as a rule, or nearly all submissions would be refused.
            let (kind, stream) = match identity {
                Some(Identity::Key(key)) => (EventType::ALL[usize::from(key)], key),
                _ => (kind, stream),
            };
            Spec { kind, stream, sender, recipient, identity, variant }
        },
    )
}

#[derive(Debug, Clone)]
enum Step {
    Submit(Vec<Spec>),
    /// Retention: the first this many events are gone.
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => prop::collection::vec(spec(), 1..5).prop_map(Step::Submit),
        1 => (0..40usize).prop_map(Step::Forget),
    ]
}

type Named = (Option<u8>, Option<u8>);

#[derive(Debug, Clone, Default)]
struct Model {
    /// Every event stored: its key with kind and data, and its id.
    keys: Vec<(u8, (EventType, u8, bool), u64)>,
    sources: Vec<(u8, u64, u64)>,
    /// In the order they became known: stream, parties, when it ended.
    parties: Vec<(u8, Named, Option<u64>)>,
    stored: Vec<Named>,
    earliest: u64,
}

impl Model {
    /// The answer, or `None` for a refusal, after which the model is to be dropped.
    fn submit(&mut self, specs: &[Spec]) -> Option<Vec<(u64, bool)>> {
        let mut next = self.stored.len() as u64 + 1;
        let mut published = Vec::new();
        let mut new = Vec::new();
        let oldest_key = self.keys.len().saturating_sub(KEYS_MAX);
        for spec in specs {
            let digest = (spec.kind, spec.stream, spec.variant);
            let repeat = match &spec.identity {
                None => None,
                Some(Identity::Key(key)) => {
                    let live = self.keys[oldest_key..].iter().rev();
                    let same = |seen: &&(u8, _, u64)| seen.0 == *key && seen.2 >= self.earliest;
                    let first = live.clone().find(same).copied();
                    if first.is_some_and(|first| !same_data(first.1, digest)) {
                        return None;
                    }
                    if first.is_none() {
                        self.keys.push((*key, digest, next));
                    }
                    first.map(|first| first.2)
                }
                Some(Identity::Source(source, position)) => {
                    let last = self.sources.iter().rev().find(|last| last.0 == *source);
                    let repeat = last.filter(|last| *position <= last.1).map(|last| last.2);
                    if repeat.is_none() {
                        self.sources.push((*source, *position, next));
                    }
                    repeat
                }
            };
            published.push((repeat.unwrap_or(next), repeat.is_some()));
            if repeat.is_none() {
                new.push((next, spec));
                next += 1;
            }
        }
        self.store(&new)?;
        Some(published)
    }

    fn store(&mut self, new: &[(u64, &Spec)]) -> Option<()> {
        let mut batch: Vec<(u8, Named)> = Vec::new();
        for is_created in [true, false] {
            for (_, spec) in new {
                if (spec.kind == EventType::Created) != is_created || spec.kind == EventType::FeeCollected {
                    continue;
                }
                let named = (spec.sender, spec.recipient);
                let known = self.known(&batch, spec.stream);
                let other = |known: Option<u8>, named: Option<u8>| {
                    known.is_some() && named.is_some() && known != named
                };
                if is_created && (other(known.0, named.0) || other(known.1, named.1)) {
                    return None;
                }
                batch.push((spec.stream, (known.0.or(named.0), known.1.or(named.1))));
            }
        }
        for (id, spec) in new {
            let fee = spec.kind == EventType::FeeCollected;
            let known = if fee { (None, None) } else { self.known(&batch, spec.stream) };
            self.stored.push(known);
            let ends = matches!(spec.kind, EventType::Completed | EventType::Cancelled).then_some(*id);
            self.learn(spec.stream, known, ends);
        }
        Some(())
    }

    fn known(&self, batch: &[(u8, Named)], stream: u8) -> Named {
        let in_batch = batch.iter().rev().find(|known| known.0 == stream).map(|known| known.1);
        let before = self.parties.iter().find(|known| known.0 == stream).map(|known| known.1);
        in_batch.or(before).unwrap_or((None, None))
    }

    fn learn(&mut self, stream: u8, named: Named, ends: Option<u64>) {
        if let Some(known) = self.parties.iter_mut().find(|known| known.0 == stream) {
            known.1 = (known.1.0.or(named.0), known.1.1.or(named.1));
            known.2 = known.2.or(ends);
        } else if named != (None, None) {
            if self.parties.len() == STREAMS_MAX {
                let ended = (0..STREAMS_MAX).filter(|&at| self.parties[at].2.is_some());
                let first = ended.min_by_key(|&at| self.parties[at].2).unwrap_or(0);
                self.parties.remove(first);
            }
            self.parties.push((stream, named, ends));
        }
    }
}

/// Data is the stream's, or the variant of all streams.
fn same_data(first: (EventType, u8, bool), second: (EventType, u8, bool)) -> bool {
    first.0 == second.0 && first.2 == second.2 && (first.2 || first.1 == second.1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_writer_decides_as_plain_lists_do(steps in prop::collection::vec(step(), 1..40)) {
        let mut bench = Bench::bounded(STREAMS_MAX, KEYS_MAX);
        let mut model = Model { earliest: 1, ..Model::default() };
        for step in steps {
            match step {
                Step::Forget(count) => {
                    model.earliest = model.earliest.max((count as u64).min(model.stored.len() as u64) + 1);
                    bench.earliest = EventId(model.earliest);
                }
                Step::Submit(specs) => {
                    let events: Vec<NewEvent> = specs.iter().map(Spec::event).collect();
                    let mut after = model.clone();
                    let expected = after.submit(&specs);
                    let answer = bench.submit(&events).ok().map(|promise| marks(&promise.published));
                    prop_assert_eq!(&answer, &expected, "{:?}", specs);
                    if expected.is_some() {
                        model = after;
                    }
                }
            }
            let pair = |named: &Named| {
                let name = |prefix, user: Option<u8>| user.map(|user| format!("{prefix}{user}"));
                bench.pair(name("GS", named.0).as_deref(), name("GR", named.1).as_deref())
            };
            let expected: Vec<Pair> = model.stored.iter().map(pair).collect();
            let stored: Vec<Pair> = bench.stored.iter().map(|stored| stored.parties).collect();
            prop_assert_eq!(stored, expected);
        }
    }
}
