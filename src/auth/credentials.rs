//! Where a request carries its token or ticket: the `Authorization` field, the cookie `tailwire`, the query. Finds
//! them and sees that they agree; whether one is any good is for `Verifier` and `Tickets`.
//!
//! Something that is meant as a credential and is none is an error, never passed over: a client that believes to be
//! known must not be served as a stranger.

use std::fmt;

use crate::auth::tickets::is_ticket;

const COOKIE: &str = "tailwire";
const SCHEME: &str = "Bearer";

/// What a request shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    Token(&'a str),
    /// From the query. `beside`: the token of another place, which has to be the very one the ticket was issued for.
    Ticket {
        ticket: &'a str,
        beside: Option<&'a str>,
    },
}

/// Why a request's credentials cannot be used; `Display` is a sentence for its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error("this server takes `Authorization: Bearer <token>` and no other scheme")]
    Scheme,
    #[error("the `Authorization` field holds no token; write `Authorization: Bearer <token>`")]
    Bearer,
    #[error("the cookie `tailwire` is empty; set it to a token or remove it")]
    EmptyCookie,
    #[error("`token` in the query is empty; give it a token or a ticket or leave it out")]
    EmptyQuery,
    #[error("the request carries two different tokens; send one")]
    Disagree,
}

/// The credential of a request. `authorization`, `cookies`: the values of all fields of the name. `query`: the values
/// of `token` in the query, percent-decoding done.
pub fn credentials<'a>(
    authorization: &[&'a str],
    cookies: &[&'a str],
    query: &[&'a str],
) -> Result<Option<Credential<'a>>, CredentialError> {
    let (mut token, mut ticket) = (None, None);
    for field in authorization {
        agree(&mut token, bearer(field)?)?;
    }
    for value in cookies.iter().flat_map(cookie_values) {
        if value.is_empty() {
            return Err(CredentialError::EmptyCookie);
        }
        agree(&mut token, value)?;
    }
    for &text in query {
        match text {
            "" => return Err(CredentialError::EmptyQuery),
            text if is_ticket(text) => agree(&mut ticket, text)?,
            text => agree(&mut token, text)?,
        }
    }
    Ok(match ticket {
        Some(ticket) => Some(Credential::Ticket { ticket, beside: token }),
        None => token.map(Credential::Token),
    })
}

fn agree<'a>(known: &mut Option<&'a str>, other: &'a str) -> Result<(), CredentialError> {
    match known.replace(other) {
        Some(known) if known != other => Err(CredentialError::Disagree),
        _ => Ok(()),
    }
}

/// RFC 6750, section 2.1: `Bearer`, spaces, and one b64token. The scheme's case does not matter (RFC 9110, section
/// 11.1).
fn bearer(field: &str) -> Result<&str, CredentialError> {
    let (scheme, token) = field.trim_matches([' ', '\t']).split_once(' ').unwrap_or((field, ""));
    if !scheme.trim_matches([' ', '\t']).eq_ignore_ascii_case(SCHEME) {
        return Err(CredentialError::Scheme);
    }
    let token = token.trim_start_matches(' ');
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let body = token.trim_end_matches('=');
    if body.is_empty() || !body.bytes().all(letter) {
        return Err(CredentialError::Bearer);
    }
    Ok(token)
}

/// The values of our cookie in one `Cookie` field (RFC 6265, section 4.2.1): pairs between semicolons, a value
/// perhaps in quotation marks. Names are compared as they are (section 5.4).
fn cookie_values<'a>(field: &&'a str) -> impl Iterator<Item = &'a str> {
    field.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim_matches([' ', '\t']) == COOKIE).then(|| unquoted(value.trim_matches([' ', '\t'])))
    })
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Ticket { beside: None, .. } => "Ticket(..)",
            Self::Ticket { beside: Some(_), .. } => "Ticket(.., beside a token)",
        })
    }
}
