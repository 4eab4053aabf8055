//! Why the settings cannot be used: each message names the place, the cause and the cure.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Flag(&'static str),
    Environment(String),
    File { path: PathBuf, key: &'static str },
    Default(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Environment(name) => f.write_str(name),
            Self::File { path, key } => write!(f, "`{key}` in {}", path.display()),
            Self::Default(name) => write!(f, "the default of --{name}"),
        }
    }
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("not an address; write a number address and a port, like 127.0.0.1:3001 or [::1]:3001")]
    Address,
    #[error("not a whole number{}", like(unit))]
    Number { unit: &'static str },
    #[error("out of range; choose {min} to {max}{unit}")]
    Range { min: u64, max: u64, unit: &'static str },
    #[error("not a size; write bytes, or a number with KiB, MiB, GiB or TiB (or K, M, G, T), like 64MiB")]
    Size,
    #[error("not an age; write a number with s, m, h or d, like 90s, 12h or 7d")]
    Age,
    #[error("out of range; choose 1s to {days}d")]
    AgeRange { days: u64 },
    #[error("not a multiple of {step}, which segment files are made of; {below} is")]
    Step { step: u64, below: u64 },
    #[error("not among the choices; choose {choices}")]
    Choice { choices: &'static str },
    #[error("empty; name a directory, like ./data")]
    EmptyPath,
    #[error("empty; name a file")]
    EmptyFile,
    #[error("empty; leave the setting out to ask for none")]
    EmptyName,
    #[error("not a file of a key; write FILE, or KID=FILE with the name that tokens have for the key")]
    KeyFile,
    #[error("not an origin; write scheme and host and nothing after them, like https://app.example")]
    Origin,
    #[error(
        "not a filter; write a level (error, warn, info, debug, trace, off) or a list like \
         info,tailwire::log=debug"
    )]
    Filter,
    #[error("not the address of a server; write scheme, host and port, like http://localhost:3001")]
    Url,
    #[error("not text in UTF-8")]
    NotUtf8,
}

/// A unit (with its leading space) as a part of the sentence; no unit is none.
fn like(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" of{unit}, like 15000") }
}

/// Why a command line with its environment and file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line cannot be read, or asks for help or the version: print it as it is.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    #[error("{place}: {value:?} is {problem}")]
    Value { place: Place, value: String, problem: ValueError },
    /// `value` and `wanted` as the file would have them.
    #[error("{place}: {value} is of the wrong kind; write {wanted}")]
    Kind { place: Place, value: String, wanted: &'static str },
    #[error("cannot read the configuration file {}: {error}; check --config", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// A secret that cannot be used; it is not repeated.
    #[error("{place}: the secret is {problem}")]
    Secret { place: Place, problem: ValueError },
    /// Without the line itself, which may hold a secret.
    #[error("the configuration file {} is not TOML: line {line}: {problem}", path.display())]
    NotToml { path: PathBuf, line: usize, problem: String },
    #[error(
        "unknown key `{key}` in {}{}; known keys: {known}",
        path.display(),
        nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
    )]
    UnknownKey { path: PathBuf, key: String, nearest: Option<&'static str>, known: String },
    #[error(
        "--retain-bytes {retain} is less than three segments of {segment} bytes, and might leave next to no \
         events: allow at least {least}, or choose a smaller --segment-bytes"
    )]
    RetainTooLittle { retain: u64, segment: u64, least: u64 },
    #[error(
        "no key to sign with: name one with --jwt-secret-file FILE or --private-key FILE, or set TAILWIRE_JWT_SECRET"
    )]
    NoSigningKey,
    #[error(
        "{listen} can be reached from other machines and this server has no keys, so anybody there could \
         publish and read: give it keys (--jwt-secret-file, --jwt-public-key or --jwks), listen on 127.0.0.1, \
         or say --insecure if the network itself keeps strangers out"
    )]
    OpenAddress { listen: SocketAddr },
}
