//! `tailwire token`: makes a token, or shows one.

use std::io::{Read, Write};
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::auth::{
    Claims, Grant, KeyContent, KeyError, KeyProblem, KeySet, Reach, SigningKey, Unverified, Verifier,
};
use crate::cli::exit::Exit;
use crate::cli::log_words::{count, time};
use crate::cli::terminal::clean;
use crate::cli::token_place::{TokenPlaceError, read, word};
use crate::clock;
use crate::config::{InspectTokenOptions, MintOptions, SigningSource, TokenCommand};
use crate::limits;

/// Why a token was not made or cannot be judged.
#[derive(Debug, thiserror::Error)]
enum TokenCommandError {
    #[error(transparent)]
    Place(#[from] TokenPlaceError),
    #[error("{place}: {problem}")]
    Key { place: String, problem: KeyProblem },
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("no token on standard input; pipe one in, or give it as an argument")]
    NoToken,
}

/// Runs a `tailwire token` command on the process's own input and output.
pub fn token(command: &TokenCommand) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    run(command, clock::unix_ms() / 1000, std::io::stdin().lock(), &mut out, &mut err).into()
}

/// `now_s`: unix seconds.
pub(in crate::cli) fn run(
    command: &TokenCommand,
    now_s: u64,
    input: impl Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let done = match command {
        TokenCommand::Mint(options) => mint(options, now_s, out, err),
        TokenCommand::Inspect(options) => inspect(options, now_s, input, out),
    };
    done.unwrap_or_else(|error| {
        let _closed = writeln!(err, "tailwire: {}", clean(&error.to_string()));
        Exit::Refused
    })
}

fn mint(
    options: &MintOptions,
    now_s: u64,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, TokenCommandError> {
    let (place, key) = signing_key(&options.key)?;
    let claims = Claims {
        subject: options.subject.clone(),
        audiences: options.audiences.clone(),
        issuer: options.issuer.clone(),
        issued_s: now_s,
        expires_s: now_s.saturating_add(options.lifetime_s),
        not_before_s: None,
        all: options.all,
        streams: options.streams.clone(),
        users: options.users.clone(),
        publish: options.publish,
        admin: options.admin,
    };
    let kid = options.kid.as_deref();
    let token = key.token(kid, &claims).map_err(|problem| TokenCommandError::Key { place, problem })?;
    if token.len() > limits::TOKEN_BYTES_MAX {
        let _closed = writeln!(
            err,
            "tailwire: no server takes this token: it is longer than {} bytes; name fewer payment streams and users",
            limits::TOKEN_BYTES_MAX
        );
        return Ok(Exit::Refused);
    }
    let rights = options.all || options.publish || options.admin;
    if !rights && options.subject.is_none() && options.streams.is_empty() && options.users.is_empty() {
        let _closed =
            writeln!(err, "tailwire: this token allows nothing: give it --sub or a right, like --all");
    }
    let _closed = writeln!(out, "{token}");
    Ok(Exit::Done)
}

fn signing_key(source: &SigningSource) -> Result<(String, SigningKey), TokenCommandError> {
    let (place, key) = match source {
        SigningSource::Secret(secret) => (
            "TAILWIRE_JWT_SECRET".to_owned(),
            SigningKey::from_secret(Zeroizing::new(secret.as_bytes().to_vec())),
        ),
        SigningSource::SecretFile(path) => (
            format!("--jwt-secret-file {}", path.display()),
            SigningKey::from_secret(KeyContent::without_line_end(read("--jwt-secret-file", path)?)),
        ),
        SigningSource::PrivateKey(path) => (
            format!("--private-key {}", path.display()),
            SigningKey::from_pem(Zeroizing::new(read("--private-key", path)?)),
        ),
    };
    match key {
        Ok(key) => Ok((place, key)),
        Err(problem) => Err(TokenCommandError::Key { place, problem }),
    }
}

fn inspect(
    options: &InspectTokenOptions,
    now_s: u64,
    mut input: impl Read,
    out: &mut dyn Write,
) -> Result<Exit, TokenCommandError> {
    let mut content = Zeroizing::new(Vec::new());
    match &options.token {
        Some(token) => content.extend_from_slice(token.as_bytes()),
        None => {
            let bytes_max = 2 * limits::TOKEN_BYTES_MAX as u64;
            input
                .by_ref()
                .take(bytes_max)
                .read_to_end(&mut content)
                .map_err(|_| TokenCommandError::NoToken)?;
        }
    }
    let token = word(&content).ok_or(TokenCommandError::NoToken)?;
    let token = std::str::from_utf8(token.as_bytes()).map_err(|_| TokenCommandError::NoToken)?;
    let mut good = true;
    match Unverified::read(token) {
        Ok(unverified) => show(&unverified, now_s, out),
        Err(error) => {
            good = false;
            let _closed = writeln!(out, "cannot be read: {error}");
        }
    }
    let verdict = if options.keys.any() {
        let keys = KeySet::parse(options.keys.materials(read)?)?;
        match Verifier::new(keys, options.keys.rules()).verify(token, now_s) {
            Ok(grant) => format!("good: {}", clean(&rights(&grant))),
            Err(error) => {
                good = false;
                format!("REFUSED: {error}")
            }
        }
    } else {
        "not verified: no key was given (see --help)".to_owned()
    };
    let _closed = writeln!(out, "{verdict}");
    Ok(if good { Exit::Done } else { Exit::Refused })
}

fn show(token: &Unverified, now_s: u64, out: &mut dyn Write) {
    let mut line = |name: &str, text: &str| {
        let _closed = writeln!(out, "{name:<11} {text}");
    };
    line("header", &clean(&token.header));
    line("claims", &clean(&token.claims));
    let times = [("issued", token.issued_s), ("good from", token.not_before_s), ("expires", token.expires_s)];
    for (name, time_s) in times {
        if let Some(time_s) = time_s {
            line(name, &when(time_s, now_s));
        }
    }
}

/// `2026-01-31T05:51:46Z, in 2 hours`.
fn when(time_s: u64, now_s: u64) -> String {
    let distance = time_s.abs_diff(now_s);
    let words = match distance {
        0..120 => count(distance, "second"),
        120..7200 => count(distance / 60, "minute"),
        7200..172_800 => count(distance / 3600, "hour"),
        _ => count(distance / 86_400, "day"),
    };
    let date = time(time_s.saturating_mul(1000));
    if time_s > now_s { format!("{date}, in {words}") } else { format!("{date}, {words} ago") }
}

/// What a grant allows, for a person.
fn rights(grant: &Grant) -> String {
    let mut parts = Vec::new();
    match &grant.reach {
        Reach::All => parts.push("may read everything".to_owned()),
        Reach::Topics { streams, users } => {
            let streams: Vec<_> = streams.iter().map(|stream| stream.as_str()).collect();
            let users: Vec<_> = users.iter().map(|user| user.as_str()).collect();
            if !streams.is_empty() {
                parts.push(format!("may read payment streams {}", streams.join(", ")));
            }
            if !users.is_empty() {
                parts.push(format!("may read events for {}", users.join(", ")));
            }
        }
    }
    if grant.publish {
        parts.push("may publish".to_owned());
    }
    if grant.admin {
        parts.push("may see the server's figures".to_owned());
    }
    if parts.is_empty() { "but it allows nothing".to_owned() } else { parts.join("; ") }
}
