//! Who is let in, seen from outside: what is open, what is refused before its body is read, pages of other origins, and
//! servers without keys.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::tokens::{MASTER, bearer, token, with_secret};
use support::{
    Client, Server, Subscription, data_directory, get, get_with, post_with, request, topped_up, until,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn start(directory: &std::path::Path, more: &[&str]) -> Server {
    let flags = with_secret(directory);
    Server::start(directory, &[&[flags[0].as_str(), flags[1].as_str()], more].concat())
}

#[test]
fn what_is_open_judges_no_token() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    for path in ["/health", "/ready", "/", "/app.js"] {
        let fields = [("Authorization", "Bearer nonsense"), ("Cookie", "tailwire=nonsense")];
        assert_eq!(get_with(server.address, path, &fields).status, 200, "{path}");
    }
    assert!(!get(server.address, "/ready").text().contains("warning"), "it is not open to everyone");
    // What there is not is said to strangers too.
    assert_eq!(get(server.address, "/nothing").status, 404);
    assert_eq!(get(server.address, "/streams").status, 405);
    assert_eq!(get(server.address, "/events?all=maybe").status, 401, "before the query is judged");
}

#[test]
fn the_order_of_refusals_is_that_of_the_contract() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let reader = bearer(&token("GA", r#"{"subscribe":{"users":["GA"]}}"#));
    let authorization = ("Authorization", reader.as_str());
    let html = ("Accept", "text/html");
    let ask = |target: &str, fields: &[(&str, &str)]| get_with(server.address, target, fields).status;
    assert_eq!(ask("/events?all=maybe", &[html]), 401);
    assert_eq!(ask("/events/stats", &[html, authorization]), 403);
    assert_eq!(ask("/events?all=maybe", &[html, authorization]), 406);
    assert_eq!(ask("/events?all=true&limit=no", &[authorization]), 400);
    assert_eq!(ask("/events/subscribe?all=true&since=no", &[authorization]), 400);
    assert_eq!(ask("/events?all=true", &[authorization]), 403);
    assert_eq!(ask("/events?users=GA", &[authorization]), 200);
    let post = |fields: &[(&str, &str)]| post_with(server.address, "/events", fields, "not JSON").status;
    assert_eq!(post(&[JSON]), 401);
    assert_eq!(post(&[JSON, authorization]), 403);
    assert_eq!(post(&[JSON, authorization, ("Origin", "https://evil.example")]), 403);
    let master = bearer(&token("GM", MASTER));
    assert_eq!(post(&[JSON, ("Authorization", &master)]), 400);
    assert_eq!(post(&[("Authorization", &master)]), 415);
}

#[test]
fn a_refusal_does_not_wait_for_the_body_and_keeps_the_connection() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let body = vec![b' '; 1024 * 1024];
    let reader = bearer(&token("GA", ""));
    for (fields, status) in [(vec![], 401), (vec![("Authorization", reader.as_str())], 403)] {
        let mut client = Client::connect(server.address);
        let length = body.len().to_string();
        for _ in 0..2 {
            client.send(request(
                "POST",
                "/events",
                &[&fields[..], &[("Content-Length", &length)]].concat(),
                b"",
            ));
            assert_eq!(client.answer().status, status, "before a byte of the body is sent");
            client.send(&body);
        }
        let chunked = [&fields[..], &[("Transfer-Encoding", "chunked")]].concat();
        client.send(request("POST", "/events", &chunked, b""));
        assert_eq!(client.answer().status, status);
        client.send(b"5\r\nabcde\r\n3;x=y\r\nabc\r\n0\r\nTrailer: x\r\n\r\n");
        client.send(request("GET", "/health", &[], b""));
        assert_eq!(client.answer().status, 200, "the next request is told from the body");
    }
    let mut client = Client::connect(server.address);
    client.send(request("POST", "/events", &[("Transfer-Encoding", "chunked")], b""));
    assert_eq!(client.answer().status, 401);
    client.send(b"100001\r\n");
    client.assert_closed();
    let mut client = Client::connect(server.address);
    client.send(request("POST", "/events", &[("Expect", "100-continue"), ("Content-Length", "9")], b""));
    let answer = client.answer();
    assert_eq!((answer.status, answer.field("connection")), (401, Some("close")), "no 100 before it");
    client.assert_closed();
}

#[test]
fn bodies_of_the_refused_are_not_held() {
    let directory = data_directory();
    let server = start(directory.path(), &[]);
    let resident = || {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(get(server.address, "/health").status, 200);
    let before = resident();
    let part = vec![b' '; 1000 * 1024];
    let clients: Vec<_> = (0..100)
        .map(|_| {
            let mut client = Client::connect(server.address);
            client.send(request("POST", "/events", &[JSON, ("Content-Length", "1048576")], b""));
            assert_eq!(client.answer().status, 401);
            client.send(&part);
            client
        })
        .collect();
    let grown = until("the bodies are read over", || {
        let grown = resident().saturating_sub(before);
        (grown < 40 * 1024).then_some(grown)
    });
    assert!(grown < 40 * 1024, "{grown} KiB for 100 MiB of bodies");
    drop(clients);
}

#[test]
fn pages_of_other_origins_publish_nothing_whatever_cookie_is_sent() {
    let directory = data_directory();
    let server = start(directory.path(), &["--cors-origin", "https://app.example"]);
    let cookie = format!("tailwire={}", token("GM", MASTER));
    let post = |path: &str, fields: &[(&str, &str)]| {
        let fields = [&[JSON, ("Cookie", cookie.as_str()), ("Host", "pay.example")], fields].concat();
        post_with(server.address, path, &fields, &topped_up("1", "1"))
    };
    let foreign: &[&[(&str, &str)]] = &[
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://localhost:3000")],
        &[("Origin", "https://pay.example.evil.example")],
        &[("Origin", "https://pay.example:444")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Origin", "http://pay.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
    ];
    for fields in foreign {
        for path in ["/events", "/streams/1/pause", "/events/ticket"] {
            let answer = post(path, fields);
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (403, "foreign_origin"),
                "{fields:?} {path}"
            );
            assert_eq!(answer.field("access-control-allow-origin"), None);
        }
    }
    let own: &[&[(&str, &str)]] = &[
        &[],
        &[("Origin", "https://pay.example"), ("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "https://app.example"), ("Sec-Fetch-Site", "cross-site")],
    ];
    for (fields, id) in own.iter().zip(1..) {
        let answer = post("/events", fields);
        assert_eq!(answer.status, 201, "{fields:?}: {answer:?}");
        assert!(answer.text().contains(&format!("\"{id}\"")), "a foreign page published: {answer:?}");
        assert_eq!(answer.field("timing-allow-origin"), None);
    }
    // Refusals tell an allowed page what was wrong.
    let fields = [("Origin", "https://app.example"), ("Host", "pay.example")];
    for path in ["/events/subscribe?all=true", "/events?all=true"] {
        let answer = get_with(server.address, path, &fields);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.field("access-control-allow-origin"), Some("https://app.example"));
    }
}

#[test]
fn a_token_in_the_query_reaches_neither_log_nor_answer() {
    let directory = data_directory();
    let server = start(directory.path(), &["--log-filter", "trace"]);
    let good = token("GA", "");
    let (body, changed) = (good.split('.').nth(1).unwrap().to_owned(), good.replace('.', "x"));
    for token in [&good, &changed] {
        for target in [
            "/events/subscribe?all=true&since=x",
            "/events?users=GB",
            "/nothing?x=1",
            "/events?limit=x",
            "/events/stats?x=1",
        ] {
            let answer = get(server.address, &format!("{target}&token={token}"));
            assert!(answer.status >= 400 && !answer.text().contains(&body), "{answer:?}");
        }
    }
    let target = format!("/events/subscribe?users=GA&token={good}");
    Subscription::open(server.address, &target).greeting();
    assert!(!server.log().contains(&body), "the token stands in the log");
}

#[test]
fn without_keys_tokens_are_ignored() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let fields = [("Authorization", "Basic nonsense"), ("Cookie", "tailwire=x; tailwire=y")];
    for target in ["/events?all=true&token=%ff", "/events/stats?token=a&token=b"] {
        let status = get_with(server.address, target, &fields).status;
        assert_eq!(status, if target.contains('%') { 400 } else { 200 }, "{target}");
    }
    Subscription::open_with(server.address, "/events/subscribe?all=true&token=bad", &fields).greeting();
    let answer = post_with(server.address, "/events", &[&[JSON], &fields[..]].concat(), &topped_up("1", "1"));
    assert_eq!(answer.status, 201);
    assert_eq!(get(server.address, "/events/subscribe").status, 400, "nobody is anybody's own");
}

#[test]
fn open_to_everyone_shows_in_readiness_only_without_keys() {
    let directory = data_directory();
    let open = Server::start_at("0.0.0.0:0", directory.path(), &["--insecure"]);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], open.address.port()));
    assert!(get(address, "/ready").text().contains("--insecure"));
    drop(open);
    let flags = with_secret(directory.path());
    let keyed = Server::start_at("0.0.0.0:0", directory.path(), &["--insecure", &flags[0], &flags[1]]);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], keyed.address.port()));
    assert!(!get(address, "/ready").text().contains("warning"));
    assert_eq!(get(address, "/events?all=true").status, 401);
    assert_eq!(get(address, "/events/stats").status, 401, "on this machine too");
}
