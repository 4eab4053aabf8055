//! Which path does what. Every path also answers under `/v1` (the prefix is gone when a head comes here).

use http::{Method, StatusCode};

use crate::auth::{OriginPolicy, OriginVerdict};
use crate::event::EventType;
use crate::http::{Detail, Reply};
use crate::server::connection::Connection;
use crate::server::quota::Asker;
use crate::server::request::Request;
use crate::server::subscribe::Subscription;
use crate::server::worker::Worker;
use crate::server::{exposition, history, look, page, publish, subscribe};
use crate::topic::StreamId;

/// What a request comes to.
pub(crate) enum Answer {
    Reply(Reply),
    Subscribe(Box<Subscription>),
    /// The head of an event stream alone, for HEAD; with these fields more.
    StreamHead(Vec<(&'static str, String)>),
}

/// The routes, parsed from path and method.
enum Route {
    Subscribe,
    History,
    Publish,
    NewStream,
    Action(StreamId, EventType),
    Stats,
    Metrics,
    Health,
    Ready,
    Page(&'static page::Asset),
}

impl Route {
    /// What it answers with when all goes well.
    fn media_type(&self) -> &'static str {
        match self {
            Self::Subscribe => "text/event-stream",
            Self::Page(asset) => asset.media_type(),
            Self::Metrics => "text/plain",
            _ => "application/json",
        }
    }
}

const GET: &str = "GET, HEAD, OPTIONS";
const POST: &str = "POST, OPTIONS";
const GET_AND_POST: &str = "GET, HEAD, POST, OPTIONS";
const KNOWN_METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// Judges the origin, finds the route and answers. CORS fields stand on answers and errors alike.
pub(crate) async fn answer(worker: &Worker, connection: &Connection, request: &Request<'_>) -> Answer {
    let head = &request.head;
    let verdict = worker.shared.settings.origins.judge(head.host.as_deref(), head.header("origin"));
    let cors = match &verdict {
        OriginVerdict::ForeignHost => {
            return Answer::Reply(Reply::error(
                StatusCode::FORBIDDEN,
                "foreign_host",
                "this server has no keys and answers only to a loopback name: use localhost or 127.0.0.1",
                &[],
            ));
        }
        OriginVerdict::Allowed(origin) => OriginPolicy::fields(origin),
        OriginVerdict::SameOrigin | OriginVerdict::ForeignOrigin => Vec::new(),
    };
    let foreign = verdict == OriginVerdict::ForeignOrigin;
    match dispatch(worker, connection, request, foreign).await {
        Answer::Reply(mut reply) => {
            reply.headers.extend(cors);
            Answer::Reply(reply)
        }
        Answer::StreamHead(_) => Answer::StreamHead(cors),
        Answer::Subscribe(mut subscription) => {
            subscription.cors = cors;
            Answer::Subscribe(subscription)
        }
    }
}

async fn dispatch(worker: &Worker, connection: &Connection, request: &Request<'_>, foreign: bool) -> Answer {
    let head = &request.head;
    if !KNOWN_METHODS.contains(&head.method) {
        let message = "this server does not know the method";
        return Answer::Reply(Reply::error(StatusCode::NOT_IMPLEMENTED, "unknown_method", message, &[]));
    }
    let Some(allow) = methods_of(&head.path) else {
        if head.method == Method::OPTIONS && head.path == "*" {
            return Answer::Reply(preflight(GET_AND_POST));
        }
        let message = "there is no such path; the API has /events, /events/subscribe, /events/stats, /streams, \
                       /streams/{streamId}/{action}, /metrics, /health and /ready";
        return Answer::Reply(Reply::error(StatusCode::NOT_FOUND, "not_found", message, &[]));
    };
    if head.method == Method::OPTIONS {
        return Answer::Reply(preflight(allow));
    }
    let route = match find(&head.method, &head.path) {
        Ok(Some(route)) => route,
        Ok(None) => {
            let message = format!("this path answers to {allow}");
            let reply = Reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message, &[]);
            return Answer::Reply(reply.with("Allow", allow));
        }
        Err(detail) => return Answer::Reply(bad_request(vec![detail])),
    };
    if foreign && head.method == Method::POST {
        let message = "pages of this origin may not publish here: allow it with --cors-origin";
        return Answer::Reply(Reply::error(StatusCode::FORBIDDEN, "foreign_origin", message, &[]));
    }
    if !head.accepts(route.media_type()) {
        let message =
            format!("this path answers with {}, which the Accept field excludes", route.media_type());
        return Answer::Reply(Reply::error(StatusCode::NOT_ACCEPTABLE, "not_acceptable", &message, &[]));
    }
    let asker = worker.asker(connection, head);
    if matches!(route, Route::Publish | Route::NewStream | Route::Action(..))
        && let Err(reply) = worker.may_publish(&asker)
    {
        return Answer::Reply(reply);
    }
    match route {
        Route::Subscribe => subscribe::answer(worker, head, asker),
        Route::History => Answer::Reply(history::answer(worker, head).await),
        Route::Publish => Answer::Reply(publish::events(worker, request, &asker).await),
        Route::NewStream => Answer::Reply(publish::new_stream(worker, request, &asker).await),
        Route::Action(stream, kind) => {
            Answer::Reply(publish::action(worker, request, &asker, &stream, kind).await)
        }
        Route::Stats if is_local(&asker) => Answer::Reply(look::stats(worker)),
        Route::Metrics if is_local(&asker) => Answer::Reply(exposition::metrics(worker)),
        Route::Stats | Route::Metrics => {
            let message = "statistics are for this machine alone: ask from it";
            Answer::Reply(Reply::error(StatusCode::FORBIDDEN, "forbidden", message, &[]))
        }
        Route::Health => Answer::Reply(look::health(worker)),
        Route::Ready => Answer::Reply(look::ready(worker)),
        Route::Page(asset) => Answer::Reply(asset.reply()),
    }
}

/// A 400 that names the fields at fault.
pub(crate) fn bad_request(details: Vec<Detail>) -> Reply {
    let message = match details.as_slice() {
        [one] => format!("{}: {}", one.path, one.message),
        many => format!("{} fields are at fault: see details", many.len()),
    };
    Reply::error(StatusCode::BAD_REQUEST, "bad_request", &message, &details)
}

fn preflight(allow: &'static str) -> Reply {
    let mut reply = Reply::empty(StatusCode::NO_CONTENT).with("Allow", allow);
    reply.headers.extend(OriginPolicy::preflight_fields(allow));
    reply
}

/// The methods of a path; `None` where there is no such path.
fn methods_of(path: &str) -> Option<&'static str> {
    match path {
        "/events/subscribe" | "/events/stats" | "/metrics" | "/health" | "/ready" => Some(GET),
        "/events" => Some(GET_AND_POST),
        "/streams" => Some(POST),
        _ if action_of(path).is_some() => Some(POST),
        _ => page::find(path).map(|_| GET),
    }
}

/// The action in `/streams/{streamId}/{action}`.
fn action_of(path: &str) -> Option<(&str, EventType)> {
    let (stream, action) = path.strip_prefix("/streams/")?.split_once('/')?;
    let kind = match action {
        "top-up" => EventType::ToppedUp,
        "withdraw" => EventType::Withdrawn,
        "cancel" => EventType::Cancelled,
        "complete" => EventType::Completed,
        "pause" => EventType::Paused,
        "resume" => EventType::Resumed,
        _ => return None,
    };
    Some((stream, kind))
}

/// The route of a known path; `None` where the method is not for it.
fn find(method: &Method, path: &str) -> Result<Option<Route>, Detail> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let posts = *method == Method::POST;
    Ok(match path {
        "/events/subscribe" => reads.then_some(Route::Subscribe),
        "/events/stats" => reads.then_some(Route::Stats),
        "/metrics" => reads.then_some(Route::Metrics),
        "/health" => reads.then_some(Route::Health),
        "/ready" => reads.then_some(Route::Ready),
        "/events" if reads => Some(Route::History),
        "/events" => posts.then_some(Route::Publish),
        "/streams" => posts.then_some(Route::NewStream),
        _ => match action_of(path) {
            Some((stream, kind)) if posts => {
                let stream = StreamId::parse(stream)
                    .map_err(|error| Detail { path: "streamId".into(), message: error.to_string() })?;
                Some(Route::Action(stream, kind))
            }
            Some(_) => None,
            None => page::find(path).filter(|_| reads).map(Route::Page),
        },
    })
}

/// Whether it comes from this machine, and not by a proxy on it.
fn is_local(asker: &Asker) -> bool {
    asker.client.is_local()
}
