//! The command line of `tailwire token …`: its flags and its help.

use std::path::PathBuf;

use crate::config::layers::Environment;
use crate::config::{
    ConfigError, InspectTokenOptions, KeyFile, KeySettings, MintOptions, Secret, SigningSource, TokenCommand,
    TokenSource, ValueError, values,
};
use crate::topic::{StreamId, User};

const SECRET_VARIABLE: &str = "TAILWIRE_JWT_SECRET";
const TOKEN_VARIABLE: &str = "TAILWIRE_TOKEN";

const MINT_EXAMPLES: &str = "\
Examples:
  openssl rand -base64 48 > secret                          a secret that the server gets as --jwt-secret-file secret
  tailwire token mint --jwt-secret-file secret --sub GABC...             may read the events for GABC..., for 1 hour
  tailwire token mint --jwt-secret-file secret --publish --expires 90d   for an indexer
  tailwire token mint --jwt-secret-file secret --stream 7 --stream 8     may read two payment streams
  tailwire token mint --jwt-secret-file secret --all > token; tailwire tail --token-file token
  openssl genpkey -algorithm ed25519 -out private.pem       with a key pair the server cannot sign tokens itself
  openssl pkey -in private.pem -pubout -out public.pem      it gets --jwt-public-key 2026-01=public.pem
  tailwire token mint --private-key private.pem --kid 2026-01 --all

Prints the token alone. Whoever has it may do what it says until it expires; it cannot be taken back but by taking
its key away. Without a right (--all, --stream, --user, --publish, --admin) it may read the events for --sub.
Ends with 0 when a token was printed, 1 when the key cannot be used, 2 when the command line is wrong.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  tailwire token mint ... | tailwire token inspect --jwt-secret-file secret
  tailwire token inspect --jwt-public-key 2026-01=public.pem < token
  tailwire token inspect --jwks keys.json --jwt-audience payments < token

Prints header, claims and times. With keys, given as to the server, it says whether the server would take the token
and what for. A token on the command line can be seen by everybody on the machine (ps): prefer standard input.
Ends with 0 when the token is good (without keys: when it can be read), 1 when not, 2 when the command line is wrong.";

#[derive(Debug, clap::Subcommand)]
pub(in crate::config) enum TokenSub {
    /// Print a new token, signed with a secret or a private key
    #[command(after_help = MINT_EXAMPLES)]
    Mint(Box<MintFlags>),
    /// Show what a token says and, with keys, whether a server would take it
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectFlags),
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct MintFlags {
    /// A file with the secret (HS256), of 32 bytes or more [or the secret itself in env: TAILWIRE_JWT_SECRET]
    #[arg(long, value_name = "FILE", conflicts_with = "private_key")]
    jwt_secret_file: Option<PathBuf>,
    /// A private key in PEM: RSA (RS256), EC on P-256 (ES256) or Ed25519 (EdDSA)
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// The name by which the server knows the key; goes into the token's header
    #[arg(long)]
    kid: Option<String>,
    /// Whom the token is for: a user, whose events it may read if it is given no other right
    #[arg(long, value_name = "USER", value_parser = User::parse)]
    sub: Option<User>,
    /// The audience, where the server asks for one; repeatable
    #[arg(long, value_name = "NAME")]
    aud: Vec<String>,
    /// The issuer, where the server asks for one
    #[arg(long, value_name = "NAME")]
    iss: Option<String>,
    /// How long it is good: a number with s, m, h or d
    #[arg(long, value_name = "AGE", value_parser = values::age_s, default_value = "1h")]
    expires: u64,
    /// May read everything
    #[arg(long, conflicts_with_all = ["streams", "users"])]
    all: bool,
    /// May read this payment stream; repeatable
    #[arg(long = "stream", alias = "streams", value_name = "ID", value_delimiter = ',', value_parser = StreamId::parse)]
    streams: Vec<StreamId>,
    /// May read the events for this user, as sender or recipient; repeatable
    #[arg(long = "user", alias = "users", value_name = "ADDRESS", value_delimiter = ',', value_parser = User::parse)]
    users: Vec<User>,
    /// May publish
    #[arg(long)]
    publish: bool,
    /// May see the server's figures (/events/stats, /metrics)
    #[arg(long)]
    admin: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::config) struct InspectFlags {
    /// The token; without it, standard input
    token: Option<String>,
    /// A file with a secret [or the secret itself in env: TAILWIRE_JWT_SECRET]
    #[arg(long, value_name = "[KID=]FILE", value_parser = KeyFile::parse)]
    jwt_secret_file: Vec<KeyFile>,
    /// A PEM file with a public key
    #[arg(long, value_name = "[KID=]FILE", value_parser = KeyFile::parse)]
    jwt_public_key: Vec<KeyFile>,
    /// A file with a JWK set
    #[arg(long, value_name = "FILE")]
    jwks: Vec<PathBuf>,
    /// The audience that the server asks for
    #[arg(long, value_name = "NAME")]
    jwt_audience: Vec<String>,
    /// The issuer that the server asks for
    #[arg(long, value_name = "NAME")]
    jwt_issuer: Vec<String>,
}

impl TokenSub {
    pub(in crate::config) fn command(self, env: Environment<'_>) -> Result<TokenCommand, ConfigError> {
        match self {
            Self::Mint(flags) => flags.options(env).map(|options| TokenCommand::Mint(Box::new(options))),
            Self::Inspect(flags) => Ok(TokenCommand::Inspect(InspectTokenOptions {
                token: flags.token.as_deref().map(Secret::new),
                keys: KeySettings {
                    secret: variable(SECRET_VARIABLE, env)?,
                    secret_files: flags.jwt_secret_file,
                    public_keys: flags.jwt_public_key,
                    jwks: flags.jwks,
                    audiences: flags.jwt_audience,
                    issuers: flags.jwt_issuer,
                },
            })),
        }
    }
}

impl MintFlags {
    fn options(self, env: Environment<'_>) -> Result<MintOptions, ConfigError> {
        let key = match (self.private_key, self.jwt_secret_file) {
            (Some(path), _) => SigningSource::PrivateKey(path),
            (None, Some(path)) => SigningSource::SecretFile(path),
            (None, None) => match variable(SECRET_VARIABLE, env)? {
                Some(secret) => SigningSource::Secret(secret),
                None => return Err(ConfigError::NoSigningKey),
            },
        };
        Ok(MintOptions {
            key,
            kid: self.kid,
            subject: self.sub,
            audiences: self.aud,
            issuer: self.iss,
            lifetime_s: self.expires,
            all: self.all,
            streams: self.streams,
            users: self.users,
            publish: self.publish,
            admin: self.admin,
        })
    }
}

/// The token of `publish` and `tail`: the flag, then the environment.
pub(in crate::config) fn token_source(
    file: Option<PathBuf>,
    env: Environment<'_>,
) -> Result<TokenSource, ConfigError> {
    match file {
        Some(path) => Ok(TokenSource::File(path)),
        None => Ok(variable(TOKEN_VARIABLE, env)?.map_or(TokenSource::None, TokenSource::Given)),
    }
}

/// A secret of the environment; empty counts as none.
fn variable(name: &str, env: Environment<'_>) -> Result<Option<Secret>, ConfigError> {
    let Some(value) = env(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let place = crate::config::Place::Environment(name.to_owned());
    match value.to_str() {
        Some(text) => Ok(Some(Secret::new(text))),
        None => Err(ConfigError::Secret { place, problem: ValueError::NotUtf8 }),
    }
}
