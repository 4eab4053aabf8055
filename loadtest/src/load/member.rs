//! One subscriber of the herd: its socket, its decoder, its account, and how bytes get from the one to the
//! other. A chunk that equals what another subscriber was sent for the same id is entered without decoding.

use std::net::TcpStream;

use crate::client::{Decoder, Dialect, Extent, Frame, RivalDecoder, StreamError, extent};
use crate::load::account::{Account, Tally};
use crate::load::event::{Run, Stamp};
use crate::load::known::KnownFrames;
use crate::load::latency::Latency;
use crate::load::ledger::Ledger;

/// One subscriber; without a socket once its stream has ended.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) socket: Option<TcpStream>,
    decoder: AnyDecoder,
    pub(crate) account: Account,
}

/// The decoder of the run's dialect.
#[derive(Debug)]
enum AnyDecoder {
    Contract(Decoder),
    Rival(RivalDecoder),
}

/// What the deliveries of all members are entered into.
pub(crate) struct Books<'a> {
    pub(crate) run: &'a Run,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) known: &'a mut KnownFrames,
    pub(crate) tally: &'a mut Tally,
    pub(crate) latency: &'a mut Latency,
    /// When the bytes were received, in nanoseconds of the monotonic clock.
    pub(crate) now: u64,
}

/// Broken streams whose story is kept for the report.
const STORIES_MAX: usize = 5;

impl Member {
    pub(crate) fn new(socket: TcpStream, dialect: Dialect, account: Account) -> Member {
        let decoder = match dialect {
            Dialect::Tailwire => AnyDecoder::Contract(Decoder::new()),
            Dialect::Nchan | Dialect::DurableStreams => AnyDecoder::Rival(RivalDecoder::new(dialect)),
        };
        Member { socket: Some(socket), decoder, account }
    }

    /// The server ended the stream in good order.
    pub(crate) fn has_ended(&self) -> bool {
        match &self.decoder {
            AnyDecoder::Contract(decoder) => decoder.has_ended(),
            AnyDecoder::Rival(decoder) => decoder.has_ended(),
        }
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.account.is_greeted()
    }

    /// Enters what these bytes complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], books: &mut Books<'_>) -> Result<(), StreamError> {
        let Member { decoder, account, .. } = self;
        let decoder = match decoder {
            AnyDecoder::Contract(decoder) => decoder,
            AnyDecoder::Rival(decoder) => {
                return decoder.feed(bytes, &mut |frame| {
                    books.enter(account, &frame);
                });
            }
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let known = account.next_id().filter(|_| decoder.is_between_chunks());
            if let Some(length) = known.and_then(|id| books.enter_known(account, id, rest)) {
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let (piece, after) = rest.split_at(piece_length(decoder, rest));
            decode(decoder, account, piece, books)?;
            rest = after;
        }
        Ok(())
    }

    pub(crate) fn lose(&mut self, story: String, tally: &mut Tally, stories: &mut Vec<String>) {
        // Closing the socket takes it out of the epoll set.
        self.socket = None;
        tally.lost += 1;
        if stories.len() < STORIES_MAX {
            stories.push(story);
        }
    }
}

impl Books<'_> {
    /// Enters a frame; returns the id if it is an event of the run that came for the first time.
    fn enter(&mut self, account: &mut Account, frame: &Frame<'_>) -> Option<Known> {
        let stamp = account.enter(frame, self.run, self.ledger, self.tally)?;
        self.latency.record(self.now.saturating_sub(stamp.due_ns));
        match *frame {
            Frame::Event { id, .. } => Some(Known { id, stamp }),
            _ => None,
        }
    }

    /// Enters the event of `id` if `bytes` begins with what others were sent for it; returns its length.
    fn enter_known(&mut self, account: &mut Account, id: u64, bytes: &[u8]) -> Option<usize> {
        let (known, length) = self.known.matching(id, bytes)?;
        if account.enter_next(id, &known.stamp, self.tally) {
            self.latency.record(self.now.saturating_sub(known.stamp.due_ns));
        }
        Some(length)
    }
}

/// An event that was entered.
struct Known {
    id: u64,
    stamp: Stamp,
}

/// Decodes a piece and, if it is one whole chunk that is one event, keeps it for the other members.
fn decode(
    decoder: &mut Decoder,
    account: &mut Account,
    piece: &[u8],
    books: &mut Books<'_>,
) -> Result<(), StreamError> {
    let whole = decoder.is_between_chunks();
    let (mut frames, mut last) = (0, None);
    decoder.feed(piece, &mut |frame| {
        frames += 1;
        last = books.enter(account, &frame);
    })?;
    if let Some(Known { id, stamp }) = last.filter(|_| whole && frames == 1 && decoder.is_between_chunks()) {
        books.known.learn(id, stamp, piece);
    }
    Ok(())
}

/// How much to decode at once: the rest of the chunk under way, or the next chunk, or all where there is none.
fn piece_length(decoder: &Decoder, bytes: &[u8]) -> usize {
    let length = match decoder.lacks() {
        Some(count) => count,
        None if decoder.is_between_chunks() => match extent(bytes) {
            Ok(Extent::Whole { end, .. }) => end,
            Ok(Extent::Need(_)) | Err(_) => bytes.len(),
        },
        None => bytes.len(),
    };
    length.min(bytes.len())
}
