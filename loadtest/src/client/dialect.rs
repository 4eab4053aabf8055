//! How each server is spoken to: the requests that subscribe and publish, and what an answer means. The
//! decoders of what comes back stand beside it (`decoder` for Tailwire's contract, `rival` for the others).

use std::net::SocketAddr;

/// The protocol of a server under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialect {
    /// Tailwire's own contract. The send loop and the Node script speak it as well.
    #[default]
    Tailwire,
    /// Nchan behind the locations of `rivals/nchan.conf`: one message a request, its data alone.
    Nchan,
    /// Durable Streams, one JSON stream: a request may hold an array, and a delivery is one.
    DurableStreams,
}

/// The stream that Durable Streams publishing goes to.
pub(crate) const DURABLE_STREAM: &str = "/v1/stream/load";

impl Dialect {
    /// The request of a subscription. `query` is Tailwire's; the others know all or nothing, from now or, with
    /// `from_start`, from the first event kept.
    pub(crate) fn subscribe_request(self, addr: SocketAddr, query: &str, from_start: bool) -> Vec<u8> {
        let target = match (self, from_start) {
            (Dialect::Tailwire, _) => format!("/events/subscribe?{query}"),
            (Dialect::Nchan, false) => "/live".to_owned(),
            (Dialect::Nchan, true) => "/all".to_owned(),
            (Dialect::DurableStreams, false) => format!("{DURABLE_STREAM}?offset=now&live=sse"),
            (Dialect::DurableStreams, true) => format!("{DURABLE_STREAM}?offset=-1&live=sse"),
        };
        format!("GET {target} HTTP/1.1\r\nHost: {addr}\r\nAccept: text/event-stream\r\n\r\n").into_bytes()
    }

    /// The head of a publish request whose body has `length` bytes.
    pub(crate) fn publish_head(self, addr: SocketAddr, batch: u64, length: usize) -> String {
        let (target, kind) = match self {
            Dialect::Tailwire if batch > 1 => ("/events", "Content-Type: application/x-ndjson"),
            Dialect::Tailwire => ("/events", "Content-Type: application/json"),
            Dialect::Nchan => {
                ("/publish", "Content-Type: application/json\r\nX-EventSource-Event: stream.withdrawn")
            }
            Dialect::DurableStreams => (DURABLE_STREAM, "Content-Type: application/json"),
        };
        format!("POST {target} HTTP/1.1\r\nHost: {addr}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n")
    }

    /// Events that one request may hold.
    pub(crate) fn batch_max(self) -> u64 {
        match self {
            Dialect::Nchan => 1,
            Dialect::Tailwire | Dialect::DurableStreams => 4096,
        }
    }

    /// Whether a publish answer of this status says that the events were taken.
    pub(crate) fn is_taken(self, status: u16) -> bool {
        match self {
            Dialect::Tailwire => status == 201,
            // Nchan answers 202 while nobody is subscribed; Durable Streams 204, or 200.
            Dialect::Nchan => matches!(status, 201 | 202),
            Dialect::DurableStreams => matches!(status, 200 | 204),
        }
    }

    /// Events carry dense numeric ids, and a publish answer names them. Elsewhere an event's id is its place in
    /// the order in which the herd first saw the run's events, which checks order and holes just as well.
    pub(crate) fn has_dense_ids(self) -> bool {
        self == Dialect::Tailwire
    }
}
