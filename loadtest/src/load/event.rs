//! The events of a run. Each carries a stamp at the end of its data: which run, which number in it, and when
//! it was meant to be sent. So every delivery can be told from every other, whoever else publishes to the
//! same server, and its latency counts from the time it was due rather than from when a late publisher got
//! round to it.

use std::fmt;
use std::ops::Range;

use crate::client::Dialect;

/// What a run's subscribers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Filter {
    /// Everything (`all=true`).
    All,
    /// One payment stream each (`streams=…`).
    Streams,
    /// One user each, the recipient of a payment stream (`users=…`).
    Users,
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Filter::All => "all",
            Filter::Streams => "streams",
            Filter::Users => "users",
        })
    }
}

/// One run's identity, its topics (payment streams with one recipient each, which its events go round in
/// turn), and the protocol it is carried by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: u64,
    /// At least 1. Event `seq` belongs to topic `seq % topics`.
    pub(crate) topics: u64,
    pub(crate) dialect: Dialect,
}

/// The mark at the end of an event's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) run: u64,
    pub(crate) seq: u64,
    /// When the event was due, in nanoseconds of the monotonic clock.
    pub(crate) due_ns: u64,
}

impl Run {
    /// A run told from earlier ones on the same server by the time it begins.
    pub(crate) fn starting_at(now_ns: u64, topics: u64) -> Run {
        Run { id: now_ns, topics: topics.max(1), dialect: Dialect::Tailwire }
    }

    /// The same run on a server that speaks another protocol.
    pub(crate) fn speaking(self, dialect: Dialect) -> Run {
        Run { dialect, ..self }
    }

    /// The query of a subscription to this topic under this filter.
    pub(crate) fn query(&self, filter: Filter, topic: u64) -> String {
        match filter {
            Filter::All => "all=true".to_owned(),
            Filter::Streams => format!("streams={}", self.payment_stream(topic)),
            Filter::Users => format!("users={}", self.recipient(topic)),
        }
    }

    /// What the data of a topic's events begins with, up to the last 16 digits of the transaction's hash.
    fn head(&self, topic: u64) -> Vec<u8> {
        let (stream, recipient) = (self.payment_stream(topic), self.recipient(topic));
        let zeros = "0".repeat(48);
        format!(
            concat!(r#"{{"streamId":"{}","amount":"1000000","#, r#""recipient":"{}","transactionHash":"{}"#),
            stream, recipient, zeros
        )
        .into_bytes()
    }

    fn payment_stream(&self, topic: u64) -> String {
        format!("load-{:x}-{topic}", self.id)
    }

    /// An account of the right shape: `G` and 55 characters of base 32. Its checksum is not one.
    fn recipient(&self, topic: u64) -> String {
        let number = format!("{:020}{topic:020}", self.id);
        let letters: String = number.bytes().map(|digit| char::from(b'A' + digit - b'0')).collect();
        format!("GLOADTESTRECIPI{letters}Q")
    }
}

/// Writes a run's events. What those of a topic have in common is put together once, so that the tool's own CPU is not
/// what a run measures.
pub(crate) struct EventWriter {
    run: Run,
    /// By topic, made at their first event.
    heads: Vec<Vec<u8>>,
    middle: Vec<u8>,
}

/// What stands before the data.
const ENVELOPE: &[u8] = br#"{"type":"stream.withdrawn","data":"#;
/// Topics whose common text is kept.
const HEADS_MAX: u64 = 4096;

impl EventWriter {
    pub(crate) fn new(run: Run) -> EventWriter {
        let heads = vec![Vec::new(); run.topics.min(HEADS_MAX) as usize];
        let middle = format!(r#"","ledger":51234567,"timestamp":1767225600,"run":{},"seq":"#, run.id);
        EventWriter { run, heads, middle: middle.into_bytes() }
    }

    /// Appends the body of a request that publishes the events of these numbers: lines or an array of a
    /// `batch`, otherwise the only one.
    pub(crate) fn write_body(&mut self, out: &mut Vec<u8>, seqs: Range<u64>, batch: bool, due_ns: u64) {
        let array = batch && self.run.dialect == Dialect::DurableStreams;
        out.extend(array.then_some(b'['));
        for seq in seqs.clone() {
            self.write(out, seq, due_ns);
            let more = seq + 1 < seqs.end;
            match (array, batch) {
                (true, _) => out.push(if more { b',' } else { b']' }),
                (false, true) => out.push(b'\n'),
                (false, false) => {}
            }
        }
    }

    /// Appends one event: for Tailwire in the form of `POST /events`, where its frame has about 330 bytes on the
    /// wire; for a rival its data alone, which is the same for every server.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, seq: u64, due_ns: u64) {
        match self.run.dialect {
            Dialect::Tailwire => {
                out.extend_from_slice(ENVELOPE);
                self.write_data(out, seq, due_ns);
                out.push(b'}');
            }
            Dialect::Nchan | Dialect::DurableStreams => self.write_data(out, seq, due_ns),
        }
    }

    fn write_data(&mut self, out: &mut Vec<u8>, seq: u64, due_ns: u64) {
        let topic = seq % self.run.topics;
        match self.heads.get_mut(topic as usize) {
            Some(head) => {
                if head.is_empty() {
                    *head = self.run.head(topic);
                }
                out.extend_from_slice(head);
            }
            None => out.extend_from_slice(&self.run.head(topic)),
        }
        push_hex(out, seq.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        out.extend_from_slice(&self.middle);
        push_decimal(out, seq);
        out.extend_from_slice(b",\"due\":");
        push_decimal(out, due_ns);
        out.push(b'}');
    }
}

/// Sixteen hexadecimal digits.
fn push_hex(out: &mut Vec<u8>, number: u64) {
    let digits: [u8; 16] =
        std::array::from_fn(|at| b"0123456789abcdef"[(number >> (60 - 4 * at) & 0xf) as usize]);
    out.extend_from_slice(&digits);
}

fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

impl Stamp {
    /// The stamp of an event's data; `None` for an event of somebody else.
    pub(crate) fn read(data: &[u8]) -> Option<Stamp> {
        let rest = data.strip_suffix(b"}")?;
        let (rest, due_ns) = number_from_end(rest, b",\"due\":")?;
        let (rest, seq) = number_from_end(rest, b",\"seq\":")?;
        let (_, run) = number_from_end(rest, b",\"run\":")?;
        Some(Stamp { run, seq, due_ns })
    }
}

fn number_from_end<'a>(bytes: &'a [u8], label: &[u8]) -> Option<(&'a [u8], u64)> {
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, number) = bytes.split_at(bytes.len() - digits);
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((rest.strip_suffix(label)?, number))
}
