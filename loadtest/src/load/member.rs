//! One subscriber of a herd: its connection, its decoder, its account, and whether it has caught up. It can
//! leave and resume where it was; what is owed to it does not change by that.

use std::net::{SocketAddr, TcpStream};

use crate::client::{Decoder, Dialect, Extent, Frame, RivalDecoder, StreamError, extent};
use crate::load::account::{Account, Tally};
use crate::load::event::{Filter, Run, Stamp};
use crate::load::gather::Expected;
use crate::load::known::KnownFrames;
use crate::load::latency::Latency;
use crate::load::ledger::Ledger;

/// Broken streams whose story is kept for the report.
const STORIES_MAX: usize = 5;

/// A subscriber to be.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    pub(crate) filter: Filter,
    /// At least one with a filter; without meaning otherwise.
    pub(crate) topics: Vec<u64>,
    /// The id it starts after; the log's end otherwise.
    pub(crate) start_after: Option<u64>,
    /// Events of its topics that lie before its start and are not owed to it.
    pub(crate) excused: u64,
    /// Events it must get before it counts as caught up; 0 for a live one.
    pub(crate) behind: u64,
}

/// One subscriber; without a socket while it is away, and once its stream has ended.
#[derive(Debug)]
pub(crate) struct Member {
    socket: Option<TcpStream>,
    decoder: AnyDecoder,
    standing: Standing,
}

/// The decoder of the run's dialect.
#[derive(Debug)]
enum AnyDecoder {
    Contract(Decoder),
    Rival(RivalDecoder),
}

/// What a subscriber has, and was meant to have.
#[derive(Debug)]
struct Standing {
    account: Account,
    joining: Joining,
    /// Latency counts for events due from here on; `None` while it is behind.
    live_since_ns: Option<u64>,
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

impl Joining {
    /// A subscriber that starts at the log's end.
    pub(crate) fn live(filter: Filter, topics: Vec<u64>) -> Joining {
        Joining { filter, topics, start_after: None, excused: 0, behind: 0 }
    }

    /// The request that subscribes.
    pub(crate) fn request(&self, addr: SocketAddr, run: &Run) -> Vec<u8> {
        let mut query = self.filter_query(run);
        if let Some(id) = self.start_after {
            query.push_str(&format!("&lastEventId={id}"));
        }
        run.dialect.subscribe_request(addr, &query, self.start_after.is_some())
    }

    fn filter_query(&self, run: &Run) -> String {
        if self.filter == Filter::All {
            return run.query(Filter::All, 0);
        }
        let terms: Vec<String> = self.topics.iter().map(|topic| run.query(self.filter, *topic)).collect();
        terms.join("&")
    }
}

impl Member {
    pub(crate) fn new(socket: TcpStream, joining: Joining, dialect: Dialect) -> Member {
        let account = Account::following(joining.filter, joining.topics.clone());
        let live_since_ns = if joining.behind == 0 { Some(0) } else { None };
        let standing = Standing { account, joining, live_since_ns };
        Member { socket: Some(socket), decoder: AnyDecoder::of(dialect), standing }
    }

    pub(crate) fn socket(&mut self) -> Option<&mut TcpStream> {
        self.socket.as_mut()
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.standing.account.is_greeted()
    }

    pub(crate) fn is_behind(&self) -> bool {
        self.standing.live_since_ns.is_none()
    }

    /// When one that joined behind had caught up.
    pub(crate) fn caught_up_ns(&self) -> Option<u64> {
        self.standing.live_since_ns.filter(|_| self.standing.joining.behind > 0)
    }

    pub(crate) fn owed(&self, expected: &Expected) -> u64 {
        self.standing.account.share_of(expected).saturating_sub(self.standing.joining.excused)
    }

    pub(crate) fn missing(&self, expected: &Expected) -> u64 {
        self.owed(expected).saturating_sub(self.standing.account.received())
    }

    pub(crate) fn how_it_ended(&self) -> &'static str {
        let has_ended = match &self.decoder {
            AnyDecoder::Contract(decoder) => decoder.has_ended(),
            AnyDecoder::Rival(decoder) => decoder.has_ended(),
        };
        if has_ended { "was ended by the server" } else { "was cut" }
    }

    /// Enters what these bytes complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], books: &mut Books<'_>) -> Result<(), StreamError> {
        let Member { decoder, standing, .. } = self;
        let decoder = match decoder {
            AnyDecoder::Contract(decoder) => decoder,
            AnyDecoder::Rival(decoder) => {
                return decoder.feed(bytes, &mut |frame| {
                    books.enter(standing, &frame);
                });
            }
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let known = standing.account.next_id().filter(|_| decoder.is_between_chunks());
            if let Some(length) = known.and_then(|id| books.enter_known(standing, id, rest)) {
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let (piece, after) = rest.split_at(piece_length(decoder, rest));
            decode(decoder, standing, piece, books)?;
            rest = after;
        }
        Ok(())
    }

    /// Closes the connection, whatever is under way on it; false if there is nothing to resume.
    pub(crate) fn leave(&mut self) -> bool {
        self.is_greeted() && self.socket.take().is_some()
    }

    /// The request that resumes after the last id this subscriber saw.
    pub(crate) fn resume(&self, addr: SocketAddr, run: &Run) -> Option<Vec<u8>> {
        let id = self.standing.account.last_id().filter(|_| self.socket.is_none())?;
        let query = self.standing.joining.filter_query(run);
        let mut request = run.dialect.subscribe_request(addr, &query, false);
        // Before the empty line that ends the head.
        request.truncate(request.len() - 2);
        request.extend_from_slice(format!("Last-Event-ID: {id}\r\n\r\n").as_bytes());
        Some(request)
    }

    pub(crate) fn reconnect(&mut self, socket: TcpStream, now: u64) {
        self.socket = Some(socket);
        self.decoder = AnyDecoder::Contract(Decoder::new());
        self.standing.live_since_ns = self.standing.live_since_ns.map(|_| now);
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

impl AnyDecoder {
    fn of(dialect: Dialect) -> AnyDecoder {
        match dialect {
            Dialect::Tailwire => AnyDecoder::Contract(Decoder::new()),
            Dialect::Nchan | Dialect::DurableStreams => AnyDecoder::Rival(RivalDecoder::new(dialect)),
        }
    }
}

impl Books<'_> {
    /// Enters a frame; returns the id if it is an event of the run that came for the first time.
    fn enter(&mut self, standing: &mut Standing, frame: &Frame<'_>) -> Option<Known> {
        let stamp = standing.account.enter(frame, self.run, self.ledger, self.tally)?;
        self.arrived(standing, &stamp);
        match *frame {
            Frame::Event { id, .. } => Some(Known { id, stamp }),
            _ => None,
        }
    }

    /// Enters the event of `id` if `bytes` begins with what others were sent for it; returns its length.
    fn enter_known(&mut self, standing: &mut Standing, id: u64, bytes: &[u8]) -> Option<usize> {
        let (known, length) = self.known.matching(id, bytes)?;
        let stamp = known.stamp;
        if standing.account.enter_next(id, &stamp, self.tally) {
            self.arrived(standing, &stamp);
        }
        Some(length)
    }

    /// Latency counts only once the subscriber is live, and only for events due from then on: what came late
    /// because the subscriber did is not the server's delay.
    fn arrived(&mut self, standing: &mut Standing, stamp: &Stamp) {
        match standing.live_since_ns {
            Some(since) if stamp.due_ns >= since => {
                self.latency.record(self.now.saturating_sub(stamp.due_ns));
            }
            None if standing.account.received() >= standing.joining.behind => {
                standing.live_since_ns = Some(self.now);
            }
            _ => {}
        }
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
    standing: &mut Standing,
    piece: &[u8],
    books: &mut Books<'_>,
) -> Result<(), StreamError> {
    let whole = decoder.is_between_chunks();
    let (mut frames, mut last) = (0, None);
    decoder.feed(piece, &mut |frame| {
        frames += 1;
        last = books.enter(standing, &frame);
    })?;
    let is_one = whole && frames == 1 && decoder.is_between_chunks();
    // Only unfiltered subscribers know which id comes next.
    if let Some(Known { id, stamp }) = last.filter(|_| is_one && standing.joining.filter == Filter::All) {
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
