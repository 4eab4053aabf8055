//! One subscriber of a herd: its connection, its decoder, its account, and whether it has caught up. It can
//! leave and resume where it was; what is owed to it does not change by that.

use std::net::{SocketAddr, TcpStream};

use crate::client::{Decoder, StreamError, request_bytes};
use crate::load::account::{Account, Tally};
use crate::load::event::{Filter, Run, Stamp};
use crate::load::gather::Expected;
use crate::load::latency::Latency;
use crate::load::ledger::Ledger;
use crate::load::recent::Recent;

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
    decoder: Decoder,
    account: Account,
    joining: Joining,
    /// Latency counts for events due from here on; `None` while it is behind.
    live_since_ns: Option<u64>,
}

/// What a herd keeps for all its members together, lent to the one that is served.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) run: &'a Run,
    /// When the bytes were received.
    pub(crate) now: u64,
    pub(crate) tally: &'a mut Tally,
    pub(crate) latency: &'a mut Latency,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) recent: &'a mut Recent,
}

impl Joining {
    /// A subscriber that starts at the log's end.
    pub(crate) fn live(filter: Filter, topics: Vec<u64>) -> Joining {
        Joining { filter, topics, start_after: None, excused: 0, behind: 0 }
    }

    pub(crate) fn query(&self, run: &Run) -> String {
        let mut query = self.filter_query(run);
        if let Some(id) = self.start_after {
            query.push_str(&format!("&lastEventId={id}"));
        }
        query
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
    pub(crate) fn new(socket: TcpStream, joining: Joining) -> Member {
        Member {
            socket: Some(socket),
            decoder: Decoder::new(),
            account: Account::following(joining.filter, joining.topics.clone()),
            live_since_ns: if joining.behind == 0 { Some(0) } else { None },
            joining,
        }
    }

    pub(crate) fn socket(&mut self) -> Option<&mut TcpStream> {
        self.socket.as_mut()
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.account.is_greeted()
    }

    pub(crate) fn is_behind(&self) -> bool {
        self.live_since_ns.is_none()
    }

    /// When one that joined behind had caught up.
    pub(crate) fn caught_up_ns(&self) -> Option<u64> {
        self.live_since_ns.filter(|_| self.joining.behind > 0)
    }

    pub(crate) fn owed(&self, expected: &Expected) -> u64 {
        self.account.share_of(expected).saturating_sub(self.joining.excused)
    }

    pub(crate) fn missing(&self, expected: &Expected) -> u64 {
        self.owed(expected).saturating_sub(self.account.received())
    }

    pub(crate) fn how_it_ended(&self) -> &'static str {
        if self.decoder.has_ended() { "was ended by the server" } else { "was cut" }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8], desk: &mut Desk<'_>) -> Result<(), StreamError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.recognise(rest, desk) {
                Some(length) => rest.get(length..).unwrap_or_default(),
                None => self.read_chunk(rest, desk)?,
            };
        }
        Ok(())
    }

    /// Enters a chunk that was found right when another subscriber got it, and returns its length.
    fn recognise(&mut self, bytes: &[u8], desk: &mut Desk<'_>) -> Option<usize> {
        let id = self.account.next_id().filter(|_| self.decoder.is_between_chunks())?;
        let (stamp, length) = desk.recent.recognise(id, bytes)?;
        if self.account.enter_next(&stamp, desk.tally) {
            arrived(&stamp, &self.account, self.joining.behind, &mut self.live_since_ns, desk);
        }
        Some(length)
    }

    /// Reads one chunk in full, and remembers it if it is one event that is right in every respect.
    fn read_chunk<'b>(&mut self, bytes: &'b [u8], desk: &mut Desk<'_>) -> Result<&'b [u8], StreamError> {
        let starts_here = self.decoder.is_between_chunks();
        let faults = desk.tally.faults();
        let (mut frames, mut stamp) = (0, None);
        let Member { decoder, account, joining, live_since_ns, .. } = self;
        let rest = decoder.feed_chunk(bytes, &mut |frame| {
            frames += 1;
            stamp = account.enter(&frame, desk.run, desk.ledger, desk.tally);
            if let Some(stamp) = &stamp {
                arrived(stamp, account, joining.behind, live_since_ns, desk);
            }
        })?;
        let is_right = starts_here && frames == 1 && desk.tally.faults() == faults;
        if let Some((stamp, next)) = stamp.zip(account.next_id()).filter(|_| is_right) {
            let chunk = bytes.get(..bytes.len() - rest.len()).unwrap_or_default();
            desk.recent.keep(next - 1, stamp, chunk);
        }
        Ok(rest)
    }

    /// Closes the connection, whatever is under way on it; false if there is nothing to resume.
    pub(crate) fn leave(&mut self) -> bool {
        self.is_greeted() && self.socket.take().is_some()
    }

    /// The request that resumes after the last id this subscriber saw.
    pub(crate) fn resume(&self, addr: SocketAddr, run: &Run) -> Option<Vec<u8>> {
        let id = self.account.last_id().filter(|_| self.socket.is_none())?;
        let mut request = request_bytes(addr, &self.joining.filter_query(run));
        // Before the empty line that ends the head.
        request.truncate(request.len() - 2);
        request.extend_from_slice(format!("Last-Event-ID: {id}\r\n\r\n").as_bytes());
        Some(request)
    }

    pub(crate) fn reconnect(&mut self, socket: TcpStream, now: u64) {
        self.socket = Some(socket);
        self.decoder = Decoder::new();
        self.live_since_ns = self.live_since_ns.map(|_| now);
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

/// Latency counts only once the subscriber is live, and only for events due from then on: what came late
/// because the subscriber did is not the server's delay.
fn arrived(
    stamp: &Stamp,
    account: &Account,
    behind: u64,
    live_since_ns: &mut Option<u64>,
    desk: &mut Desk<'_>,
) {
    match *live_since_ns {
        Some(since) if stamp.due_ns >= since => desk.latency.record(desk.now.saturating_sub(stamp.due_ns)),
        None if account.received() >= behind => *live_since_ns = Some(desk.now),
        _ => {}
    }
}
