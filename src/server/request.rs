//! One whole request off a connection: head, body, and the deadlines for both.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::http::{BodyDecoder, BodyLength, CONTINUE, Head, HeadReader, RequestError};
use crate::limits;
use crate::server::connection::{Connection, Phase};
use crate::server::worker::Worker;

/// With fewer bytes to come than these, a copy costs less than system calls that do without.
const PLAIN_BYTES_MIN: usize = 4096;

/// Bytes that came in and were not used yet.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    used: usize,
}

impl Input {
    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// An empty one holds no memory: most connections are idle.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.used += bytes;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used.min(self.bytes.len()));
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }
}

/// Bytes of long bodies that are held in the whole server.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    bytes: AtomicUsize,
}

/// What one request has of them; given back when it is dropped.
#[derive(Debug)]
struct Held<'a> {
    bodies: &'a Bodies,
    bytes: usize,
}

impl Held<'_> {
    /// Short bodies are not counted: their number is bounded by that of connections.
    fn grow_to(&mut self, bytes: usize) -> Result<(), NoRequest> {
        if bytes <= limits::BODY_BYTES_UNCOUNTED || bytes <= self.bytes {
            return Ok(());
        }
        let more = bytes - self.bytes;
        let before = self.bodies.bytes.fetch_add(more, Ordering::Relaxed);
        self.bytes = bytes;
        if before + more > limits::BODIES_BYTES_MAX { Err(NoRequest::Overloaded) } else { Ok(()) }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.bodies.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A request with its body.
pub(crate) struct Request<'a> {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    _held: Held<'a>,
}

/// Why there is no (further) request on a connection.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The peer closed or the connection broke between requests, or idled away: nothing to answer.
    Closed,
    /// It did not arrive in time: 408.
    TooSlow,
    /// Too many long bodies are coming in at once: 503.
    Overloaded,
    Bad(RequestError),
}

impl From<RequestError> for NoRequest {
    fn from(error: RequestError) -> Self {
        Self::Bad(error)
    }
}

/// Reads the next request's head. `input` holds bytes that came with the one before.
pub(crate) async fn read_head(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
) -> Result<Head, NoRequest> {
    if input.is_empty() {
        connection.begin(worker, Phase::Idle);
        receive(worker, connection, input).await?;
    }
    // From here to the head's end no byte earns more time.
    connection.begin(worker, Phase::Reading);
    let mut reader = HeadReader::default();
    let head = loop {
        if let Some(head) = reader.read(input.rest())? {
            break head;
        }
        receive(worker, connection, input).await?;
    };
    input.consume(head.bytes);
    Ok(head)
}

/// Reads what follows a head that was let in. `wanted`: whether the body is to be kept. `input` keeps what belongs to
/// the next request.
pub(crate) async fn read_body<'a>(
    worker: &'a Worker,
    connection: &Connection,
    input: &mut Input,
    head: Head,
    wanted: bool,
) -> Result<Request<'a>, NoRequest> {
    let mut decoder = BodyDecoder::new(head.body);
    let mut body = Vec::new();
    let mut held = Held { bodies: &worker.shared.bodies, bytes: 0 };
    if head.expects_continue && input.is_empty() && head.body != BodyLength::Exact(0) {
        connection.write_all(worker, CONTINUE).await.map_err(|_| NoRequest::Closed)?;
    }
    if !wanted {
        skip_body(worker, connection, input, head.body).await?;
        return Ok(Request { head, body, _held: held });
    }
    connection.begin(worker, Phase::Reading);
    loop {
        let before = body.len();
        let progress = decoder.read(input.rest(), &mut body)?;
        input.consume(progress.consumed);
        if progress.done {
            break;
        }
        // What came with the request before is held from now on, whether or not more comes.
        held.grow_to(body.len() + input.rest().len())?;
        if decoder.plain_bytes() >= PLAIN_BYTES_MIN {
            receive_body(worker, connection, input, &mut decoder, &mut body).await?;
        } else {
            receive(worker, connection, input).await?;
        }
        held.grow_to(body.len() + input.rest().len())?;
        // Of what came, only what is of the body counts, so that empty framing earns nothing.
        connection.moved(worker, body.len() - before, 0);
    }
    Ok(Request { head, body, _held: held })
}

/// Reads over a body that nobody wants, so that the next request can be told from it; nothing of it is kept.
pub(crate) async fn skip_body(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
    length: BodyLength,
) -> Result<(), NoRequest> {
    let mut decoder = BodyDecoder::new(length);
    let mut nowhere = Vec::new();
    connection.begin(worker, Phase::Reading);
    loop {
        let progress = decoder.read(input.rest(), &mut nowhere)?;
        input.consume(progress.consumed);
        nowhere.clear();
        if progress.done {
            return Ok(());
        }
        receive(worker, connection, input).await?;
    }
}

/// Waits for bytes and appends them to `input`.
pub(crate) async fn receive(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
) -> Result<(), NoRequest> {
    receive_by(connection, || {
        let mut scratch = worker.scratch.borrow_mut();
        let room = scratch.get_mut(..limits::PIPELINE_BYTES_MAX).unwrap_or_default();
        let bytes = connection.socket.recv(room)?;
        input.push(scratch.get(..bytes).unwrap_or_default());
        Ok(bytes)
    })
    .await
}

/// Waits for bytes of a body and lets the kernel put them where they belong. `input` is empty.
async fn receive_body(
    worker: &Worker,
    connection: &Connection,
    input: &mut Input,
    decoder: &mut BodyDecoder,
    body: &mut Vec<u8>,
) -> Result<(), NoRequest> {
    let (before, wanted) = (body.len(), decoder.plain_bytes());
    let room = body.capacity() - before;
    if room > wanted {
        // What follows the body would come with it.
        return receive(worker, connection, input).await;
    }
    if room < wanted.min(PLAIN_BYTES_MIN) {
        // What a head promises may never come: the room grows with what has.
        body.reserve_exact(wanted.min(before.max(limits::BODY_BYTES_UNCOUNTED)));
    }
    receive_by(connection, || connection.socket.recv_more(body)).await?;
    decoder.passed(body.len() - before);
    Ok(())
}

/// Waits until `receive` has got bytes.
async fn receive_by(
    connection: &Connection,
    mut receive: impl FnMut() -> io::Result<usize>,
) -> Result<(), NoRequest> {
    loop {
        if connection.gave_way() {
            return Err(NoRequest::Closed);
        }
        // Not even when there is more to read: bytes that keep coming would keep a late request alive.
        if connection.is_late() && connection.phase() == Phase::Reading {
            return Err(NoRequest::TooSlow);
        }
        match receive() {
            Ok(0) => return Err(NoRequest::Closed),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                connection.socket.readable().await.map_err(|_| NoRequest::Closed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(NoRequest::Closed),
        }
    }
}
