//! What `tailwire token …` was asked to do, and where the other client commands have their token from.

use std::path::PathBuf;

use crate::config::{KeySettings, Secret};
use crate::topic::{StreamId, User};

/// Where a client command has its token from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    None,
    /// `TAILWIRE_TOKEN`.
    Given(Secret),
    /// `--token-file`; read for each request anew, so that a token can be renewed.
    File(PathBuf),
}

/// `tailwire token …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    Mint(Box<MintOptions>),
    Inspect(InspectTokenOptions),
}

/// The key that a token is signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningSource {
    /// `TAILWIRE_JWT_SECRET`.
    Secret(Secret),
    SecretFile(PathBuf),
    /// A private key in PEM.
    PrivateKey(PathBuf),
}

/// `tailwire token mint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintOptions {
    pub key: SigningSource,
    pub kid: Option<String>,
    pub subject: Option<User>,
    pub audiences: Vec<String>,
    pub issuer: Option<String>,
    /// From now on.
    pub lifetime_s: u64,
    pub all: bool,
    pub streams: Vec<StreamId>,
    pub users: Vec<User>,
    pub publish: bool,
    pub admin: bool,
}

/// `tailwire token inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectTokenOptions {
    /// `None`: from standard input.
    pub token: Option<Secret>,
    /// What to verify it with; perhaps nothing.
    pub keys: KeySettings,
}
