//! Which path does what. Every path also answers under `/v1` (the prefix is gone when a head comes here).

use http::{Method, StatusCode};

use crate::auth::{OriginPolicy, OriginVerdict, Right};
use crate::event::EventType;
use crate::http::{Detail, Head, Reply};
use crate::server::access::Caller;
use crate::server::connection::Connection;
use crate::server::request::Request;
use crate::server::subscribe::Subscription;
use crate::server::worker::Worker;
use crate::server::{exposition, history, look, page, publish, subscribe, ticket};
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
    Ticket,
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

/// A request that may be answered once its body is here.
pub(crate) struct Admitted {
    route: Route,
    caller: Caller,
    cors: Vec<(&'static str, String)>,
}

impl Admitted {
    /// Whether the body says anything; that of others is read over, and nothing of it is kept.
    pub(crate) fn wants_body(&self) -> bool {
        matches!(self.route, Route::Publish | Route::NewStream | Route::Action(..))
    }

    /// Fields that stand on the answer whatever it is.
    pub(crate) fn cors(&self) -> &[(&'static str, String)] {
        &self.cors
    }
}

/// Judges a request by its head, before anything of its body is kept. In this order: the host (403), method and path
/// (501, 404, 405, 400), the page it comes from (403), who asks (401), a right that the path alone asks for (403),
/// `Accept` (406). The query (400) and the right to what it names (403) come with the answer. CORS fields stand on
/// answers and errors alike.
pub(crate) fn admit(worker: &Worker, connection: &Connection, head: &Head) -> Result<Admitted, Box<Reply>> {
    let verdict = worker.shared.settings.origins.judge(head.host.as_deref(), head.origin());
    let cors = match &verdict {
        OriginVerdict::ForeignHost => {
            return Err(Box::new(Reply::error(
                StatusCode::FORBIDDEN,
                "foreign_host",
                "this server has no keys and answers only to a loopback name: use localhost or 127.0.0.1",
                &[],
            )));
        }
        OriginVerdict::Allowed(origin) => OriginPolicy::fields(origin),
        OriginVerdict::SameOrigin | OriginVerdict::ForeignOrigin => Vec::new(),
    };
    let judged = find_route(head).and_then(|route| {
        refuse_foreign_page(head, &verdict)?;
        let caller = admit_caller(worker, connection, head, &route)?;
        if head.accepts(route.media_type()) {
            return Ok((route, caller));
        }
        let message =
            format!("this path answers with {}, which the Accept field excludes", route.media_type());
        Err(Box::new(Reply::error(StatusCode::NOT_ACCEPTABLE, "not_acceptable", &message, &[])))
    });
    match judged {
        Ok((route, caller)) => Ok(Admitted { route, caller, cors }),
        Err(mut reply) => {
            reply.headers.extend(cors);
            Err(reply)
        }
    }
}

/// Answers a request that was let in.
pub(crate) async fn answer(worker: &Worker, admitted: Admitted, request: &Request<'_>) -> Answer {
    let Admitted { route, caller, cors } = admitted;
    let head = &request.head;
    if let Err(mut reply) = caller.still() {
        reply.headers.extend(cors);
        return Answer::Reply(*reply);
    }
    let answer = match route {
        Route::Subscribe => subscribe::answer(worker, caller, head),
        Route::History => Answer::Reply(history::answer(worker, &caller, head).await),
        Route::Publish => Answer::Reply(publish::events(worker, request, &caller.asker).await),
        Route::NewStream => Answer::Reply(publish::new_stream(worker, request, &caller.asker).await),
        Route::Action(stream, kind) => {
            Answer::Reply(publish::action(worker, request, &caller.asker, &stream, kind).await)
        }
        Route::Ticket => Answer::Reply(ticket::answer(worker, &caller)),
        Route::Stats => Answer::Reply(look::stats(worker)),
        Route::Metrics => Answer::Reply(exposition::metrics(worker)),
        Route::Health => Answer::Reply(look::health(worker)),
        Route::Ready => Answer::Reply(look::ready(worker)),
        Route::Page(asset) => Answer::Reply(asset.reply()),
    };
    match answer {
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

/// The route of a method and a path, or the answer where there is none; so is that to OPTIONS.
fn find_route(head: &Head) -> Result<Route, Box<Reply>> {
    let error = |status, name, message: &str| Err(Box::new(Reply::error(status, name, message, &[])));
    if !KNOWN_METHODS.contains(&head.method) {
        let message = "this server does not know the method";
        return error(StatusCode::NOT_IMPLEMENTED, "unknown_method", message);
    }
    let Some(allow) = methods_of(&head.path) else {
        if head.method == Method::OPTIONS && head.path == "*" {
            return Err(Box::new(preflight(GET_AND_POST)));
        }
        let message = "there is no such path; the API has /events, /events/subscribe, /events/ticket, \
                       /events/stats, /streams, /streams/{streamId}/{action}, /metrics, /health and /ready";
        return error(StatusCode::NOT_FOUND, "not_found", message);
    };
    if head.method == Method::OPTIONS {
        return Err(Box::new(preflight(allow)));
    }
    match find(&head.method, &head.path) {
        Ok(Some(route)) => Ok(route),
        Ok(None) => {
            let message = format!("this path answers to {allow}");
            let reply = Reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message, &[]);
            Err(Box::new(reply.with("Allow", allow)))
        }
        Err(detail) => Err(Box::new(bad_request(vec![detail]))),
    }
}

/// Nothing is published for pages of other origins, whatever cookie the browser sends along. `Sec-Fetch-Site` tells
/// of those that come without an `Origin`, and of a page of our name that did not come over TLS as we do.
fn refuse_foreign_page(head: &Head, verdict: &OriginVerdict) -> Result<(), Box<Reply>> {
    let elsewhere = match verdict {
        OriginVerdict::Allowed(_) => false,
        OriginVerdict::ForeignOrigin | OriginVerdict::ForeignHost => true,
        OriginVerdict::SameOrigin => {
            matches!(head.header("sec-fetch-site"), Some("cross-site" | "same-site"))
        }
    };
    if !elsewhere || head.method != Method::POST {
        return Ok(());
    }
    let message = "pages of this origin may not publish here: allow it with --cors-origin";
    Err(Box::new(Reply::error(StatusCode::FORBIDDEN, "foreign_origin", message, &[])))
}

/// Who asks, if they may use the route at all.
fn admit_caller(
    worker: &Worker,
    connection: &Connection,
    head: &Head,
    route: &Route,
) -> Result<Caller, Box<Reply>> {
    let asker = worker.asker(connection, head);
    let right = match route {
        Route::Health | Route::Ready | Route::Page(_) => return Ok(Caller::stranger(asker)),
        Route::Subscribe | Route::History | Route::Ticket => None,
        Route::Publish | Route::NewStream | Route::Action(..) => Some(Right::Publish),
        Route::Stats | Route::Metrics => Some(Right::Admin),
    };
    let keyless = worker.shared.access.verifier.is_none();
    if right == Some(Right::Admin) && keyless && !asker.client.is_local() {
        let message = "statistics are for this machine alone: ask from it";
        return Err(Box::new(Reply::error(StatusCode::FORBIDDEN, "forbidden", message, &[])));
    }
    let caller = worker.caller(head, matches!(route, Route::Subscribe), asker)?;
    right.map_or(Ok(()), |right| caller.may(&right))?;
    if right == Some(Right::Publish) {
        worker.may_publish(&caller.asker)?;
    }
    Ok(caller)
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
        "/streams" | "/events/ticket" => Some(POST),
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
        "/events/ticket" => posts.then_some(Route::Ticket),
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
