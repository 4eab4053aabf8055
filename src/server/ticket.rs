//! `POST /events/ticket`: swaps a token for a ticket, so that no long-lived token stands in a URL.

use std::sync::Arc;

use http::StatusCode;

use crate::clock;
use crate::http::Reply;
use crate::limits;
use crate::server::access::Caller;
use crate::server::worker::Worker;

/// `201 {"ticket":"…","expiresInMs":30000}`.
pub(crate) fn answer(worker: &Worker, caller: &Caller) -> Reply {
    let Some(grant) = caller.grant() else {
        let message = "this server has no keys, so there are no tickets: subscribe without one";
        return Reply::error(StatusCode::NOT_FOUND, "not_found", message, &[]);
    };
    let mut random = [0; 32];
    let drawn = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty());
    if drawn != Ok(random.len()) {
        let message = "the system gives no random numbers now; send the request again";
        return Reply::error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, &[])
            .with("Retry-After", "1");
    }
    match worker.shared.access.tickets.issue(Arc::clone(grant), random, clock::monotonic_ms()) {
        Ok(ticket) => {
            let body = format!("{{\"ticket\":\"{ticket}\",\"expiresInMs\":{}}}", limits::TICKET_MS);
            Reply::json(StatusCode::CREATED, body.into_bytes()).with("Cache-Control", "no-store")
        }
        Err(full) => {
            let reply =
                Reply::error(StatusCode::TOO_MANY_REQUESTS, "too_many_tickets", &full.to_string(), &[]);
            reply.with("Retry-After", (limits::TICKET_MS / 1000).to_string())
        }
    }
}
