//! Who asks, and what they may: from the head of a request to its caller, or to 401 or 403.
//!
//! Which right a route needs is `route`'s to say, and whether a grant covers it `auth`'s. On a server without keys
//! nothing is judged here. No token and no ticket reaches an answer or the server's log.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::auth::{
    Credential, CredentialError, Forbidden, Grant, Right, SharedVerifier, Tickets, TokenDigest, TokenError,
    credentials,
};
use crate::clock;
use crate::http::{Head, Reply, pairs};
use crate::hub::Filter;
use crate::server::params::{Asked, detail, no_filter};
use crate::server::quota::Asker;
use crate::server::route::bad_request;
use crate::server::worker::Worker;
use crate::topic::TopicHasher;

/// Whoever is behind a request that may be answered.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) asker: Asker,
    /// `None`: there are no keys, and everybody may everything.
    grant: Option<Arc<Grant>>,
    /// What the grant was shown by, where that is to be used up.
    pub(crate) ticket: Option<String>,
}

/// Why a credential is not good.
enum NotGood {
    /// It once was, or may have been: a client that comes back with what it has is no attacker.
    Stale(Box<Reply>),
    Never(Box<Reply>),
}

impl Worker {
    /// Finds the caller of a request. `takes_tickets`: whether its route does. Good credentials are taken however many
    /// bad ones came from the same address: whoever shares it may not lock it out.
    pub(crate) fn caller(
        &self,
        head: &Head,
        takes_tickets: bool,
        mut asker: Asker,
    ) -> Result<Caller, Box<Reply>> {
        let access = &self.shared.access;
        let Some(verifier) = &access.verifier else { return Ok(Caller::stranger(asker)) };
        let pairs = pairs(&head.query)
            .map_err(|error| Box::new(bad_request(vec![detail("query", error.to_string())])))?;
        let query: Vec<_> =
            pairs.iter().filter(|(name, _)| name == "token").map(|(_, value)| value.as_str()).collect();
        let (authorization, cookies) =
            (values(&head.headers, "authorization"), values(&head.headers, "cookie"));
        let (authorization, cookies) = (borrowed(&authorization), borrowed(&cookies));
        let known = match credentials(&authorization, &cookies, &query) {
            Err(error) => Err(NotGood::Never(useless(&error))),
            Ok(None) => return Err(nobody()),
            Ok(Some(Credential::Token(token))) => known(verifier, token).map(|grant| (grant, None)),
            Ok(Some(Credential::Ticket { .. })) if !takes_tickets => {
                let message = "a ticket is for GET /events/subscribe alone; send a token here";
                Err(NotGood::Stale(unauthorized("invalid_ticket", "invalid_token", message)))
            }
            Ok(Some(Credential::Ticket { ticket, beside })) => peeked(&access.tickets, ticket, beside)
                .map(|grant| (grant, Some(ticket.to_owned())))
                .map_err(NotGood::Stale),
        };
        let (grant, ticket) = match known {
            Ok(known) => known,
            Err(NotGood::Stale(reply)) => return Err(reply),
            Err(NotGood::Never(reply)) => {
                self.authentication_failed(&asker.client).map_err(|refusal| Box::new(refusal.reply()))?;
                return Err(reply);
            }
        };
        asker.user = grant.subject.clone();
        Ok(Caller { asker, grant: Some(grant), ticket })
    }
}

impl Caller {
    /// Of what is open to everybody, and of a server without keys.
    pub(crate) fn stranger(asker: Asker) -> Self {
        Self { asker, grant: None, ticket: None }
    }

    /// When what the caller may do ends, in unix seconds.
    pub(crate) fn expires_s(&self) -> Option<u64> {
        self.grant.as_ref().map(|grant| grant.expires_s)
    }

    /// What the caller showed may have run out while the body came.
    pub(crate) fn still(&self) -> Result<(), Box<Reply>> {
        match self.expires_s() {
            Some(expires_s) if now_s() >= expires_s => {
                Err(token_expired("the token has expired while the request came in; get a new one"))
            }
            _ => Ok(()),
        }
    }

    /// What a ticket would be made for.
    pub(crate) fn grant(&self) -> Option<&Arc<Grant>> {
        self.grant.as_ref()
    }

    pub(crate) fn may(&self, right: &Right<'_>) -> Result<(), Box<Reply>> {
        match &self.grant {
            None => Ok(()),
            Some(grant) => grant.allows(right).map_err(|error| forbidden(&error)),
        }
    }

    /// The filter that was asked for, if the caller may read all of it; less of it is never given in silence.
    pub(crate) fn filter(&self, mut asked: Asked, hasher: &TopicHasher) -> Result<Filter, Box<Reply>> {
        if let Some(grant) = &self.grant
            && grant.own
            && asked.is_nothing()
        {
            asked.users.extend(grant.subject.clone());
        }
        if asked.is_nothing() {
            return Err(Box::new(bad_request(vec![no_filter()])));
        }
        self.may(&Right::Read { all: asked.all, streams: &asked.streams, users: &asked.users })?;
        Ok(asked.filter(hasher))
    }
}

/// The fields of a name. What is not text keeps its place, so that it is not passed over.
fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<Cow<'h, str>> {
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect()
}

fn borrowed<'v>(values: &'v [Cow<'_, str>]) -> Vec<&'v str> {
    values.iter().map(AsRef::as_ref).collect()
}

fn known(verifier: &SharedVerifier, token: &str) -> Result<Arc<Grant>, NotGood> {
    verifier.verify(token, now_s()).map(Arc::new).map_err(|error| match error {
        TokenError::Expired { .. } => NotGood::Stale(token_expired(&error.to_string())),
        _ => NotGood::Never(unauthorized("invalid_token", "invalid_token", &error.to_string())),
    })
}

fn token_expired(message: &str) -> Box<Reply> {
    unauthorized("token_expired", "invalid_token", message)
}

/// The grant of a ticket, which stays good. `beside`: a token sent with it, which must be the one it was swapped for.
fn peeked(tickets: &Tickets, ticket: &str, beside: Option<&str>) -> Result<Arc<Grant>, Box<Reply>> {
    let grant = tickets.peek(ticket, clock::monotonic_ms()).ok_or_else(useless_ticket)?;
    if beside.is_some_and(|token| TokenDigest::of(token) != grant.digest) {
        let message =
            "the ticket was swapped for another token than the one sent with it; send one of the two";
        return Err(unauthorized("conflicting_credentials", "invalid_request", message));
    }
    if now_s() >= grant.expires_s {
        let message = "the token that the ticket was swapped for has expired; get a new one";
        return Err(token_expired(message));
    }
    Ok(grant)
}

fn now_s() -> u64 {
    clock::unix_ms() / 1000
}

/// A ticket that is good for nothing, or is so no more.
pub(crate) fn useless_ticket() -> Box<Reply> {
    let message = "the ticket was used, has expired or was never given: get another with POST /events/ticket";
    unauthorized("invalid_ticket", "invalid_token", message)
}

fn useless(error: &CredentialError) -> Box<Reply> {
    match error {
        CredentialError::Disagree => {
            unauthorized("conflicting_credentials", "invalid_request", &error.to_string())
        }
        _ => unauthorized("invalid_token", "invalid_request", &error.to_string()),
    }
}

/// RFC 6750, section 3.1: who showed nothing is told of no error, only of what is wanted.
fn nobody() -> Box<Reply> {
    let message =
        "a token is needed: send `Authorization: Bearer <token>`, the cookie `tailwire`, or `?token=`";
    let reply = Reply::error(StatusCode::UNAUTHORIZED, "unauthorized", message, &[]);
    Box::new(reply.with("WWW-Authenticate", "Bearer realm=\"tailwire\""))
}

fn unauthorized(name: &str, code: &str, message: &str) -> Box<Reply> {
    let reply = Reply::error(StatusCode::UNAUTHORIZED, name, message, &[]);
    Box::new(reply.with("WWW-Authenticate", format!("Bearer realm=\"tailwire\", error=\"{code}\"")))
}

fn forbidden(error: &Forbidden) -> Box<Reply> {
    let reply = Reply::error(StatusCode::FORBIDDEN, "forbidden", &error.to_string(), &[]);
    Box::new(reply.with("WWW-Authenticate", "Bearer realm=\"tailwire\", error=\"insufficient_scope\""))
}
