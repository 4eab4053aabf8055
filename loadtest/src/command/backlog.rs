//! What a storm's subscribers are owed when it breaks: how many events the log must hold, which payment
//! streams each follows, and after which id each starts. Arithmetic alone.

use crate::load::{Expected, Filter, Joining};

/// Bytes of one event on the wire, as this tool writes them.
pub(crate) const FRAME_BYTES: u64 = 330;

/// Whose bytes `--behind` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BehindOf {
    /// Bytes that the subscriber itself must be sent.
    Own,
    /// Bytes of the log after its position, whoever they are for.
    Log,
}

/// Who follows what, and how much of it lies in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backlog {
    /// Subscribers of their own payment streams.
    pub(crate) own: u64,
    /// Subscribers of everything.
    pub(crate) all: u64,
    /// Payment streams of each of the former.
    pub(crate) streams_each: u64,
    /// Payment streams that the events go round.
    pub(crate) topics: u64,
    /// Events that a subscriber is behind.
    pub(crate) behind: u64,
    pub(crate) of: BehindOf,
}

impl Backlog {
    /// Events that the log must hold.
    pub(crate) fn events(&self) -> u64 {
        match self.of {
            BehindOf::Own => self.behind.div_ceil(self.streams_each) * self.topics,
            BehindOf::Log => self.behind,
        }
    }

    /// The payment streams of subscriber `number` of its own: nobody else's where there are enough, and
    /// otherwise a set that few others have, with streams that many others have too.
    pub(crate) fn streams_of(&self, number: u64) -> Vec<u64> {
        let each = self.streams_each;
        let (first, stride) = match self.topics >= self.own * each {
            true => (number * each, 1),
            false => (number % self.topics, number / self.topics + 1),
        };
        let mut streams: Vec<u64> = (0..each).map(|nth| (first + nth * stride) % self.topics).collect();
        streams.sort_unstable();
        streams.dedup();
        // Strides that come round to where they were are mended by the next free streams.
        let mut next = first;
        while (streams.len() as u64) < each.min(self.topics) {
            next = (next + 1) % self.topics;
            if let Err(at) = streams.binary_search(&next) {
                streams.insert(at, next);
            }
        }
        streams
    }

    /// All subscribers, those of everything spread evenly among the others. `expected` and `acks` are of the
    /// log's events.
    pub(crate) fn joinings(&self, expected: &Expected, acks: &[(u64, u64)]) -> Vec<Joining> {
        let mut ids: Vec<u64> = acks.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        let logged = ids.len() as u64;
        let behind = self.behind.min(logged);
        let before = |at: u64| {
            let first = usize::try_from(at).ok().and_then(|at| ids.get(at));
            first.map(|id| id.saturating_sub(1))
        };
        let all = Joining {
            filter: Filter::All,
            topics: Vec::new(),
            start_after: before(logged - behind),
            excused: logged - behind,
            behind,
        };
        let total = self.own + self.all;
        let mut joinings = Vec::new();
        for number in 0..total {
            let alls = number * self.all / total;
            if (number + 1) * self.all / total > alls {
                joinings.push(all.clone());
                continue;
            }
            let topics = self.streams_of(number - alls);
            let behind = topics.iter().map(|topic| expected.of_topic(*topic)).sum();
            let start_after = before(0);
            joinings.push(Joining { filter: Filter::Streams, topics, start_after, excused: 0, behind });
        }
        joinings
    }
}
