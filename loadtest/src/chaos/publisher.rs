//! A publisher that repeats a request under the same key until it is answered, as a careful backend does. Now
//! and then it gives up after a lost answer, so that some events are neither acknowledged nor surely absent.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::http::{self, Answer};
use super::ledger::{Ack, Ledger};
use super::random::Random;
use super::trap::Trap;
use super::violation::Violation;
use super::world::{Event, Kind, LASTING_STREAMS, PaymentStream};

/// How long one answer may take before the connection counts as lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Most events of one request.
const BATCH_MAX: u64 = 24;
/// Share of lost answers after which a request is not repeated.
const GIVE_UP_PERCENT: u64 = 30;

/// Most bytes by which an event is made longer when much is to be sent; a batch of these stays below the limit of a
/// body.
const PADDING_MAX: u64 = 28 * 1024;

/// Where publishers act and what they are told.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) address: SocketAddr,
    pub(super) ledger: &'a Ledger,
    /// Set when the run is cut short: nothing is repeated any more.
    pub(super) abort: &'a AtomicBool,
    /// Set while as much as possible is to be sent.
    pub(super) heavy: &'a AtomicBool,
    pub(super) trap: &'a Trap,
}

pub(super) struct Publisher<'a> {
    number: u32,
    scene: Scene<'a>,
    random: Random,
    connection: Option<TcpStream>,
    /// Payment streams whose `stream.created` was acknowledged and that were not cancelled; the lasting ones
    /// first.
    open: Vec<PaymentStream>,
    created: u64,
}

/// How a request carries its events and their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    SingleWithHeader,
    SingleWithField,
    Array,
    Lines,
}

/// What became of a request.
enum Outcome {
    Acked,
    GivenUp,
    Refused,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(number: u32, scene: Scene<'a>, random: Random) -> Self {
        Self { number, scene, random, connection: None, open: Vec::new(), created: 0 }
    }

    /// Publishes until told to stop; then every request is answered or given up, and the curtain falls.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) && !self.scene.abort.load(Ordering::Acquire) {
            let drafts = self.drafts();
            if matches!(self.request(&drafts, true), Outcome::Refused) {
                break;
            }
            std::thread::sleep(Duration::from_micros(self.random.range(500, 6000)));
        }
        self.curtain();
    }

    /// One last event of each recurring type on each lasting payment stream, acknowledged. Every filter of a
    /// run wants one of them, so whoever got its own has got all that came before.
    fn curtain(&mut self) {
        let lasting: Vec<_> = self.open.iter().take(lasting_streams()).copied().collect();
        for stream in lasting {
            let drafts: Vec<_> = Kind::RECURRING.into_iter().map(|kind| (kind, stream)).collect();
            self.request(&drafts, false);
        }
    }

    fn drafts(&mut self) -> Vec<(Kind, PaymentStream)> {
        if self.created < LASTING_STREAMS || self.random.chance(5) {
            return self.new_stream();
        }
        let temporary = self.open.len() > lasting_streams() && self.random.chance(2);
        if temporary {
            let last = self.open.pop();
            return last.map(|stream| vec![(Kind::Cancelled, stream)]).unwrap_or_default();
        }
        let heavy = self.scene.heavy.load(Ordering::Acquire);
        let count = if !heavy && self.random.chance(50) { 1 } else { self.random.range(2, BATCH_MAX + 1) };
        let draft = |_| (*self.random.pick(&Kind::RECURRING), *self.random.pick(&self.open));
        (0..count).map(draft).collect()
    }

    /// A payment stream's creation, alone or with events of the same stream behind it in one batch.
    fn new_stream(&mut self) -> Vec<(Kind, PaymentStream)> {
        let stream = PaymentStream::of(self.number, self.created);
        self.created += 1;
        let mut drafts = vec![(Kind::Created, stream)];
        if self.random.chance(50) {
            drafts.extend([(Kind::ToppedUp, stream), (Kind::Withdrawn, stream)]);
        }
        drafts
    }

    fn request(&mut self, drafts: &[(Kind, PaymentStream)], may_give_up: bool) -> Outcome {
        let heavy = self.scene.heavy.load(Ordering::Acquire);
        let padding = if heavy { self.random.below(PADDING_MAX) } else { 0 };
        let events = self.scene.ledger.publish(drafts, usize::try_from(padding).unwrap_or_default());
        let form = match (events.len(), self.random.chance(50)) {
            (1, true) => Form::SingleWithHeader,
            (1, false) => Form::SingleWithField,
            (_, true) => Form::Array,
            (_, false) => Form::Lines,
        };
        // The lasting payment streams are what filters name: their creation is never given up.
        let lasting = drafts
            .iter()
            .any(|(kind, stream)| *kind == Kind::Created && stream.id % 1_000_000 < LASTING_STREAMS);
        let outcome = self.send(&events, form, may_give_up && !lasting);
        if let (Outcome::Acked, Some((Kind::Created, stream))) = (&outcome, drafts.first()) {
            self.open.push(*stream);
        }
        outcome
    }

    fn send(&mut self, events: &[Arc<Event>], form: Form, may_give_up: bool) -> Outcome {
        let request = self.bytes(events, form);
        loop {
            match self.attempt(&request) {
                Ok(answer) if answer.status == 200 || answer.status == 201 => {
                    self.scene.trap.spring();
                    return self.acked(events, &answer);
                }
                // Not now, or not known: the same key makes the repetition safe.
                Ok(answer) if answer.status == 500 || answer.status == 503 => {}
                Ok(answer) => return self.refused(events, &answer),
                Err(error) => {
                    // A refused connection carried nothing; what was sent on an open one may be stored.
                    let maybe_stored = error.kind() != io::ErrorKind::ConnectionRefused;
                    if may_give_up && maybe_stored && self.random.chance(GIVE_UP_PERCENT) {
                        self.scene.ledger.note_given_up();
                        return Outcome::GivenUp;
                    }
                }
            }
            if self.scene.abort.load(Ordering::Acquire) {
                return Outcome::GivenUp;
            }
            self.scene.ledger.note_retry();
            std::thread::sleep(Duration::from_millis(self.random.range(2, 40)));
        }
    }

    fn attempt(&mut self, request: &[u8]) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => http::connect(self.scene.address)?,
        };
        let answer = http::exchange(&mut connection, request, Instant::now() + ANSWER_TIMEOUT)?;
        self.connection = Some(connection).filter(|_| answer.keep_alive);
        Ok(answer)
    }

    fn acked(&self, events: &[Arc<Event>], answer: &Answer) -> Outcome {
        let ids = event_ids(&answer.body);
        if ids.len() != events.len() {
            return self.refused(events, answer);
        }
        let publisher = self.number;
        self.scene.ledger.ack(events.iter().zip(ids).map(|(event, id)| Ack {
            tag: event.tag,
            id,
            publisher,
        }));
        Outcome::Acked
    }

    fn refused(&self, events: &[Arc<Event>], answer: &Answer) -> Outcome {
        let (publisher, sent, status) = (self.number, events.len(), answer.status);
        let body = answer.body.chars().take(400).collect();
        self.scene.ledger.violate(Violation::Answer { publisher, sent, status, body });
        Outcome::Refused
    }

    fn bytes(&self, events: &[Arc<Event>], form: Form) -> Vec<u8> {
        let json = |event: &Arc<Event>| {
            let (kind, data) = (event.kind.name(), event.data());
            match form {
                Form::SingleWithHeader => format!("{{\"type\":\"{kind}\",\"data\":{data}}}"),
                // White space is dropped by the server, wherever it stands between tokens.
                _ => format!("{{\"type\": \"{kind}\",\"dedupeKey\":\"{}\", \"data\": {data} }}", event.key()),
            }
        };
        let texts: Vec<String> = events.iter().map(json).collect();
        let body = match form {
            Form::SingleWithHeader | Form::SingleWithField => texts.concat(),
            Form::Array => format!("[{}]", texts.join(",\n")),
            Form::Lines => texts.join("\n") + "\n",
        };
        let media_type = if form == Form::Lines { "application/x-ndjson" } else { "application/json" };
        let key = match (form, events.first()) {
            (Form::SingleWithHeader, Some(event)) => format!("Idempotency-Key: {}\r\n", event.key()),
            _ => String::new(),
        };
        let (address, length) = (self.scene.address, body.len());
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media_type}\r\n\
             Content-Length: {length}\r\n{key}\r\n"
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }
}

fn lasting_streams() -> usize {
    usize::try_from(LASTING_STREAMS).unwrap_or(usize::MAX)
}

/// The event ids that an answer names, in order.
pub(super) fn event_ids(body: &str) -> Vec<u64> {
    let ids = body.split("\"eventId\":\"").skip(1);
    ids.filter_map(|rest| rest.split_once('"')?.0.parse().ok()).collect()
}
