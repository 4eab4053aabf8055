//! The payment streams, users, events and filters of a run, so that who an event is for can be predicted.
//!
//! Prediction follows the contract alone: an event is for its payment stream and for the sender and recipient
//! of the stream's `stream.created`; a collected fee reaches only those who take everything.

use std::fmt::Write as _;

use super::random::Random;

/// An event type of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Created,
    ToppedUp,
    Withdrawn,
    Paused,
    Resumed,
    Cancelled,
    FeeCollected,
}

impl Kind {
    /// What an open payment stream may be given again and again.
    pub(super) const RECURRING: [Self; 5] =
        [Self::ToppedUp, Self::Withdrawn, Self::Paused, Self::Resumed, Self::FeeCollected];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "stream.created",
            Self::ToppedUp => "stream.topped_up",
            Self::Withdrawn => "stream.withdrawn",
            Self::Paused => "stream.paused",
            Self::Resumed => "stream.resumed",
            Self::Cancelled => "stream.cancelled",
            Self::FeeCollected => "stream.fee_collected",
        }
    }
}

/// A payment stream of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PaymentStream {
    pub(super) id: u64,
    pub(super) sender: u32,
    pub(super) recipient: u32,
}

/// How many users there are; few, so that their filters overlap.
pub(super) const USERS: u32 = 12;
/// Payment streams of each publisher that filters name; they stay open for the whole run.
pub(super) const LASTING_STREAMS: u64 = 6;

/// A user's address.
pub(super) fn user(index: u32) -> String {
    format!("GCHAOS{index:04}")
}

impl PaymentStream {
    /// The `number`th payment stream of a publisher. Its parties follow from its id.
    pub(super) fn of(publisher: u32, number: u64) -> Self {
        let id = u64::from(publisher + 1) * 1_000_000 + number;
        let mut choice = Random::new(id);
        let sender = u32::try_from(choice.below(u64::from(USERS))).unwrap_or_default();
        let step = u32::try_from(choice.range(1, u64::from(USERS))).unwrap_or(1);
        Self { id, sender, recipient: (sender + step) % USERS }
    }
}

/// One event as its publisher knows it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Its number within the run; part of the data, so that a delivery names it.
    pub(super) tag: u32,
    pub(super) kind: Kind,
    pub(super) stream: PaymentStream,
    /// The request that carried it; the events of one request are stored together or not at all.
    pub(super) request: u32,
    /// The data but for its padding and its end.
    begun: String,
    /// Bytes of a last member, which is not kept: a run would not fit into memory.
    padding: usize,
}

const TAG_FIELD: &str = "\"transactionHash\":\"chaos-";

impl Event {
    pub(super) fn new(tag: u32, request: u32, kind: Kind, stream: PaymentStream, padding: usize) -> Self {
        let mut data = format!("{{\"streamId\":{}", stream.id);
        let _infallible = match kind {
            Kind::Created => write!(
                data,
                ",\"sender\":\"{}\",\"recipient\":\"{}\",\"tokenAddress\":\"CUSDC\",\
                 \"ratePerSecond\":\"{tag}\",\
                 \"depositedAmount\":\"86400000000\",\"startTime\":1708560000",
                user(stream.sender),
                user(stream.recipient)
            ),
            Kind::ToppedUp | Kind::Withdrawn => write!(data, ",\"amount\":\"{tag}000\""),
            Kind::FeeCollected => write!(data, ",\"feeAmount\":\"{tag}\""),
            Kind::Paused | Kind::Resumed | Kind::Cancelled => Ok(()),
        };
        let _infallible = write!(data, ",{TAG_FIELD}{tag}\"");
        Self { tag, kind, stream, request, begun: data, padding }
    }

    /// The data as the contract says it comes back: one line, fields in the order they were sent.
    pub(super) fn data(&self) -> String {
        let letters = ["a", "b", "c", "d", "e", "f", "g"];
        let letter = letters[self.tag as usize % letters.len()];
        match self.padding {
            0 => format!("{}}}", self.begun),
            padding => format!("{},\"memo\":\"{}\"}}", self.begun, letter.repeat(padding)),
        }
    }

    /// The tag that an event's data names.
    pub(super) fn tag_in(data: &str) -> Option<u32> {
        let (_, rest) = data.split_once(TAG_FIELD)?;
        let (digits, _) = rest.split_once('"')?;
        digits.parse().ok()
    }

    /// The key by which a repeated request is known.
    pub(super) fn key(&self) -> String {
        format!("chaos-key-{}", self.tag)
    }
}

/// What a subscriber asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    pub(super) all: bool,
    pub(super) streams: Vec<u64>,
    pub(super) users: Vec<u32>,
    pub(super) kinds: Vec<Kind>,
}

impl Filter {
    /// Whether the contract sends this event to a subscriber with this filter.
    pub(super) fn wants(&self, event: &Event) -> bool {
        if !self.kinds.is_empty() && !self.kinds.contains(&event.kind) {
            return false;
        }
        if self.all || event.kind == Kind::FeeCollected {
            return self.all;
        }
        let PaymentStream { id, sender, recipient } = event.stream;
        self.streams.contains(&id) || self.users.contains(&sender) || self.users.contains(&recipient)
    }

    /// The filter as a query.
    pub(super) fn query(&self) -> String {
        let list = |texts: Vec<String>| texts.join(",");
        let mut pairs = Vec::new();
        if self.all {
            pairs.push("all=true".to_owned());
        }
        if !self.streams.is_empty() {
            pairs.push(format!("streams={}", list(self.streams.iter().map(u64::to_string).collect())));
        }
        // Users are repeated rather than listed: both spellings are of the contract.
        pairs.extend(self.users.iter().map(|index| format!("users={}", user(*index))));
        if !self.kinds.is_empty() {
            pairs.push(format!(
                "types={}",
                list(self.kinds.iter().map(|kind| kind.name().to_owned()).collect())
            ));
        }
        pairs.join("&")
    }

    /// The filter of the `index`th subscriber: each shape comes round, the names are chosen by `random`.
    /// Every filter wants some event that `world::Kind::RECURRING` makes on the lasting streams.
    pub(super) fn choose(index: u32, publishers: u32, random: &mut Random) -> Self {
        let stream = |random: &mut Random| {
            let publisher = u32::try_from(random.below(u64::from(publishers))).unwrap_or_default();
            PaymentStream::of(publisher, random.below(LASTING_STREAMS))
        };
        let (one, other) = (stream(random), stream(random));
        let mut filter = Self::default();
        match index % 8 {
            0 => filter.all = true,
            1 => filter.streams = vec![one.id, other.id],
            2 => filter.users = vec![one.sender],
            3 => filter.users = vec![one.recipient],
            4 => (filter.all, filter.kinds) = (true, vec![Kind::Created, Kind::Withdrawn]),
            // All terms of this union meet in every event of `one`, which must arrive once nevertheless.
            5 => (filter.streams, filter.users) = (vec![one.id], vec![one.sender, one.recipient]),
            6 => {
                (filter.users, filter.kinds) =
                    (vec![one.sender, other.sender], vec![Kind::ToppedUp, Kind::Paused]);
            }
            _ => (filter.all, filter.streams, filter.users) = (true, vec![one.id], vec![other.recipient]),
        }
        filter
    }
}
