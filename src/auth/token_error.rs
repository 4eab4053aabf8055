//! Why a token is refused: whose fault, in a sentence for a person. Nothing of the token is repeated, which could be
//! a secret or steer a terminal, and nothing of the keys and rules of this server that its issuer does not know.

use crate::limits;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is longer than {} bytes", limits::TOKEN_BYTES_MAX)]
    TooLong,
    #[error("the token is not a JWT: {0}")]
    Malformed(Malformation),
    #[error("the token's algorithm is not HS256, RS256, ES256 or EdDSA")]
    Algorithm,
    #[error("the token's header asks for extensions (`crit`) that this server does not know")]
    Critical,
    #[error("the token's `kid` is not text of 1 to {} visible ASCII characters", limits::KEY_ID_MAX)]
    KeyId,
    #[error("this server has no key for the token's algorithm")]
    NoKeyOfAlgorithm,
    #[error("this server has no key with the token's `kid` and algorithm; it may have been replaced")]
    UnknownKey,
    #[error(
        "the token names no key (`kid`) and this server has several; put the key's name into the token's header"
    )]
    KeyNotNamed,
    #[error("the token's signature is not by this server's key for it")]
    Signature,
    #[error("the token's claim `{claim}` {problem}")]
    Claim { claim: &'static str, problem: ClaimProblem },
    #[error("the token expired {ago_s} s ago; get a new one")]
    Expired { ago_s: u64 },
    #[error("the token is not valid yet; it will be in {in_s} s, by this server's clock")]
    NotYet { in_s: u64 },
    #[error("the token is for another audience (`aud`)")]
    Audience,
    #[error("the token is from another issuer (`iss`)")]
    Issuer,
}

/// What of a token's form is not a JWT's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformation {
    #[error("it does not have three parts between dots")]
    Parts,
    #[error("a part is not base64url without padding")]
    Base64,
    #[error("its header is not a JSON object, or has a member twice or too deep nesting")]
    Header,
    #[error("its claims are not a JSON object, or have a member twice or too deep nesting")]
    Claims,
}

/// What is wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimProblem {
    #[error("is missing")]
    Missing,
    #[error("is not a whole number of seconds since 1970 up to the year 9999")]
    Time,
    #[error("is not text")]
    Text,
    #[error("is neither text nor a list of texts")]
    Texts,
    #[error("is not an object")]
    Object,
    #[error("is not true or false")]
    Switch,
    #[error("has a member that is not known")]
    UnknownMember,
    #[error("says `all` beside payment streams or users")]
    AllAndTopics,
    #[error("is not a list of payment streams, each a number or a name")]
    Streams,
    #[error("is not a list of users")]
    Users,
    #[error("has more than {} entries", limits::FILTER_TERMS_MAX)]
    TooMany,
}
