//! Known attacks on tokens, over the wire: each is 401, none is served as a stranger, and the server goes on to take
//! what is good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

mod support;

use support::tokens::{SECRET, bearer, file, hs256, now_s, rs256, unsigned};
use support::{Answer, Server, data_directory, get_with};

const RSA_PRIVATE: &str = include_str!("../src/auth/tests/keys/rsa.private.pem");
const RSA_PUBLIC: &str = include_str!("../src/auth/tests/keys/rsa.public.pem");
const OTHER_RSA_PRIVATE: &str = include_str!("../src/auth/tests/keys/rsa2.private.pem");
const TARGET: &str = "/events?all=true";
const RIGHTS: &str = r#"{"subscribe":{"all":true}}"#;

/// A server with a secret `hs` and an RSA key `rs`, for one audience.
fn server(directory: &std::path::Path) -> Server {
    let secret = format!("hs={}", file(directory, "secret", SECRET));
    let public = format!("rs={}", file(directory, "public.pem", RSA_PUBLIC));
    Server::start(
        directory,
        &["--jwt-secret-file", &secret, "--jwt-public-key", &public, "--jwt-audience", "tailwire"],
    )
}

fn claims() -> String {
    with(&format!("\"exp\":{}", now_s() + 600))
}

/// Claims for our audience with these members more.
fn with(members: &str) -> String {
    format!("{{\"sub\":\"GA\",\"aud\":\"tailwire\",{members},\"tailwire\":{RIGHTS}}}")
}

fn hs(header: &str, claims: &str) -> String {
    hs256(header, claims, SECRET.as_bytes())
}

const HS: &str = r#"{"alg":"HS256","kid":"hs"}"#;
const RS: &str = r#"{"alg":"RS256","kid":"rs"}"#;

fn ask(server: &Server, token: &str) -> Answer {
    get_with(server.address, TARGET, &[("Authorization", &bearer(token))])
}

/// What is wrong with the header, the algorithm or the key.
fn about_keys() -> Vec<(String, String)> {
    let good = hs(HS, &claims());
    let signature = good.rsplit('.').next().unwrap().to_owned();
    let mut attacks = Vec::new();
    for name in ["none", "None", "NONE", "nOnE", "", "HS256 "] {
        let header = format!("{{\"alg\":\"{name}\",\"kid\":\"hs\"}}");
        attacks.push((format!("alg {name:?} unsigned"), unsigned(&header, &claims()) + "."));
        attacks.push((format!("alg {name:?} signed"), hs(&header, &claims())));
        let bare = unsigned(&format!("{{\"alg\":\"{name}\"}}"), &claims());
        attacks.push((format!("alg {name:?} with another's signature"), format!("{bare}.{signature}")));
    }
    for header in [r#"{"alg":"HS256","kid":"rs"}"#, HS, r#"{"alg":"HS256"}"#, r#"{"alg":"RS256","kid":"rs"}"#]
    {
        for key in [RSA_PUBLIC, RSA_PUBLIC.trim_end()] {
            let confused = hs256(header, &claims(), key.as_bytes());
            attacks.push((format!("{header} signed with the public key as a secret"), confused));
        }
    }
    attacks.push((
        "RS256 by the secret's name".to_owned(),
        rs256(r#"{"alg":"RS256","kid":"hs"}"#, &claims(), RSA_PRIVATE),
    ));
    attacks.push(("another RSA key".to_owned(), rs256(RS, &claims(), OTHER_RSA_PRIVATE)));
    attacks.push(("HS256 said, RSA signed".to_owned(), rs256(HS, &claims(), RSA_PRIVATE)));
    for kid in [
        r#""../../../../dev/null""#,
        r#""/dev/null""#,
        r#""' OR '1'='1""#,
        r#""hs\u0000""#,
        r#""hs;rs""#,
        r#""""#,
        r#""nobody""#,
        "null",
        "1",
        "[\"hs\"]",
        "{\"hs\":1}",
        r#""http://localhost/key""#,
    ] {
        let header = format!("{{\"alg\":\"HS256\",\"kid\":{kid}}}");
        attacks.push((format!("kid {kid} with an empty secret"), hs256(&header, &claims(), b"")));
        attacks.push((format!("kid {kid} with the secret"), hs(&header, &claims())));
    }
    attacks.push(("a kid twice".to_owned(), hs(r#"{"alg":"HS256","kid":"rs","kid":"hs"}"#, &claims())));
    attacks.push(("alg twice".to_owned(), hs(r#"{"alg":"none","alg":"HS256","kid":"hs"}"#, &claims())));
    attacks.push(("crit".to_owned(), hs(r#"{"alg":"HS256","kid":"hs","crit":["x"],"x":1}"#, &claims())));
    let own_key = r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"http://localhost/"}"#;
    attacks.push(("a key that the token brings along".to_owned(), hs256(own_key, &claims(), &[0; 3])));
    attacks
}

/// What is wrong with the claims.
fn about_claims() -> Vec<(String, String)> {
    let soon = now_s() + 600;
    let rights = format!("\"tailwire\":{RIGHTS}");
    let members = [
        format!("\"exp\":{}", now_s() - 31),
        format!("\"exp\":{}", now_s() - 100_000),
        "\"exp\":0".to_owned(),
        "\"exp\":-1".to_owned(),
        "\"exp\":null".to_owned(),
        format!("\"exp\":\"{soon}\""),
        "\"exp\":1e30".to_owned(),
        "\"iat\":1".to_owned(),
        format!("\"exp\":1,\"exp\":{soon}"),
        format!("\"exp\":{soon},\"nbf\":{}", now_s() + 60),
        format!("\"exp\":{soon},\"nbf\":\"0\""),
    ];
    let mut all: Vec<String> = members.iter().map(|members| with(members)).collect();
    for audience in [
        "",
        "\"aud\":\"other\",",
        "\"aud\":[],",
        "\"aud\":[\"a\",\"b\"],",
        "\"aud\":\"Tailwire\",",
        "\"aud\":1,",
    ] {
        all.push(format!("{{\"sub\":\"GA\",{audience}\"exp\":{soon},{rights}}}"));
    }
    all.push("[]".to_owned());
    all.push("\"claims\"".to_owned());
    all.push(with(&format!("\"exp\":{soon},\"tailwire\":{{\"admin\":true}}")));
    all.into_iter().map(|claims| (format!("claims {claims}"), hs(HS, &claims))).collect()
}

/// A good token that was cut or changed on its way.
fn damaged() -> Vec<(String, String)> {
    let good = hs(HS, &claims());
    let parts: Vec<_> = good.split('.').collect();
    let mut tokens: Vec<_> = (1..good.len()).step_by(7).map(|end| good[..end].to_owned()).collect();
    tokens.push(good[..good.len() - 1].to_owned());
    for at in (0..good.len()).step_by(5) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
        tokens.push(String::from_utf8(changed).unwrap());
    }
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    tokens.extend([
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!("{header}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{good}A"),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{body}.{signature}", header.to_ascii_uppercase()),
        hs256(HS, &claims(), b"another secret that is long enough too"),
        hs(HS, &with(&format!("\"exp\":{},\"pad\":\"{}\"", now_s() + 600, "x".repeat(9000)))),
    ]);
    tokens.into_iter().map(|token| (format!("{} bytes of a changed token", token.len()), token)).collect()
}

#[test]
fn known_attacks_are_refused() {
    let directory = data_directory();
    let server = server(directory.path());
    let attacks = [about_keys(), about_claims(), damaged()].concat();
    for (what, token) in &attacks {
        let answer = ask(&server, token);
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert!(matches!(answer.error().as_str(), "invalid_token" | "token_expired"), "{what}: {answer:?}");
        let challenge = answer.field("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with("Bearer") && challenge.contains("error=\"invalid_"),
            "{what}: {challenge}"
        );
        let part = token.split('.').nth(1).filter(|part| part.len() > 8);
        assert!(
            part.is_none_or(|part| !answer.text().contains(part)),
            "{what}: the answer repeats the token"
        );
    }
    println!("{} attacks", attacks.len());
    assert!(attacks.len() >= 100);
    for good in [hs(HS, &claims()), rs256(RS, &claims(), RSA_PRIVATE)] {
        assert_eq!(ask(&server, &good).status, 200, "the good ones are taken still");
    }
    let late = hs(HS, &with(&format!("\"exp\":{}", now_s() - 20)));
    assert_eq!(ask(&server, &late).status, 200, "within the leeway");
    assert_eq!(ask(&server, &hs(HS, &with(&format!("\"exp\":{}", now_s() - 31)))).error(), "token_expired");
    assert!(!server.log().contains("eyJ"), "a token stands in the log");
}

#[test]
fn tokens_in_several_places_must_be_the_same() {
    let directory = data_directory();
    let server = server(directory.path());
    let one = hs(HS, &claims());
    let two = hs(HS, &with(&format!("\"exp\":{}", now_s() + 601)));
    let bad = hs256(HS, &claims(), &[1; 40]);
    let ask = |header: &str, cookie: &str, query: &str| {
        let (bearer, cookie_field) = (bearer(header), format!("tailwire={cookie}"));
        let mut fields = Vec::new();
        if !header.is_empty() {
            fields.push(("Authorization", bearer.as_str()));
        }
        if !cookie.is_empty() {
            fields.push(("Cookie", cookie_field.as_str()));
        }
        let target = if query.is_empty() { TARGET.to_owned() } else { format!("{TARGET}&token={query}") };
        get_with(server.address, &target, &fields)
    };
    for (header, cookie, query) in
        [(&*one, &*one, ""), ("", &one, &one), (&one, "", &one), (&one, &one, &one)]
    {
        assert_eq!(ask(header, cookie, query).status, 200);
    }
    for other in [&two, &bad] {
        for (header, cookie, query) in
            [(&*one, &**other, ""), ("", other, &one), (other, "", &one), (&one, &one, other)]
        {
            let answer = ask(header, cookie, query);
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_eq!(answer.error(), "conflicting_credentials");
        }
    }
    let twice = format!("{one}&token={two}");
    assert_eq!(ask("", "", &twice).error(), "conflicting_credentials");
    let (first, second) = (bearer(&one), bearer(&two));
    let fields = [("Authorization", first.as_str()), ("Authorization", second.as_str())];
    assert_eq!(get_with(server.address, TARGET, &fields).error(), "conflicting_credentials");
}

#[test]
fn what_is_meant_as_a_credential_is_never_passed_over() {
    let directory = data_directory();
    let server = server(directory.path());
    for value in ["Basic QTpC", "Bearer", "Bearer ", "bearer a b", "Token abc", "Bearer \u{e4}"] {
        let answer = get_with(server.address, TARGET, &[("Authorization", value)]);
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_token"), "{value}");
    }
    let good = hs(HS, &claims());
    let with_cookie = |cookie: &str| {
        let bearer = bearer(&good);
        get_with(server.address, TARGET, &[("Authorization", bearer.as_str()), ("Cookie", cookie)]).status
    };
    assert_eq!(with_cookie("tailwire="), 401);
    assert_eq!(with_cookie("Tailwire=other; tailwire2=x"), 200, "cookies of other names are not ours");
    assert_eq!(get_with(server.address, &format!("{TARGET}&token="), &[]).status, 401);
    assert_eq!(get_with(server.address, TARGET, &[]).error(), "unauthorized");
    let bad_query = get_with(server.address, "/events?all=true&token=%ff", &[]);
    assert_eq!(bad_query.status, 400, "{bad_query:?}");
}
