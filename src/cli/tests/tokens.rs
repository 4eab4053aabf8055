//! `token mint` and `token inspect`, and that the other commands send the token they are given.

use std::path::PathBuf;

use crate::auth::{KeyContent, KeyMaterial, KeySet, Reach, TokenRules, Verifier};
use crate::cli::exit::Exit;
use crate::cli::publish::Publish;
use crate::cli::tail::Tail;
use crate::cli::tests::script::{Script, answer};
use crate::cli::token;
use crate::config::{Command, PublishOptions, Secret, TokenCommand, TokenSource, What, parse};

const SECRET: &str = "a secret of the tests, long enough for HS256";
const NOW_S: u64 = 1_700_000_000;

struct Run {
    exit: Exit,
    out: String,
    err: String,
}

/// Runs `tailwire token …` with the secret of the tests in the environment, or another one.
fn run_with(secret: Option<&str>, line: &str, input: &str) -> Run {
    let words = ["tailwire", "token"].into_iter().chain(line.split_whitespace()).map(Into::into);
    let env = |name: &str| secret.filter(|_| name == "TAILWIRE_JWT_SECRET").map(Into::into);
    let command = match parse(words, &env, &|_| Err(std::io::ErrorKind::NotFound.into())) {
        Ok(Command::Token(command)) => command,
        other => panic!("{other:?}"),
    };
    run_command(&command, input)
}

fn run_command(command: &TokenCommand, input: &str) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = token::run(command, NOW_S, input.as_bytes(), &mut out, &mut err);
    Run { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn run(line: &str, input: &str) -> Run {
    run_with(Some(SECRET), line, input)
}

#[test]
fn mint_prints_a_token_alone_that_a_server_takes() {
    let minted = run("mint --all --publish --expires 2h", "");
    assert_eq!((minted.exit, minted.err.as_str()), (Exit::Done, ""));
    assert_eq!(minted.out.lines().count(), 1);
    let content = KeyContent::Secret(SECRET.as_bytes().to_vec());
    let keys = KeySet::parse(vec![KeyMaterial { kid: None, place: String::new(), content }]).unwrap();
    let grant = Verifier::new(keys, TokenRules::default()).verify(minted.out.trim(), NOW_S).unwrap();
    assert_eq!((grant.reach, grant.publish, grant.expires_s), (Reach::All, true, NOW_S + 7200 + 30));
    let nothing = run("mint", "");
    assert!(nothing.exit == Exit::Done && nothing.err.contains("allows nothing"), "{}", nothing.err);
}

#[test]
fn mint_says_why_a_key_cannot_sign() {
    let short = run_with(Some("short"), "mint --all", "");
    assert!(short.exit == Exit::Refused && short.out.is_empty());
    assert!(short.err.contains("TAILWIRE_JWT_SECRET: the secret is shorter than 32 bytes"), "{}", short.err);
    let missing = run("mint --all --private-key /nowhere/key.pem", "");
    assert!(missing.exit == Exit::Refused && missing.err.contains("/nowhere/key.pem cannot be read"));
    let streams: Vec<String> = (0..600).map(|number| format!("stream-{number}")).collect();
    let long = run(&format!("mint --stream {}", streams.join(",")), "");
    assert!(
        long.exit == Exit::Refused && long.out.is_empty() && long.err.contains("longer than 8192"),
        "{}",
        long.err
    );
}

#[test]
fn keys_come_from_files_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let secret = file("secret", format!("{SECRET}\n").as_bytes());
    let private = file("private.pem", include_bytes!("../../auth/tests/keys/ed25519.private.pem"));
    let public = file("public.pem", include_bytes!("../../auth/tests/keys/ed25519.public.pem"));
    let by_secret = run_with(None, &format!("mint --all --jwt-secret-file {secret}"), "").out;
    let good = run("inspect", &by_secret);
    assert!(good.exit == Exit::Done && good.out.contains("good: may read everything"), "{}", good.out);
    let by_key = run_with(None, &format!("mint --sub GA --kid k --private-key {private}"), "").out;
    let good = run_with(None, &format!("inspect --jwt-public-key k={public}"), &by_key);
    assert!(good.exit == Exit::Done && good.out.contains("good: may read events for GA"), "{}", good.out);
    let other = run_with(None, &format!("inspect --jwt-public-key other={public}"), &by_key);
    assert!(
        other.exit == Exit::Refused && other.out.contains("REFUSED: this server has no key"),
        "{}",
        other.out
    );
}

#[test]
fn inspect_shows_header_claims_and_times() {
    let token = run("mint --sub GA --stream 7 --publish --admin --expires 90m", "").out;
    let shown = run_with(None, "inspect", &token);
    assert_eq!(shown.exit, Exit::Done);
    for part in [
        r#"header      {"alg":"HS256","typ":"JWT"}"#,
        r#"claims      {"sub":"GA","iat":1700000000,"exp":1700005400,"tailwire":{"subscribe""#,
        "issued      2023-11-14T22:13:20Z, 0 seconds ago",
        "expires     2023-11-14T23:43:20Z, in 90 minutes",
        "not verified: no key was given",
    ] {
        assert!(shown.out.contains(part), "{part:?} in {}", shown.out);
    }
    let judged = run(&format!("inspect {}", token.trim()), "");
    let verdict = "good: may read payment streams 7; may publish; may see the server's figures";
    assert!(judged.exit == Exit::Done && judged.out.contains(verdict), "{}", judged.out);
}

#[test]
fn inspect_says_why_a_token_is_refused() {
    let wrong =
        run_with(Some("another secret, of at least 32 bytes too"), "inspect", &run("mint --all", "").out);
    assert!(
        wrong.exit == Exit::Refused && wrong.out.contains("REFUSED: the token's signature"),
        "{}",
        wrong.out
    );
    let audience = run("inspect --jwt-audience a", &run("mint --all --aud b", "").out);
    assert!(audience.exit == Exit::Refused && audience.out.contains("another audience"), "{}", audience.out);
    // {"alg":"none"} . {"x":"<escape>[2J"} .
    let unsigned = "eyJhbGciOiJub25lIn0.eyJ4IjoiG1sySiJ9.";
    let none = run("inspect", unsigned);
    assert_eq!(none.exit, Exit::Refused);
    assert!(!none.out.contains('\u{1b}'), "what a token holds may not steer a terminal");
    for text in ["", "  \n", "two words", "not.a.token", "\u{1b}[2J"] {
        let refused = run("inspect", text);
        assert_eq!(refused.exit, Exit::Refused, "{text}");
        assert!(!format!("{}{}", refused.out, refused.err).contains('\u{1b}'));
    }
}

fn published(token: TokenSource) -> (Exit, String, Vec<String>) {
    let script = Script::play(vec![answer("201 Created", "", r#"{"eventId":"1"}"#)]);
    let options = PublishOptions { url: script.url.clone(), token, what: What::Stdin };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit =
        Publish { options: &options, out: &mut out, err: &mut err, wait: &|_| {} }.run("{}\n".as_bytes());
    let requests = if exit == Exit::Done { script.requests() } else { Vec::new() };
    (exit, String::from_utf8(err).unwrap(), requests)
}

#[test]
fn publish_and_tail_send_the_token_as_bearer() {
    let field = |requests: &[String]| {
        let head = requests[0].to_ascii_lowercase();
        head.lines().find_map(|line| line.strip_prefix("authorization: ").map(str::to_owned))
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "a.b.c\n").unwrap();
    let from_file = || TokenSource::File(file.path().to_owned());
    assert_eq!(field(&published(from_file()).2).as_deref(), Some("bearer a.b.c"));
    let given = TokenSource::Given(Secret::new("d.e.f"));
    assert_eq!(field(&published(given.clone()).2).as_deref(), Some("bearer d.e.f"));
    assert_eq!(field(&published(TokenSource::None).2), None);

    let script = Script::play(vec![answer("401 Unauthorized", "", r#"{"error":"x","message":"no"}"#)]);
    let words = ["tailwire", "tail", "--url", &script.url].map(Into::into);
    let env = |name: &str| (name == "TAILWIRE_TOKEN").then(|| "d.e.f".into());
    let Ok(Command::Tail(options)) = parse(words, &env, &|_| Err(std::io::ErrorKind::NotFound.into())) else {
        panic!("tail")
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(Tail::new(&options, &mut out, &mut err, &|_| {}, false).run(), Exit::Refused);
    assert_eq!(field(&script.requests()).as_deref(), Some("bearer d.e.f"));
}

#[test]
fn a_token_that_is_none_is_not_sent() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for content in ["", "two words", "a\r\nX-Evil: 1"] {
        std::fs::write(&file, content).unwrap();
        let (exit, err, _) = published(TokenSource::File(file.path().to_owned()));
        assert!(exit == Exit::Refused && err.contains("holds no token") && !err.contains("Evil"), "{err}");
    }
    let (exit, err, _) = published(TokenSource::File(PathBuf::from("/nowhere/token")));
    assert!(exit == Exit::Refused && err.contains("/nowhere/token cannot be read"), "{err}");
}
