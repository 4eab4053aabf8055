//! The publishing routes: a body becomes a submission, the writer thread's answer becomes a reply.

use std::io::Write as _;

use http::StatusCode;

use crate::event::{self, EventError, EventId, EventType, Events, Identity, NewEvent, members};
use crate::http::{Detail, Reply};
use crate::ingest::{PublishError, Published, Submission, SubmitError, Ticket};
use crate::json;
use crate::limits;
use crate::server::params::detail;
use crate::server::quota::Asker;
use crate::server::request::Request;
use crate::server::route::bad_request;
use crate::server::worker::Worker;
use crate::sse;
use crate::topic::StreamId;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `POST /events`.
pub(crate) async fn events(worker: &Worker, request: &Request<'_>, asker: &Asker) -> Reply {
    let rules = worker.shared.settings.rules;
    let parsed = match media_type(request, &[JSON, NDJSON]) {
        Ok(NDJSON) => event::parse_ndjson(&request.body, rules),
        Ok(_) => event::parse_json(&request.body, rules),
        Err(reply) => return *reply,
    };
    let Events { mut events, batch } = match parsed {
        Ok(events) => events,
        Err(error) => return refused(&error),
    };
    match idempotency_key(request) {
        Ok(None) => {}
        Ok(Some(_)) if batch => {
            return bad_request(vec![detail(
                "Idempotency-Key",
                "goes with a single event; give the events of a batch a dedupeKey each".into(),
            )]);
        }
        Ok(Some(key)) => {
            if let Err(detail) = identify(&mut events, key) {
                return bad_request(vec![detail]);
            }
        }
        Err(detail) => return bad_request(vec![detail]),
    }
    match submit(worker, asker, events, batch).await {
        Err(reply) => *reply,
        Ok(published) if batch => batch_reply(&published),
        Ok(published) => single_reply(published.first().copied()),
    }
}

/// `POST /streams`.
pub(crate) async fn new_stream(worker: &Worker, request: &Request<'_>, asker: &Asker) -> Reply {
    let key = match media_type(request, &[JSON])
        .map_err(|reply| *reply)
        .and_then(|_| idempotency_key(request).map_err(|detail| bad_request(vec![detail])))
    {
        Ok(key) => key,
        Err(reply) => return reply,
    };
    let pending = pending_name(worker, key.as_deref());
    let event = match event::parse_new_stream(&request.body, &pending, worker.shared.settings.rules) {
        Ok(event) => event,
        Err(error) => return refused(&error),
    };
    stored(worker, asker, event, key).await
}

/// `POST /streams/{streamId}/{action}`.
pub(crate) async fn action(
    worker: &Worker,
    request: &Request<'_>,
    asker: &Asker,
    stream: &StreamId,
    kind: EventType,
) -> Reply {
    if let Err(reply) = media_type(request, &[JSON])
        && (!request.head.has_length || !request.body.is_empty())
    {
        return *reply;
    }
    let key = match idempotency_key(request) {
        Ok(key) => key,
        Err(detail) => return bad_request(vec![detail]),
    };
    match event::parse_action(&request.body, stream, kind, worker.shared.settings.rules) {
        Ok(event) => stored(worker, asker, event, key).await,
        Err(error) => refused(&error),
    }
}

/// Publishes the one event and answers with its stored fields.
async fn stored(worker: &Worker, asker: &Asker, event: NewEvent, key: Option<String>) -> Reply {
    let mut events = vec![event];
    if let Some(key) = key
        && let Err(detail) = identify(&mut events, key)
    {
        return bad_request(vec![detail]);
    }
    let Some(event) = events.first() else { return single_reply(None) };
    let (stream, kind, data) = (event.stream.clone(), event.kind, event.data.clone());
    match submit(worker, asker, events, false).await {
        Err(reply) => *reply,
        Ok(published) => match published.first() {
            Some(published) => stored_reply(&stream, kind, &data, *published),
            None => single_reply(None),
        },
    }
}

/// The name of a payment stream that has none yet: random, or of the idempotency key, so that a repeated request
/// names the same payment stream.
fn pending_name(worker: &Worker, key: Option<&str>) -> StreamId {
    let hasher = &worker.shared.hasher;
    let halves = match key {
        Some(key) => [hasher.key(key), hasher.source(key)],
        None => [worker.random(), worker.random()],
    };
    let name: String = halves
        .iter()
        .flat_map(|half| (0..8).map(move |digit| BASE32[(half >> (digit * 5) & 31) as usize] as char))
        .collect();
    StreamId::parse(&format!("{}{name}", event::PENDING_PREFIX)).unwrap_or_else(|_| StreamId::from_number(0))
}

/// Which of the admitted media types the body is of (RFC 9110, section 8.3).
fn media_type(request: &Request<'_>, admitted: &[&'static str]) -> Result<&'static str, Box<Reply>> {
    if !request.head.has_length {
        let message = "send the body with Content-Length or Transfer-Encoding: chunked";
        return Err(Box::new(Reply::error(StatusCode::LENGTH_REQUIRED, "length_required", message, &[])));
    }
    let given = request.head.header("content-type").unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    admitted.iter().copied().find(|admitted| given.eq_ignore_ascii_case(admitted)).ok_or_else(|| {
        let message = format!("send the body with Content-Type: {}", admitted.join(" or "));
        Box::new(Reply::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", &message, &[]))
    })
}

fn idempotency_key(request: &Request<'_>) -> Result<Option<String>, Detail> {
    if !request.head.headers.contains_key("idempotency-key") {
        return Ok(None);
    }
    let key = request.head.header("idempotency-key").unwrap_or_default();
    let visible =
        !key.is_empty() && key.len() <= limits::KEY_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible {
        Ok(Some(key.to_owned()))
    } else {
        Err(detail("Idempotency-Key", format!("1 to {} visible ASCII characters, once", limits::KEY_MAX)))
    }
}

/// Puts the key of the header on the one event.
fn identify(events: &mut [NewEvent], key: String) -> Result<(), Detail> {
    let Some(event) = events.first_mut() else { return Ok(()) };
    let key = Identity::Key(key);
    if event.identity != Identity::None && event.identity != key {
        return Err(detail("Idempotency-Key", "differs from the identity in the body".into()));
    }
    event.identity = key;
    Ok(())
}

/// Hands the events to the writer thread and waits for its answer.
async fn submit(
    worker: &Worker,
    asker: &Asker,
    events: Vec<NewEvent>,
    batch: bool,
) -> Result<Vec<Published>, Box<Reply>> {
    let unavailable = |message: &str| {
        Box::new(
            Reply::error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, &[])
                .with("Retry-After", "1"),
        )
    };
    let Some(pending) = worker.waiting.enter() else {
        return Err(unavailable("too many events wait to be written; nothing was stored, send them again"));
    };
    worker.charge_events(asker, events.len())?;
    let ticket = Ticket { worker: worker.index, token: pending.token() };
    let submitted = match worker.publisher.borrow().as_ref() {
        Some(publisher) => publisher.submit(Submission { ticket, events }),
        None => Err(SubmitError::Closed),
    };
    if let Err(error) = submitted {
        return Err(unavailable(&format!("{error}; nothing was stored, send it again")));
    }
    match pending.await.unwrap_or(Err(PublishError::CommitUnknown)) {
        Ok(published) => {
            let stored = published.iter().filter(|one| !one.duplicate).count();
            worker.shared.events_published.fetch_add(stored as u64, std::sync::atomic::Ordering::Relaxed);
            Ok(published)
        }
        Err(error) => Err(Box::new(failed(&error, batch))),
    }
}

fn failed(error: &PublishError, batch: bool) -> Reply {
    let message = error.to_string();
    match error {
        PublishError::KeyConflict { index, .. } | PublishError::KeyTwice { index, .. } => {
            let path = if batch { format!("[{index}].dedupeKey") } else { "Idempotency-Key".to_owned() };
            Reply::error(StatusCode::CONFLICT, "key_conflict", &message, &[detail(&path, message.clone())])
        }
        PublishError::PartiesConflict { index, party } => {
            let path = if batch { format!("[{index}].data.{party}") } else { (*party).to_owned() };
            let details = [detail(&path, message.clone())];
            Reply::error(StatusCode::CONFLICT, "parties_conflict", &message, &details)
        }
        PublishError::Unavailable { .. } => {
            Reply::error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &message, &[])
                .with("Retry-After", "1")
        }
        PublishError::CommitUnknown => {
            Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "commit_unknown", &message, &[])
        }
        PublishError::FrameTooLong { .. } => {
            Reply::error(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", &message, &[])
        }
    }
}

/// A body that holds no publishable events.
fn refused(error: &EventError) -> Reply {
    let message = error.to_string();
    match error {
        EventError::TooMany { .. } => {
            Reply::error(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", &message, &[])
        }
        EventError::Json { .. } => Reply::error(StatusCode::BAD_REQUEST, "bad_json", &message, &[]),
        EventError::Fields { faults, .. } => {
            let details: Vec<_> =
                faults.iter().map(|fault| detail(&fault.path, fault.message.clone())).collect();
            Reply::error(StatusCode::BAD_REQUEST, "bad_request", &message, &details)
        }
    }
}

fn push_result(out: &mut Vec<u8>, published: Published) {
    out.extend_from_slice(b"{\"eventId\":\"");
    sse::push_decimal(out, published.id.0);
    out.push(b'"');
    if published.duplicate {
        out.extend_from_slice(b",\"duplicate\":true");
    }
    out.push(b'}');
}

fn single_reply(published: Option<Published>) -> Reply {
    let Some(published) = published else { return failed(&PublishError::CommitUnknown, false) };
    let mut body = Vec::with_capacity(48);
    push_result(&mut body, published);
    Reply::json(if published.duplicate { StatusCode::OK } else { StatusCode::CREATED }, body)
}

fn batch_reply(published: &[Published]) -> Reply {
    let mut body = Vec::with_capacity(16 + published.len() * 32);
    body.extend_from_slice(b"{\"results\":[");
    for (at, one) in published.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        push_result(&mut body, *one);
    }
    body.extend_from_slice(b"]}");
    Reply::json(StatusCode::CREATED, body)
}

/// `{"id":"7","streamId":7,"eventId":"42","status":"pending", …the stored fields}`.
fn stored_reply(stream: &StreamId, kind: EventType, data: &[u8], published: Published) -> Reply {
    let mut body = Vec::with_capacity(data.len() + 128);
    body.extend_from_slice(b"{\"id\":");
    json::string(&mut body, stream.as_str());
    let own: &[&[u8]] = &[b"\"id\"", b"\"eventId\"", b"\"status\"", b"\"duplicate\""];
    let mut rest = Vec::with_capacity(data.len());
    for (name, value) in members(data) {
        let place = if name == b"\"streamId\"" { &mut body } else { &mut rest };
        if !own.contains(&name) {
            place.push(b',');
            place.extend_from_slice(name);
            place.push(b':');
            place.extend_from_slice(value);
        }
    }
    let status = if kind == EventType::Created { "pending" } else { "stored" };
    // Writing to a Vec cannot fail.
    let _ok = write!(body, ",\"eventId\":\"{}\",\"status\":\"{status}\"", published.id);
    if published.duplicate {
        body.extend_from_slice(b",\"duplicate\":true");
    }
    body.extend_from_slice(&rest);
    body.push(b'}');
    let status = if published.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    let after: EventId = published.id.previous();
    Reply::json(status, body).with("Location", format!("/events?all=true&after={after}&limit=1"))
}
