//! What one subscriber was sent, checked frame by frame: order, repeats, holes, events it did not ask for,
//! and bytes that differ from what others got. What is missing shows only at the end, when it is known what
//! was owed.

use serde_json::{Value, json};

use crate::client::Frame;
use crate::load::event::{Filter, Run, Stamp};
use crate::load::gather::Expected;
use crate::load::ledger::{Agreement, Ledger};
use crate::load::seq_set::SeqSet;

/// Counts over all subscribers of a herd. All but the first five are faults.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Events of the run, each counted once for each subscriber.
    pub(crate) delivered: u64,
    /// Events that others published.
    pub(crate) others: u64,
    pub(crate) heartbeats: u64,
    pub(crate) positions: u64,
    pub(crate) bytes: u64,
    /// Events a subscriber got again.
    pub(crate) duplicated: u64,
    /// Events with an id that is not above the one before.
    pub(crate) misordered: u64,
    /// Ids that an unfiltered subscriber was never shown.
    pub(crate) id_holes: u64,
    /// Events of a topic that the subscriber did not ask for.
    pub(crate) foreign: u64,
    /// Events with another id or other bytes than another subscriber got.
    pub(crate) changed: u64,
    pub(crate) gaps: u64,
    /// Streams that the server ended or refused, or that broke.
    pub(crate) lost: u64,
}

impl Tally {
    pub(crate) fn has_faults(&self) -> bool {
        let faults = [
            self.duplicated,
            self.misordered,
            self.id_holes,
            self.foreign,
            self.changed,
            self.gaps,
            self.lost,
        ];
        faults.iter().any(|count| *count != 0)
    }

    /// Adds the counts of other subscribers.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.delivered += other.delivered;
        self.others += other.others;
        self.heartbeats += other.heartbeats;
        self.positions += other.positions;
        self.bytes += other.bytes;
        self.duplicated += other.duplicated;
        self.misordered += other.misordered;
        self.id_holes += other.id_holes;
        self.foreign += other.foreign;
        self.changed += other.changed;
        self.gaps += other.gaps;
        self.lost += other.lost;
    }

    /// What `json` gave.
    pub(crate) fn read(json: &Value) -> Option<Tally> {
        let count = |name: &str| json.get(name)?.as_u64();
        Some(Tally {
            delivered: count("delivered")?,
            others: count("others")?,
            heartbeats: count("heartbeats")?,
            positions: count("positions")?,
            bytes: count("bytes")?,
            duplicated: count("duplicated")?,
            misordered: count("misordered")?,
            id_holes: count("idHoles")?,
            foreign: count("foreign")?,
            changed: count("changed")?,
            gaps: count("gaps")?,
            lost: count("lost")?,
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "delivered": self.delivered,
            "others": self.others,
            "heartbeats": self.heartbeats,
            "positions": self.positions,
            "bytes": self.bytes,
            "duplicated": self.duplicated,
            "misordered": self.misordered,
            "idHoles": self.id_holes,
            "foreign": self.foreign,
            "changed": self.changed,
            "gaps": self.gaps,
            "lost": self.lost,
        })
    }
}

/// One subscriber's standing.
#[derive(Debug)]
pub(crate) struct Account {
    filter: Filter,
    /// The topics a filtered subscriber follows, ascending and without repeats.
    topics: Box<[u64]>,
    /// The last id that was seen, from the greeting on; `None` before it.
    last_id: Option<u64>,
    received: SeqSet,
}

impl Account {
    pub(crate) fn new(filter: Filter, topic: u64) -> Account {
        Account::following(filter, vec![topic])
    }

    /// A subscriber of several topics. Without a filter they mean nothing.
    pub(crate) fn following(filter: Filter, mut topics: Vec<u64>) -> Account {
        topics.sort_unstable();
        topics.dedup();
        Account { filter, topics: topics.into(), last_id: None, received: SeqSet::default() }
    }

    /// Enters one frame. Returns the stamp of an event that belongs to this run and came for the first time.
    pub(crate) fn enter(
        &mut self,
        frame: &Frame<'_>,
        run: &Run,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Option<Stamp> {
        match *frame {
            Frame::Greeting { last_event_id, .. } => self.last_id = Some(last_event_id),
            Frame::Event { data, id, .. } => return self.enter_event(data, id, run, ledger, tally),
            Frame::Gap { id, .. } => {
                tally.gaps += 1;
                self.last_id = Some(id);
            }
            Frame::Position { id } => {
                tally.positions += 1;
                self.advance(id, tally);
            }
            // The stream's end follows and is counted as lost there.
            Frame::Reconnect { .. } => {}
            Frame::Heartbeat => tally.heartbeats += 1,
        }
        None
    }

    /// The id that an unfiltered subscriber must be sent next.
    pub(crate) fn next_id(&self) -> Option<u64> {
        self.last_id.filter(|_| self.filter == Filter::All).map(|last| last + 1)
    }

    /// Enters the event of `next_id`, whose bytes are those that another subscriber got. False if it had come
    /// before under another id.
    pub(crate) fn enter_next(&mut self, id: u64, stamp: &Stamp, tally: &mut Tally) -> bool {
        self.last_id = Some(id);
        let fresh = self.received.insert(stamp.seq);
        *(if fresh { &mut tally.delivered } else { &mut tally.duplicated }) += 1;
        fresh
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.last_id.is_some()
    }

    /// The id to resume after; `None` before the greeting.
    pub(crate) fn last_id(&self) -> Option<u64> {
        self.last_id
    }

    /// How many of the expected events are for this subscriber.
    pub(crate) fn share_of(&self, expected: &Expected) -> u64 {
        match self.filter {
            Filter::All => expected.all(),
            Filter::Streams | Filter::Users => {
                self.topics.iter().map(|topic| expected.of_topic(*topic)).sum()
            }
        }
    }

    /// Events of the run that have come, each counted once.
    pub(crate) fn received(&self) -> u64 {
        self.received.len()
    }

    fn enter_event(
        &mut self,
        data: &str,
        id: u64,
        run: &Run,
        ledger: &mut Ledger,
        tally: &mut Tally,
    ) -> Option<Stamp> {
        let dense = self.filter == Filter::All;
        let stamp = Stamp::read(data.as_bytes()).filter(|stamp| stamp.run == run.id);
        let id = match stamp {
            Some(stamp) if !run.dialect.has_dense_ids() => ledger.place(stamp.seq),
            _ => id,
        };
        if let Some(last) = self.last_id.filter(|last| dense && id > last + 1) {
            tally.id_holes += id - last - 1;
        }
        let ascends = self.advance(id, tally);
        let Some(stamp) = stamp else {
            // Payment streams and users are named after the run, so a filter lets nobody else's through.
            let count = if dense { &mut tally.others } else { &mut tally.foreign };
            *count += 1;
            return None;
        };
        if ledger.check(stamp.seq, id, data.as_bytes()) != Agreement::Same {
            tally.changed += 1;
        }
        let Some(place) = self.place(stamp.seq, run) else {
            tally.foreign += 1;
            return None;
        };
        if !self.received.insert(place) {
            // A repeat goes back in the order too; it is one fault, not two.
            tally.duplicated += 1;
            tally.misordered -= u64::from(!ascends);
            return None;
        }
        tally.delivered += 1;
        Some(stamp)
    }

    /// Which of this subscriber's events this is; `None` for one it did not ask for.
    fn place(&self, seq: u64, run: &Run) -> Option<u64> {
        if self.filter == Filter::All {
            return Some(seq);
        }
        let within = self.topics.binary_search(&(seq % run.topics)).ok()?;
        Some(seq / run.topics * self.topics.len() as u64 + within as u64)
    }

    /// Moves to `id`; false, and counted, if that is not forward.
    fn advance(&mut self, id: u64, tally: &mut Tally) -> bool {
        let ascends = self.last_id.is_none_or(|last| id > last);
        if ascends {
            self.last_id = Some(id);
        } else {
            tally.misordered += 1;
        }
        ascends
    }
}
