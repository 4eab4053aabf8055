//! A subscriber that comes back by itself at the last id it saw, as a browser does, and notes all it gets.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::http;
use super::ledger::{Delivery, Ledger, Record};
use super::random::Random;
use super::sse::{Block, Decoder};
use super::violation::Violation;
use super::world::{Event, Filter};

/// How often a quiet subscriber looks whether the run is over.
const LOOK: Duration = Duration::from_millis(200);

/// What is seen of a subscriber while it runs.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The highest event id it got.
    pub(super) last: AtomicU64,
    pub(super) greeted: AtomicBool,
}

/// Where to subscribe and when to stop.
pub(super) struct Surroundings<'a> {
    pub(super) address: SocketAddr,
    pub(super) ledger: &'a Ledger,
    /// Set when no further connection is to be made; the open one is read to its end.
    pub(super) last_connection: &'a AtomicBool,
    /// Set when even the open connection is to be left.
    pub(super) leave: &'a AtomicBool,
}

pub(super) struct Subscriber<'a> {
    surroundings: &'a Surroundings<'a>,
    progress: &'a Progress,
    record: Record,
    /// Whether its first connection asks for everything kept; otherwise it begins at the end of the log.
    from_earliest: bool,
    /// The last id it saw on any frame, as text.
    position: Option<String>,
    random: Random,
}

impl<'a> Subscriber<'a> {
    pub(super) fn new(
        surroundings: &'a Surroundings<'a>,
        progress: &'a Progress,
        index: u32,
        filter: Filter,
        from_earliest: bool,
        random: Random,
    ) -> Self {
        let name = format!("subscriber {index} [{}]", filter.query());
        let record = Record { name, filter, ..Record::default() };
        Self { surroundings, progress, record, from_earliest, position: None, random }
    }

    /// Subscribes and reconnects until told to stop.
    pub(super) fn run(mut self) -> Record {
        let Surroundings { last_connection, leave, .. } = *self.surroundings;
        while !last_connection.load(Ordering::Acquire) && !leave.load(Ordering::Acquire) {
            // Refused or cut: the server is down for a moment, which is the point of the run.
            if self.connection().is_err() {
                std::thread::sleep(Duration::from_millis(self.random.range(2, 40)));
            }
        }
        self.record
    }

    fn request(&self) -> String {
        let from = if self.from_earliest { "&from=earliest" } else { "" };
        // The header and the parameter mean the same; clients that cannot set headers use the other.
        let (parameter, header) = match &self.position {
            Some(id) if self.record.connections.is_multiple_of(3) => {
                (format!("&lastEventId={id}"), String::new())
            }
            Some(id) => (String::new(), format!("Last-Event-ID: {id}\r\n")),
            None => (String::new(), String::new()),
        };
        let (query, address) = (self.record.filter.query(), self.surroundings.address);
        format!(
            "GET /events/subscribe?{query}{from}{parameter} HTTP/1.1\r\nHost: {address}\r\n\
             Accept: text/event-stream\r\n{header}\r\n"
        )
    }

    fn connection(&mut self) -> io::Result<()> {
        let mut stream = http::connect(self.surroundings.address)?;
        stream.write_all(self.request().as_bytes())?;
        stream.set_read_timeout(Some(LOOK))?;
        self.record.connections += 1;
        let mut decoder = Decoder::default();
        let (mut head, mut in_body) = (Vec::new(), false);
        let mut buffer = vec![0; 64 * 1024];
        while !self.surroundings.leave.load(Ordering::Acquire) {
            let count = match stream.read(&mut buffer) {
                Ok(0) if in_body && self.stopped() && !decoder.ended() => {
                    return Err(
                        self.wire("the server was stopped and left without the last chunk".to_owned())
                    );
                }
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            if in_body {
                decoder.push(&buffer[..count]);
            } else {
                head.extend_from_slice(&buffer[..count]);
                let Some(found) = self.head(&head)? else { continue };
                decoder.push(&head[found..]);
                in_body = true;
            }
            self.take(&mut decoder)?;
        }
        Ok(())
    }

    /// Judges the answer's head once it is whole, and says where the body begins.
    fn head(&self, input: &[u8]) -> io::Result<Option<usize>> {
        let Some(head) = http::parse_head(input)? else { return Ok(None) };
        let stream = head.field("content-type").is_some_and(|value| value.starts_with("text/event-stream"));
        let chunked = head.field("transfer-encoding") == Some("chunked");
        if head.status == 200 && stream && chunked {
            return Ok(Some(head.bytes));
        }
        let fault = format!("the answer was {} {:?}, not a chunked event stream", head.status, head.fields);
        Err(self.wire(fault))
    }

    fn take(&mut self, decoder: &mut Decoder) -> io::Result<()> {
        loop {
            match decoder.chunk() {
                Ok(None) => return Ok(()),
                Ok(Some(blocks)) => {
                    for block in blocks {
                        self.block(block)?;
                    }
                }
                Err(fault) => return Err(self.wire(fault)),
            }
        }
    }

    fn block(&mut self, block: Block) -> io::Result<()> {
        match block.event.as_deref() {
            None => self.progress.greeted.store(true, Ordering::Release),
            Some("gap") => self.surroundings.ledger.violate(Violation::Gap {
                subscriber: self.record.name.clone(),
                data: block.data.clone(),
                connection: self.record.connections,
                after: self.after(),
            }),
            Some("position" | "reconnect") => {}
            Some(kind) if kind.starts_with("stream.") => self.event(kind, &block)?,
            Some(kind) => return Err(self.wire(format!("a frame of the unknown type {kind:?}"))),
        }
        if block.id.is_some() {
            self.position = block.id;
        }
        Ok(())
    }

    fn event(&mut self, kind: &str, block: &Block) -> io::Result<()> {
        let id = block.id.as_deref().and_then(|id| id.parse::<u64>().ok()).filter(|id| *id > 0);
        let Some(id) = id else { return Err(self.wire(format!("an event with the id {:?}", block.id))) };
        let ledger = self.surroundings.ledger;
        let subscriber = || self.record.name.clone();
        let event = Event::tag_in(&block.data).and_then(|tag| ledger.event(tag));
        let Some(event) = event else {
            ledger.violate(Violation::Unknown { subscriber: subscriber(), id, data: block.data.clone() });
            return Ok(());
        };
        let data = event.data();
        if data != block.data || event.kind.name() != kind {
            let (got, published) =
                (format!("{kind} {}", block.data), format!("{} {data}", event.kind.name()));
            ledger.violate(Violation::Changed { subscriber: subscriber(), id, got, published });
        }
        let delivery = Delivery { id, tag: event.tag, connection: self.record.connections };
        self.record.deliveries.push(delivery);
        self.progress.last.fetch_max(id, Ordering::Release);
        Ok(())
    }

    /// Whether the server ends by SIGTERM from now on.
    fn stopped(&self) -> bool {
        self.surroundings.last_connection.load(Ordering::Acquire)
    }

    fn after(&self) -> String {
        self.position.clone().unwrap_or_else(|| "nothing".to_owned())
    }

    fn wire(&self, fault: String) -> io::Error {
        let (subscriber, connection) = (self.record.name.clone(), self.record.connections);
        self.surroundings.ledger.violate(Violation::Wire {
            subscriber,
            connection,
            after: self.after(),
            fault,
        });
        io::ErrorKind::InvalidData.into()
    }
}
