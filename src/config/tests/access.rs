//! Keys and tokens as settings: where a secret may stand, and that nothing shows it.

use std::path::PathBuf;

use crate::config::tests::support::{World, args};
use crate::config::{Command, KeyFile, Secret, SigningSource, TokenCommand, TokenSource};

const HIDDEN: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

#[test]
fn a_secret_comes_from_the_environment_or_the_file() {
    let env = [("TAILWIRE_JWT_SECRET", HIDDEN)];
    let config = World { env: &env, ..World::default() }.config();
    assert_eq!(config.keys.secret, Some(Secret::new(HIDDEN)));
    assert!(config.keys.any() && !format!("{config:?}").contains("hunter2"));
    let file = format!("jwt-secret = \"{HIDDEN}\"\njwt-audience = [\"a\"]");
    let config = World { args: "--config tailwire.toml", file: Some(&file), ..World::default() }.config();
    assert_eq!(config.keys.secret, Some(Secret::new(HIDDEN)));
    assert_eq!(config.keys.audiences, ["a"]);
    assert!(!args("--jwt-audience a --jwt-issuer b").config().keys.any(), "rules are no keys");
}

#[test]
fn no_refusal_and_no_help_shows_a_secret() {
    let flag = format!("--jwt-secret {HIDDEN}");
    let joined = format!("--jwt-secret={HIDDEN}");
    for line in [&flag, &joined] {
        let said = args(line).refusal();
        assert!(said.contains("--jwt-secret") && !said.contains("hunter2"), "{said}");
    }
    for file in [
        format!("jwt-secret = {HIDDEN}"),
        format!("jwt-secret = \"{HIDDEN}"),
        format!("jwt-secret = [\"{HIDDEN}\"]"),
        format!("jwt-secret = {{ a = \"{HIDDEN}\" }}"),
        "jwt-secret = 2222222222".to_owned(),
        format!("jwt-secret = \"{HIDDEN}\"\nlisten = \"nowhere\""),
        format!("jwt-secret = \"{HIDDEN}\"\njwt-secret = \"{HIDDEN}\""),
    ] {
        let world = World { args: "--config tailwire.toml", file: Some(&file), ..World::default() };
        let said = format!("{} {:?}", world.refusal(), world.parse());
        assert!(!said.contains("hunter2") && !said.contains("2222"), "{said}");
    }
    let env = [("TAILWIRE_JWT_SECRET", HIDDEN), ("TAILWIRE_TOKEN", HIDDEN)];
    for line in ["--help", "token mint --help", "token inspect --help", "tail --help", "--listen nowhere"] {
        let said = World { args: line, env: &env, ..World::default() }.refusal();
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(args("--help").refusal().contains("TAILWIRE_JWT_SECRET"));
}

#[test]
fn keys_open_an_address_to_other_machines() {
    let open = "--listen 0.0.0.0:3001";
    for keys in ["--jwt-secret-file s", "--jwt-public-key a=p.pem", "--jwks j.json"] {
        let config = args(&format!("{open} {keys}")).config();
        assert!(config.keys.any() && !config.insecure);
    }
    let env = [("TAILWIRE_JWT_SECRET", HIDDEN)];
    World { args: open, env: &env, ..World::default() }.config();
    let said = args(&format!("{open} --jwt-audience a")).refusal();
    for part in ["0.0.0.0:3001", "--jwt-secret-file", "--jwks", "--insecure"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn key_files_have_a_name_perhaps() {
    let files = |text: &str| args(&format!("--jwt-public-key {text}")).config().keys.public_keys;
    let file = |kid: Option<&str>, path: &str| {
        vec![KeyFile { kid: kid.map(str::to_owned), path: PathBuf::from(path) }]
    };
    assert_eq!(files("a.pem"), file(None, "a.pem"));
    assert_eq!(files("2026=a.pem"), file(Some("2026"), "a.pem"));
    assert_eq!(files("2026=/k/b=a.pem"), file(Some("2026"), "/k/b=a.pem"));
    assert_eq!(files("./k=a.pem"), file(None, "./k=a.pem"));
    for wrong in ["=a.pem", "2026=", "="] {
        let said = args(&format!("--jwt-public-key {wrong}")).refusal();
        assert!(said.contains("KID=FILE"), "{said}");
    }
    let env = [("TAILWIRE_JWT_PUBLIC_KEY", "a=1.pem, 2.pem")];
    let config = World { env: &env, ..World::default() }.config();
    assert_eq!(config.keys.public_keys, [file(Some("a"), "1.pem"), file(None, "2.pem")].concat());
}

#[test]
fn client_commands_take_a_token_from_a_file_or_the_environment() {
    let env = [("TAILWIRE_TOKEN", HIDDEN)];
    let source =
        |line: &str, env: &[(&str, &str)]| match (World { args: line, env, ..World::default() }).parse() {
            Ok(Command::Tail(options)) => options.token,
            Ok(Command::Publish(options)) => options.token,
            other => panic!("{other:?}"),
        };
    let file = TokenSource::File(PathBuf::from("t"));
    assert_eq!(source("tail", &[]), TokenSource::None);
    assert_eq!(source("tail", &env), TokenSource::Given(Secret::new(HIDDEN)));
    assert_eq!(source("tail --token-file t", &env), file);
    assert_eq!(source("publish --stdin --token-file t", &[]), file);
    assert_eq!(source("publish --stdin", &[("TAILWIRE_TOKEN", "")]), TokenSource::None);
    let debug = format!("{:?}", World { args: "tail", env: &env, ..World::default() }.parse());
    assert!(!debug.contains("hunter2"), "{debug}");
}

#[test]
fn minting_needs_one_key_and_takes_rights() {
    let mint = |line: &str, env: &[(&str, &str)]| match (World {
        args: &format!("token mint {line}"),
        env,
        ..World::default()
    })
    .parse()
    {
        Ok(Command::Token(TokenCommand::Mint(options))) => options,
        other => panic!("{other:?}"),
    };
    let env = [("TAILWIRE_JWT_SECRET", HIDDEN)];
    assert_eq!(mint("", &env).key, SigningSource::Secret(Secret::new(HIDDEN)));
    assert_eq!(mint("--jwt-secret-file s", &env).key, SigningSource::SecretFile(PathBuf::from("s")));
    assert_eq!(mint("--private-key k", &env).key, SigningSource::PrivateKey(PathBuf::from("k")));
    let options =
        mint("--sub GA --aud a --aud b --stream 7 --streams 8,9 --user GB --publish --expires 90d", &env);
    assert_eq!(options.lifetime_s, 90 * 86_400);
    assert_eq!(options.streams.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["7", "8", "9"]);
    assert!(options.publish && !options.admin && !options.all);
    assert_eq!(mint("", &env).lifetime_s, 3600);
    assert!(args("token mint --all").refusal().contains("TAILWIRE_JWT_SECRET"));
    for line in [
        "--all --stream 7",
        "--expires 1",
        "--expires none",
        "--stream 07",
        "--user a,,b",
        "--jwt-secret-file s --private-key k",
    ] {
        let world = format!("token mint {line}");
        World { args: &world, env: &env, ..World::default() }.refusal();
    }
}
