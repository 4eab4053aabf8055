//! `GET /events/subscribe`: from a query to a greeted subscriber in the hub.

use std::rc::Rc;

use http::Method;

use crate::clock;
use crate::event::EventId;
use crate::http::{Head, Reply, Version, stream_head};
use crate::hub::{Filter, Subscriber};
use crate::log::Step;
use crate::server::access::{Caller, useless_ticket};
use crate::server::addresses::{Peer, PlaceKey};
use crate::server::connection::Connection;
use crate::server::params::{Params, Start};
use crate::server::quota::Refusal;
use crate::server::route::{Answer, bad_request};
use crate::server::worker::Worker;
use crate::sse::{self, Framing, Gap, Greeting, Reason};

/// The mean of the greeting's `retry:` and how far it may be from it, in milliseconds.
const RETRY_MS_MIN: u64 = 1500;
const RETRY_MS_SPREAD: u64 = 1001;
/// The `retry:` of a refusal for now.
const REFUSED_MS_MIN: u64 = 5000;
const REFUSED_MS_SPREAD: u64 = 10_001;

/// A subscription that was understood; whether there is room for it shows when it is handed over.
pub(crate) struct Subscription {
    caller: Caller,
    filter: Filter,
    start: Start,
    version: Version,
    prefers_status: bool,
    pub(crate) cors: Vec<(&'static str, String)>,
}

/// Judges a subscription's request.
pub(crate) fn answer(worker: &Worker, caller: Caller, head: &Head) -> Answer {
    let params = match Params::read(&head.query) {
        Ok(params) => params,
        Err(details) => return Answer::Reply(bad_request(details)),
    };
    let asked = match params.asked(worker.shared.settings.limits.filter_terms) {
        Ok(asked) => asked,
        Err(details) => return Answer::Reply(bad_request(details)),
    };
    let start = match params.start(last_event_id(head).as_deref()) {
        Ok(start) => start,
        Err(detail) => return Answer::Reply(bad_request(vec![detail])),
    };
    let filter = match caller.filter(asked, &worker.shared.hasher) {
        Ok(filter) => filter,
        Err(reply) => return Answer::Reply(*reply),
    };
    if head.method == Method::HEAD {
        return Answer::StreamHead(Vec::new());
    }
    Answer::Subscribe(Box::new(Subscription {
        caller,
        filter,
        start,
        version: head.version,
        prefers_status: head.prefers_status(),
        cors: Vec::new(),
    }))
}

/// The `Last-Event-ID` field as it came. What is no id of ours, or stands there twice with two values, is a position
/// that we do not know; it is not the same as none.
fn last_event_id(head: &Head) -> Option<String> {
    let mut values = head.headers.get_all("last-event-id").iter();
    let first = values.next()?;
    let mut text = String::from_utf8_lossy(first.as_bytes()).into_owned();
    for value in values.filter(|value| *value != first) {
        text.push(',');
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    Some(text)
}

/// Where a subscriber begins, and the gap to announce first.
struct Beginning {
    position: EventId,
    gap: Option<(String, EventId, Option<u64>)>,
}

/// Takes the connection out of its HTTP phase: greets and gives it to the hub, or tells it to come back later.
pub(crate) async fn hand_over(
    worker: &Rc<Worker>,
    connection: Rc<Connection>,
    subscription: Box<Subscription>,
) {
    let framing = match subscription.version {
        Version::Http11 => Framing::Chunked,
        Version::Http10 => Framing::Close,
    };
    let mut out = Vec::with_capacity(1024);
    let entered = enter(worker, &subscription.caller);
    let mut position = EventId::ZERO;
    match &entered {
        Ok(_) => {
            if let Start::Since { time_ms, .. } = &subscription.start {
                worker.bring_time(*time_ms).await;
            }
            stream_head(&mut out, subscription.version, &subscription.cors, &worker.date());
            position = greet(worker, &subscription.start, framing, &mut out);
        }
        Err(Denied::ForNow(refusal)) => refuse(worker, &subscription, refusal, framing, &mut out),
        Err(Denied::UsedUp) => say(worker, &subscription, *useless_ticket(), &mut out),
    }
    let written = connection.write_all(worker, &out).await;
    let (socket, place) = match (worker.close_connection(connection), entered, written) {
        (Some(socket), Ok(place), Ok(())) => (socket, place),
        (socket, entered, _) => {
            if let Ok(place) = entered {
                worker.leave(place);
            }
            if let Some(socket) = socket {
                worker.linger(socket, false);
            }
            return;
        }
    };
    worker.shared.connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let unchunked = framing == Framing::Close;
    let peer = Peer { socket, place };
    let subscriber = Subscriber { connection: peer, filter: subscription.filter, position, unchunked };
    let id = worker.hub.borrow_mut().add(subscriber, worker.now_ms());
    if let Some(expires_s) = subscription.caller.expires_s() {
        worker.end_at(id, expires_s);
    }
    worker.bell.ring();
}

/// Why a subscription does not come to be.
enum Denied {
    ForNow(Refusal),
    /// Another came first with the same ticket.
    UsedUp,
}

/// Takes the subscriber's places. Whoever finds none keeps the ticket; of several who come with the same one, one gets
/// in.
fn enter(worker: &Worker, caller: &Caller) -> Result<PlaceKey, Denied> {
    let place = worker.admit(&caller.asker).map_err(Denied::ForNow)?;
    let now_ms = clock::monotonic_ms();
    let is_used_up = |ticket: &String| worker.shared.access.tickets.take(ticket, now_ms).is_none();
    if caller.ticket.as_ref().is_some_and(is_used_up) {
        worker.leave(place);
        return Err(Denied::UsedUp);
    }
    Ok(place)
}

fn greet(worker: &Worker, start: &Start, framing: Framing, out: &mut Vec<u8>) -> EventId {
    let Beginning { position, gap } = begin_at(worker, start);
    let client_id = format!("{:016x}", worker.random());
    let greeting = Greeting {
        retry_ms: (RETRY_MS_MIN + worker.random() % RETRY_MS_SPREAD) as u32,
        client_id: &client_id,
        last_event_id: position,
        earliest_event_id: worker.shared.reader.earliest(),
        gap: gap.as_ref().map(|(requested, earliest, missed)| Gap {
            requested,
            earliest: *earliest,
            missed: *missed,
        }),
    };
    sse::greeting(out, framing, &greeting);
    position
}

/// A subscription refused only for now: a browser gives up for good on any status but 200.
fn refuse(
    worker: &Worker,
    subscription: &Subscription,
    refusal: &Refusal,
    framing: Framing,
    out: &mut Vec<u8>,
) {
    let spread_ms = REFUSED_MS_MIN + worker.random() % REFUSED_MS_SPREAD;
    let retry_ms = u32::try_from(spread_ms.max(refusal.retry_after_ms())).unwrap_or(u32::MAX);
    if subscription.prefers_status {
        let mut reply = refusal.reply();
        if !matches!(refusal, Refusal::Rate(_)) {
            reply = reply.with("Retry-After", retry_ms.div_ceil(1000).to_string());
        }
        say(worker, subscription, reply, out);
    } else {
        stream_head(out, subscription.version, &subscription.cors, &worker.date());
        sse::reconnect(out, framing, retry_ms, Reason::Capacity);
        sse::last_chunk(out, framing);
    }
}

/// An answer with a status, after which the connection ends.
fn say(worker: &Worker, subscription: &Subscription, mut reply: Reply, out: &mut Vec<u8>) {
    reply.headers.extend(subscription.cors.iter().cloned());
    reply.write(out, subscription.version, false, false, &worker.date());
}

fn begin_at(worker: &Worker, start: &Start) -> Beginning {
    let reader = &worker.shared.reader;
    let visible = reader.visible();
    let view = reader.view();
    let whole = |position| Beginning { position, gap: None };
    let tail = |requested: &str| Beginning {
        position: visible,
        gap: Some((requested.to_owned(), visible.next(), None)),
    };
    match start {
        Start::Latest => whole(visible),
        Start::Earliest => whole(view.earliest().previous()),
        Start::After(text) => match EventId::parse(text.as_bytes()) {
            None => tail(text),
            Some(position) => match view.step(position, visible) {
                Step::Next(_) => whole(position),
                Step::Ahead => tail(text),
                Step::Gap { earliest, missed } => {
                    Beginning { position: earliest.previous(), gap: Some((text.clone(), earliest, missed)) }
                }
            },
        },
        Start::Since { time_ms, text } => {
            let first = view.at_or_after(*time_ms, visible);
            let earliest = view.earliest();
            let removed = matches!(view.step(EventId::ZERO, visible), Step::Gap { .. });
            if first == earliest && removed && older_than_kept(&view, visible, *time_ms) {
                return Beginning {
                    position: earliest.previous(),
                    gap: Some((text.clone(), earliest, None)),
                };
            }
            whole(first.previous())
        }
    }
}

/// Whether events of this time or later may be gone: none of those is later than the first kept event, or, where none
/// is kept, than the making of the segment that takes the next.
fn older_than_kept(view: &crate::log::View, visible: EventId, time_ms: u64) -> bool {
    view.segments().first().is_some_and(|segment| {
        let earliest = segment.base();
        let kept_ms = if earliest <= visible { segment.time_ms(earliest) } else { segment.created_ms() };
        time_ms < kept_ms
    })
}
