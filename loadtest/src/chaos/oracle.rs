//! The judge: from what was published, acknowledged and delivered to what the server did wrong. It does no
//! input or output and knows no time, so that planted faults prove it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ledger::{Ack, Record};
use super::violation::Violation;
use super::world::Event;

/// Violations of one kind that are looked for; the first ones are what helps.
const EACH_KIND_MAX: usize = 200;

/// Who says that an id belongs to an event.
#[derive(Debug, Clone, Copy)]
enum Witness {
    Publisher(u32),
    Subscriber(usize),
}

/// One run's evidence.
pub(super) struct Evidence<'a> {
    /// Every event that was sent, by its tag.
    pub(super) events: &'a [Arc<Event>],
    pub(super) acks: &'a [Ack],
    pub(super) records: &'a [Record],
    /// Whether everybody had the time to get everything; a run that was cut short cannot tell what is
    /// missing.
    pub(super) complete: bool,
}

/// Which event each id names, as far as anyone knows, and the other way round.
#[derive(Default)]
struct Names {
    by_id: BTreeMap<u64, (u32, Witness)>,
    by_tag: HashMap<u32, (u64, Witness)>,
    violations: Vec<Violation>,
}

/// Judges a whole run. A subscriber's record must begin at the first event of the log.
pub(super) fn judge(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut names = Names::default();
    for ack in evidence.acks {
        names.note(evidence, ack.id, ack.tag, Witness::Publisher(ack.publisher));
    }
    for (index, record) in evidence.records.iter().enumerate() {
        for delivery in &record.deliveries {
            names.note(evidence, delivery.id, delivery.tag, Witness::Subscriber(index));
        }
    }
    let mut violations = std::mem::take(&mut names.violations);
    if evidence.complete {
        violations.extend(holes(&names));
        violations.extend(torn_batches(evidence, &names));
    }
    let acked: Vec<bool> = acked_tags(evidence);
    for record in evidence.records {
        violations.extend(order_and_audience(evidence, record));
        if evidence.complete {
            violations.extend(missing(evidence, &names, &acked, record));
        }
    }
    violations
}

impl Names {
    fn note(&mut self, evidence: &Evidence<'_>, id: u64, tag: u32, witness: Witness) {
        let (one, one_by) = *self.by_id.entry(id).or_insert((tag, witness));
        let (known, known_by) = *self.by_tag.entry(tag).or_insert((id, witness));
        if self.violations.len() >= EACH_KIND_MAX {
            return;
        }
        let (by, other_by) = (|witness| name(evidence, witness), name(evidence, witness));
        if one != tag {
            let violation = Violation::TwoEvents { id, one, one_by: by(one_by), other: tag, other_by };
            self.violations.push(violation);
        } else if known != id {
            let violation = Violation::TwoIds { tag, one: known, one_by: by(known_by), other: id, other_by };
            self.violations.push(violation);
        }
    }
}

fn name(evidence: &Evidence<'_>, witness: Witness) -> String {
    match witness {
        Witness::Publisher(number) => format!("acknowledged to publisher {number}"),
        Witness::Subscriber(index) => {
            let record = evidence.records.get(index);
            format!("delivered to {}", record.map_or("nobody", |record| &record.name))
        }
    }
}

/// Ids are 1, 2, 3 …, and every stored event is seen by somebody who takes everything.
fn holes(names: &Names) -> Vec<Violation> {
    let Some((&last, _)) = names.by_id.last_key_value() else { return Vec::new() };
    let mut expected = 1;
    let mut violations = Vec::new();
    for &id in names.by_id.keys() {
        while expected < id && violations.len() < EACH_KIND_MAX {
            violations.push(Violation::Hole { id: expected, last });
            expected += 1;
        }
        expected = id + 1;
    }
    violations
}

/// The events of one request are stored together or not at all.
fn torn_batches(evidence: &Evidence<'_>, names: &Names) -> Vec<Violation> {
    let mut requests: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for event in evidence.events {
        requests.entry(event.request).or_default().push(event.tag);
    }
    let torn = requests.into_iter().filter_map(|(request, tags)| {
        let stored = tags.iter().filter(|tag| names.by_tag.contains_key(tag)).count();
        let absent = tags.iter().find(|tag| !names.by_tag.contains_key(tag)).copied()?;
        (stored > 0).then_some(Violation::TornBatch { request, stored, sent: tags.len(), tag: absent })
    });
    torn.take(EACH_KIND_MAX).collect()
}

fn acked_tags(evidence: &Evidence<'_>) -> Vec<bool> {
    let mut acked = vec![false; evidence.events.len()];
    for ack in evidence.acks {
        if let Some(known) = acked.get_mut(ack.tag as usize) {
            *known = true;
        }
    }
    acked
}

/// No event twice, none out of order, none that the filter does not want.
fn order_and_audience(evidence: &Evidence<'_>, record: &Record) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen: HashMap<u64, u32> = HashMap::with_capacity(record.deliveries.len());
    let mut highest = 0;
    for delivery in &record.deliveries {
        let (id, connection, tag) = (delivery.id, delivery.connection, delivery.tag);
        let subscriber = || record.name.clone();
        if let Some(&first) = seen.get(&id) {
            violations.push(Violation::Repeated { subscriber: subscriber(), id, first, again: connection });
        } else if id < highest {
            violations.push(Violation::Misordered {
                subscriber: subscriber(),
                id,
                after: highest,
                connection,
            });
        }
        seen.entry(id).or_insert(connection);
        highest = highest.max(id);
        let event = evidence.events.get(tag as usize).filter(|event| !record.filter.wants(event));
        if let Some(event) = event {
            let (kind, stream) = (event.kind.name(), event.stream.id);
            violations.push(Violation::NotFor { subscriber: subscriber(), id, tag, kind, stream });
        }
        if violations.len() >= EACH_KIND_MAX {
            break;
        }
    }
    violations
}

/// Whatever is stored reaches everybody it is for, acknowledged or not.
fn missing(evidence: &Evidence<'_>, names: &Names, acked: &[bool], record: &Record) -> Vec<Violation> {
    let got: std::collections::HashSet<u32> = record.deliveries.iter().map(|delivery| delivery.tag).collect();
    let stored = names.by_tag.iter().map(|(tag, (id, _))| (*id, *tag));
    let mut absent: Vec<(u64, u32)> = stored
        .filter(|(_, tag)| !got.contains(tag))
        .filter(|(_, tag)| evidence.events.get(*tag as usize).is_some_and(|event| record.filter.wants(event)))
        .collect();
    absent.sort_unstable();
    absent.truncate(EACH_KIND_MAX);
    let violation = |(id, tag): (u64, u32)| {
        let acked = acked.get(tag as usize).copied().unwrap_or(false);
        Violation::Missing { subscriber: record.name.clone(), id, tag, acked }
    };
    absent.into_iter().map(violation).collect()
}
