//! What a token lets its bearer do, and the one rule that says whether it covers what is asked for.
//!
//! It knows no route and no status: a route names the right it needs. A filter beyond the grant is refused whole,
//! never trimmed to what is granted.

use std::fmt;

use crate::topic::{StreamId, User};

/// What a verified token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The claim `sub`, where it is a user.
    pub subject: Option<User>,
    pub reach: Reach,
    pub publish: bool,
    pub admin: bool,
    /// There was no `tailwire` claim: a subscription without a filter means the users of `reach`.
    pub own: bool,
    /// Unix seconds from which on the grant is void: the claim `exp` and the leeway.
    pub expires_s: u64,
    pub digest: TokenDigest,
}

/// Which events may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    All,
    /// Those of these topics; sorted, none twice, at most `limits::FILTER_TERMS_MAX` each.
    Topics {
        streams: Vec<StreamId>,
        users: Vec<User>,
    },
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right<'a> {
    /// Reading by a filter: everything, or the union of streams and users.
    Read {
        all: bool,
        streams: &'a [StreamId],
        users: &'a [User],
    },
    Publish,
    /// Figures of the server; no event.
    Admin,
}

/// Why a grant does not cover a right; `Display` is a sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("the token does not let you read all events; name payment streams or users it is for")]
    All,
    #[error("the token does not reach payment stream {}", .0.as_str())]
    Stream(StreamId),
    #[error("the token does not reach user {}", .0.as_str())]
    User(User),
    #[error("nothing is asked for; name payment streams or users that the token is for")]
    Nothing,
    #[error("the token does not let you publish")]
    Publish,
    #[error("the token does not let you see figures of the server")]
    Admin,
}

/// The SHA-256 of a token: tells whether two grants come from the very same one, without keeping it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl Grant {
    /// Whether the grant covers `right`. Expiry is the caller's to mind: see `expires_s`.
    pub fn allows(&self, right: &Right<'_>) -> Result<(), Forbidden> {
        match *right {
            Right::Publish if self.publish => Ok(()),
            Right::Publish => Err(Forbidden::Publish),
            Right::Admin if self.admin => Ok(()),
            Right::Admin => Err(Forbidden::Admin),
            Right::Read { all, streams, users } => self.reach.covers(all, streams, users),
        }
    }

    /// Bytes of memory that the grant takes, roughly.
    pub(in crate::auth) fn weight(&self) -> usize {
        /// What an allocator adds to a small piece.
        const PIECE: usize = 16;
        let names = match &self.reach {
            Reach::All => 0,
            Reach::Topics { streams, users } => {
                let streams = streams.iter().map(|stream| stream.as_str().len() + PIECE);
                let users = users.iter().map(|user| user.as_str().len() + PIECE);
                streams.chain(users).map(|bytes| bytes + size_of::<User>()).sum()
            }
        };
        size_of::<Self>() + self.subject.as_ref().map_or(0, |user| user.as_str().len() + PIECE) + names
    }
}

impl Reach {
    /// Nothing at all.
    pub const NOTHING: Self = Self::Topics { streams: Vec::new(), users: Vec::new() };

    /// The topics sorted, each once, as `covers` wants them.
    pub fn topics(mut streams: Vec<StreamId>, mut users: Vec<User>) -> Self {
        streams.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        streams.dedup();
        users.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        users.dedup();
        Self::Topics { streams, users }
    }

    fn covers(&self, all: bool, streams: &[StreamId], users: &[User]) -> Result<(), Forbidden> {
        let Self::Topics { streams: own_streams, users: own_users } = self else { return Ok(()) };
        if all {
            return Err(Forbidden::All);
        }
        if streams.is_empty() && users.is_empty() {
            return Err(Forbidden::Nothing);
        }
        for stream in streams {
            if own_streams.binary_search_by(|own| own.as_str().cmp(stream.as_str())).is_err() {
                return Err(Forbidden::Stream(stream.clone()));
            }
        }
        for user in users {
            if own_users.binary_search_by(|own| own.as_str().cmp(user.as_str())).is_err() {
                return Err(Forbidden::User(user.clone()));
            }
        }
        Ok(())
    }
}

impl TokenDigest {
    pub fn of(token: &str) -> Self {
        Self(sha256(token.as_bytes()))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

pub(in crate::auth) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    digest
}
