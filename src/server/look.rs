//! Looking at the server: statistics, whether the process answers, whether it takes and gives events.

use std::sync::atomic::Ordering;

use http::StatusCode;

use crate::clock;
use crate::http::Reply;
use crate::json;
use crate::metrics::{Counter, WorkerFigures};
use crate::server::shared::Shared;
use crate::server::worker::Worker;
use crate::throttle::Rate;

/// `GET /events/stats`.
pub(crate) fn stats(worker: &Worker) -> Reply {
    let shared = &worker.shared;
    let sum = |pick| sum(shared, pick);
    let (reader, now_ms) = (&shared.reader, clock::monotonic_ms());
    let view = reader.view();
    let places = shared.quota.addresses().figures();
    let workers: Vec<String> = shared
        .figures
        .iter()
        .enumerate()
        .map(|(id, one)| {
            format!(
                "{{\"id\":{id},\"connections\":{},\"deliveries\":{}}}",
                one.connections.get(),
                one.deliveries.get()
            )
        })
        .collect();
    let body = format!(
        "{{\"activeConnections\":{},\"activeIps\":{},\"perIpPeakConnections\":{},\
         \"maxConnections\":{},\
         \"timestamp\":\"{}\",\"lastEventId\":\"{}\",\"earliestEventId\":\"{}\",\"eventsPublished\":{},\
         \"deliveries\":{},\"subscriptions\":{{\"all\":{},\"streams\":{},\"users\":{}}},\"behind\":{},\
         \"uptimeSeconds\":{},\"log\":{{\"segments\":{},\"bytes\":{},\"damagedPieces\":{}}},\"workers\":[{}],\
         \"activeUsers\":{},\"perUserPeakConnections\":{},{}}}",
        shared.subscribers.load(Ordering::Relaxed),
        places.addresses,
        places.address_peak,
        shared.settings.max_connections,
        timestamp(),
        reader.visible(),
        reader.earliest(),
        shared.events_published.load(Ordering::Relaxed),
        sum(|one| &one.deliveries),
        sum(|one| &one.subscribers_all),
        sum(|one| &one.subscribers_streams),
        sum(|one| &one.subscribers_users),
        sum(|one| &one.behind),
        shared.uptime_ms(now_ms) / 1000,
        view.segments().len(),
        view.bytes(),
        view.damaged_pieces(),
        workers.join(","),
        places.users,
        places.user_peak,
        limits_and_refusals(shared),
    );
    Reply::json(StatusCode::OK, body.into_bytes())
}

/// A figure over all workers.
pub(crate) fn sum(shared: &Shared, pick: fn(&WorkerFigures) -> &Counter) -> u64 {
    shared.figures.iter().map(|one| pick(one).get()).sum()
}

/// The members `accepts`, `closedOnAccept`, `authFailures`, `refusals` and `limits`.
fn limits_and_refusals(shared: &Shared) -> String {
    let sum = |pick| sum(shared, pick);
    let limits = &shared.settings.limits;
    let count = |max: Option<u32>| max.map_or_else(|| "null".to_owned(), |max| max.to_string());
    let rate = |rate: Option<Rate>| {
        rate.map_or_else(
            || "null".to_owned(),
            |rate| format!("{{\"perSecond\":{},\"burst\":{}}}", rate.tokens_per_second(), rate.burst()),
        )
    };
    format!(
        "\"accepts\":{},\"closedOnAccept\":{},\"authFailures\":{},\
         \"refusals\":{{\"capacity\":{},\"address\":{},\"user\":{},\"rate\":{},\"auth\":{}}},\
         \"limits\":{{\"connectionsPerAddress\":{},\"connectionsPerUser\":{},\"subscriptionsPerAddress\":{},\
         \"subscriptionsPerUser\":{},\"eventsPerAddress\":{},\"eventsPerUser\":{},\
         \"authFailuresPerAddress\":{},\"filterTerms\":{}}}",
        sum(|one| &one.accepts),
        sum(|one| &one.closed_on_accept),
        sum(|one| &one.auth_failures),
        sum(|one| &one.refused_capacity),
        sum(|one| &one.refused_address),
        sum(|one| &one.refused_user),
        sum(|one| &one.refused_rate),
        sum(|one| &one.refused_auth),
        count(limits.connections_per_address),
        count(limits.connections_per_user),
        rate(limits.subscriptions_per_address),
        rate(limits.subscriptions_per_user),
        rate(limits.events_per_address),
        rate(limits.events_per_user),
        rate(limits.auth_failures_per_address),
        limits.filter_terms,
    )
}

/// `GET /health`: the process answers.
pub(crate) fn health(worker: &Worker) -> Reply {
    let uptime_ms = worker.shared.uptime_ms(clock::monotonic_ms());
    let body = format!(
        "{{\"status\":\"healthy\",\"timestamp\":\"{}\",\"uptime\":{}.{:03},\"version\":\"{}\"}}",
        timestamp(),
        uptime_ms / 1000,
        uptime_ms % 1000,
        env!("CARGO_PKG_VERSION")
    );
    Reply::json(StatusCode::OK, body.into_bytes())
}

/// `GET /ready`: events are taken and given, or why not.
pub(crate) fn ready(worker: &Worker) -> Reply {
    let reader = &worker.shared.reader;
    let reason = if worker.shared.is_draining() {
        Some(("draining", "the server is shutting down".to_owned()))
    } else if reader.poisoned().is_some() {
        // The reason names files: it stands in the server's own log.
        Some(("poisoned", "a write to the log failed; the server must be restarted".to_owned()))
    } else if reader.is_under_floor() {
        let message = "too little of the log's disk is free; publishing goes on by itself once there is room";
        Some(("disk_full", message.to_owned()))
    } else if reader.prepare_failure().is_some() {
        Some(("disk_full", "no room for another segment of the log".to_owned()))
    } else {
        None
    };
    match reason {
        None => {
            let warning = if worker.shared.settings.insecure {
                ",\"warning\":\"open to everyone: started with --insecure\""
            } else {
                ""
            };
            let degraded = if reader.view().damaged_pieces() > 0 {
                ",\"degraded\":\"some stored events are damaged and are announced as a gap; see the server's log\""
            } else {
                ""
            };
            let body = format!("{{\"status\":\"ready\"{warning}{degraded}}}");
            Reply::json(StatusCode::OK, body.into_bytes())
        }
        Some((name, message)) => {
            let mut body = b"{\"status\":\"not_ready\",\"error\":".to_vec();
            json::string(&mut body, name);
            body.extend_from_slice(b",\"message\":");
            json::string(&mut body, &message);
            body.push(b'}');
            Reply::json(StatusCode::SERVICE_UNAVAILABLE, body).with("Retry-After", "1")
        }
    }
}

/// The wall clock in RFC 3339.
fn timestamp() -> String {
    let now = i64::try_from(clock::unix_ms()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(now).map(|now| format!("{now:.3}")).unwrap_or_default()
}
