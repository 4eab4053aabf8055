//! From the claims of a token whose signature is good to a grant. A claim that is not as it must be refuses the token:
//! none is guessed at, and none is taken for more than it says.

use crate::auth::grant::{Grant, Reach, TokenDigest};
use crate::auth::json::{Json, member};
use crate::auth::token_error::{ClaimProblem, TokenError};
use crate::auth::verifier::TokenRules;
use crate::limits;
use crate::topic::{StreamId, User};

type Members = [(String, Json)];

/// Judges times, audience and issuer, and reads the rest. `digest`: of the token they are from.
pub(in crate::auth) fn grant(
    claims: &Members,
    digest: TokenDigest,
    rules: &TokenRules,
    now_s: u64,
) -> Result<Grant, TokenError> {
    let expires_s = in_time(claims, now_s)?;
    if !rules.audiences.is_empty() && !one_of(claims, "aud", &rules.audiences)? {
        return Err(TokenError::Audience);
    }
    if !rules.issuers.is_empty() && !one_of(claims, "iss", &rules.issuers)? {
        return Err(TokenError::Issuer);
    }
    let subject = match member(claims, "sub") {
        None => None,
        // One that is no user of ours is still somebody; he has no events of his own.
        Some(Json::Text(sub)) => User::parse(sub).ok(),
        Some(_) => return Err(problem("sub", ClaimProblem::Text)),
    };
    let Some(ours) = member(claims, "tailwire") else {
        let reach = Reach::topics(Vec::new(), subject.iter().cloned().collect());
        return Ok(Grant { subject, reach, publish: false, admin: false, own: true, expires_s, digest });
    };
    let Json::Object(ours) = ours else { return Err(problem("tailwire", ClaimProblem::Object)) };
    known_members("tailwire", ours, &["subscribe", "publish", "admin"])?;
    let reach = match member(ours, "subscribe") {
        None => Reach::NOTHING,
        Some(Json::Object(subscribe)) => reach(subscribe)?,
        Some(_) => return Err(problem("tailwire.subscribe", ClaimProblem::Object)),
    };
    let publish = switch("tailwire.publish", member(ours, "publish"))?;
    let admin = switch("tailwire.admin", member(ours, "admin"))?;
    Ok(Grant { subject, reach, publish, admin, own: false, expires_s, digest })
}

/// `exp` and `nbf` (RFC 7519, sections 4.1.4 and 4.1.5), with leeway; the time from which on the token is void.
fn in_time(claims: &Members, now_s: u64) -> Result<u64, TokenError> {
    let exp = time(claims, "exp")?.ok_or(problem("exp", ClaimProblem::Missing))?;
    let not_before = time(claims, "nbf")?.unwrap_or(0);
    let expires_s = exp + limits::TOKEN_LEEWAY_S;
    if now_s >= expires_s {
        return Err(TokenError::Expired { ago_s: now_s - exp });
    }
    if now_s.saturating_add(limits::TOKEN_LEEWAY_S) < not_before {
        return Err(TokenError::NotYet { in_s: not_before - now_s });
    }
    Ok(expires_s)
}

fn time(claims: &Members, name: &'static str) -> Result<Option<u64>, TokenError> {
    match member(claims, name) {
        None => Ok(None),
        Some(Json::Unsigned(time)) if *time <= limits::TOKEN_TIME_MAX_S => Ok(Some(*time)),
        Some(_) => Err(problem(name, ClaimProblem::Time)),
    }
}

/// Whether the claim, a text or a list of texts, has one of `wanted`.
fn one_of(claims: &Members, name: &'static str, wanted: &[String]) -> Result<bool, TokenError> {
    let is_wanted = |text: &String| wanted.contains(text);
    match member(claims, name) {
        None => Ok(false),
        Some(Json::Text(text)) => Ok(is_wanted(text)),
        Some(Json::Array(items)) => {
            let texts = items.iter().map(|item| match item {
                Json::Text(text) => Ok(is_wanted(text)),
                _ => Err(problem(name, ClaimProblem::Texts)),
            });
            texts.collect::<Result<Vec<_>, _>>().map(|found| found.contains(&true))
        }
        Some(_) => Err(problem(name, ClaimProblem::Texts)),
    }
}

/// `{"all":true}` or `{"streams":[…],"users":[…]}`.
fn reach(subscribe: &Members) -> Result<Reach, TokenError> {
    const NAME: &str = "tailwire.subscribe";
    known_members(NAME, subscribe, &["all", "streams", "users"])?;
    let all = switch("tailwire.subscribe.all", member(subscribe, "all"))?;
    let (streams, users) = (member(subscribe, "streams"), member(subscribe, "users"));
    if all {
        return match (streams, users) {
            (None, None) => Ok(Reach::All),
            _ => Err(problem(NAME, ClaimProblem::AllAndTopics)),
        };
    }
    let streams = list("tailwire.subscribe.streams", streams, ClaimProblem::Streams, |item| match item {
        Json::Unsigned(number) => Some(StreamId::from_number(*number)),
        Json::Text(text) => StreamId::parse(text).ok(),
        _ => None,
    })?;
    let users = list("tailwire.subscribe.users", users, ClaimProblem::Users, |item| match item {
        Json::Text(text) => User::parse(text).ok(),
        _ => None,
    })?;
    Ok(Reach::topics(streams, users))
}

fn list<T>(
    claim: &'static str,
    value: Option<&Json>,
    wrong: ClaimProblem,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<Vec<T>, TokenError> {
    match value {
        None => Ok(Vec::new()),
        Some(Json::Array(items)) if items.len() > limits::FILTER_TERMS_MAX => {
            Err(problem(claim, ClaimProblem::TooMany))
        }
        Some(Json::Array(items)) => {
            items.iter().map(|item| read(item).ok_or(problem(claim, wrong))).collect()
        }
        Some(_) => Err(problem(claim, wrong)),
    }
}

fn switch(claim: &'static str, value: Option<&Json>) -> Result<bool, TokenError> {
    match value {
        None => Ok(false),
        Some(Json::Bool(on)) => Ok(*on),
        Some(_) => Err(problem(claim, ClaimProblem::Switch)),
    }
}

/// A member of ours that this server does not know may be meant to narrow the grant.
fn known_members(claim: &'static str, members: &Members, known: &[&str]) -> Result<(), TokenError> {
    match members.iter().all(|(name, _)| known.contains(&name.as_str())) {
        true => Ok(()),
        false => Err(problem(claim, ClaimProblem::UnknownMember)),
    }
}

const fn problem(claim: &'static str, problem: ClaimProblem) -> TokenError {
    TokenError::Claim { claim, problem }
}
