//! Every right: token, filter and route lead to the status that one rule gives, checked over the wire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

mod support;

use support::tokens::{bearer, hs256, token, token_for, with_secret};
use support::{Client, PLACEHOLDER, Server, data_directory, request, topped_up};

/// Who asks, as the test knows it.
struct Who {
    name: &'static str,
    token: String,
    /// Known to the server at all.
    good: bool,
    all: bool,
    streams: &'static [&'static str],
    users: &'static [&'static str],
    publish: bool,
    admin: bool,
    /// Without a filter: what is theirs.
    own: bool,
}

/// What is asked for.
struct Filter {
    query: &'static str,
    all: bool,
    streams: &'static [&'static str],
    users: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    Token,
    Read,
    Publish,
    Admin,
}

/// The rule.
fn expected(who: &Who, needs: Needs, filter: &Filter, success: u16) -> u16 {
    let within = |asked: &[&str], granted: &[&str]| asked.iter().all(|one| granted.contains(one));
    let nothing = !filter.all && filter.streams.is_empty() && filter.users.is_empty();
    let allowed = match needs {
        Needs::Nothing => return success,
        _ if !who.good => return 401,
        Needs::Token => true,
        Needs::Publish => who.publish,
        Needs::Admin => who.admin,
        Needs::Read if nothing && who.own => true,
        Needs::Read if nothing => return 400,
        Needs::Read if filter.all => who.all,
        Needs::Read => who.all || within(filter.streams, who.streams) && within(filter.users, who.users),
    };
    if allowed { success } else { 403 }
}

fn nobody(name: &'static str, token: String) -> Who {
    let none: &[&str] = &[];
    Who {
        name,
        token,
        good: false,
        all: false,
        streams: none,
        users: none,
        publish: false,
        admin: false,
        own: false,
    }
}

fn somebody(name: &'static str, rights: &str) -> Who {
    Who { good: true, ..nobody(name, token("GA", rights)) }
}

fn everybody() -> Vec<Who> {
    let streams = &["1", "2"];
    vec![
        nobody("no token", String::new()),
        nobody("no JWT", "abc".to_owned()),
        nobody("expired", token_for(0, "GA", support::tokens::MASTER)),
        nobody("another secret", hs256(r#"{"alg":"HS256"}"#, r#"{"sub":"GA","exp":9999999999}"#, &[7; 40])),
        Who { all: true, ..somebody("all", r#"{"subscribe":{"all":true}}"#) },
        Who { streams, ..somebody("streams", r#"{"subscribe":{"streams":[1,"2"]}}"#) },
        Who { users: &["GA"], ..somebody("user", r#"{"subscribe":{"users":["GA"]}}"#) },
        Who {
            streams,
            users: &["GB"],
            ..somebody("streams and user", r#"{"subscribe":{"streams":[2,1],"users":["GB"]}}"#)
        },
        Who { users: &["GA"], own: true, ..somebody("own", "") },
        somebody("empty claim", "{}"),
        somebody("empty subscribe", r#"{"subscribe":{"streams":[],"users":[]}}"#),
        Who { publish: true, ..somebody("publisher", r#"{"publish":true}"#) },
        Who { admin: true, ..somebody("admin", r#"{"admin":true}"#) },
        somebody("all said no", r#"{"publish":false,"admin":false}"#),
        Who { all: true, publish: true, admin: true, ..somebody("master", support::tokens::MASTER) },
    ]
}

const FILTERS: &[Filter] = &[
    Filter { query: "", all: false, streams: &[], users: &[] },
    Filter { query: "types=stream.created", all: false, streams: &[], users: &[] },
    Filter { query: "all=true", all: true, streams: &[], users: &[] },
    Filter { query: "all=1&streams=1", all: true, streams: &["1"], users: &[] },
    Filter { query: "streams=1", all: false, streams: &["1"], users: &[] },
    Filter { query: "streams=2,1", all: false, streams: &["1", "2"], users: &[] },
    Filter { query: "streams=1&streams=3", all: false, streams: &["1", "3"], users: &[] },
    Filter { query: "users=GA", all: false, streams: &[], users: &["GA"] },
    Filter { query: "users=GA,GB", all: false, streams: &[], users: &["GA", "GB"] },
    Filter { query: "users=ga", all: false, streams: &[], users: &["ga"] },
    Filter { query: "streams=1&users=GB", all: false, streams: &["1"], users: &["GB"] },
    Filter { query: "streams=3&users=GA&all=false", all: false, streams: &["3"], users: &["GA"] },
];

/// Method, path, body, what is needed, and the status of success.
fn routes() -> Vec<(&'static str, &'static str, String, Needs, u16)> {
    let reads = ["/events/subscribe", "/events", "/v1/events/subscribe"]
        .iter()
        .flat_map(|path| ["GET", "HEAD"].map(|method| (method, *path, String::new(), Needs::Read, 200)));
    let rest = [
        ("POST", "/events", topped_up("1", "1"), Needs::Publish, 201),
        ("POST", "/streams", PLACEHOLDER.to_owned(), Needs::Publish, 201),
        ("POST", "/streams/1/pause", "{}".to_owned(), Needs::Publish, 201),
        ("POST", "/v1/events", topped_up("1", "1"), Needs::Publish, 201),
        ("POST", "/events/ticket", String::new(), Needs::Token, 201),
        ("GET", "/events/stats", String::new(), Needs::Admin, 200),
        ("HEAD", "/events/stats", String::new(), Needs::Admin, 200),
        ("GET", "/health", String::new(), Needs::Nothing, 200),
        ("GET", "/ready", String::new(), Needs::Nothing, 200),
        ("GET", "/", String::new(), Needs::Nothing, 200),
        ("GET", "/app.js", String::new(), Needs::Nothing, 200),
        ("OPTIONS", "/events", String::new(), Needs::Nothing, 204),
        ("OPTIONS", "/events/subscribe", String::new(), Needs::Nothing, 204),
    ];
    reads.chain(rest).collect()
}

fn ask(server: &Server, method: &str, target: &str, body: &str, place: usize, token: &str) -> (u16, String) {
    let (bearer, cookie) = (bearer(token), format!("theme=dark; tailwire={token}"));
    let mut target = target.to_owned();
    let mut fields = vec![("Content-Type", "application/json")];
    match place {
        _ if token.is_empty() => {}
        0 => fields.push(("Authorization", bearer.as_str())),
        1 => fields.push(("Cookie", cookie.as_str())),
        _ => target += &format!("{}token={token}", if target.contains('?') { "&" } else { "?" }),
    }
    let mut client = Client::connect(server.address);
    client.send(request(method, &target, &fields, body.as_bytes()));
    let head = client.head();
    if head.status == 401 {
        assert!(head.field("www-authenticate").unwrap().starts_with("Bearer"), "{head:?}");
    }
    assert_eq!(head.field("timing-allow-origin"), None);
    let cached = head.field("cache-control").unwrap_or("none").to_owned();
    (head.status, cached)
}

#[test]
fn every_token_filter_and_route_leads_to_the_status_of_the_rule() {
    let directory = data_directory();
    let flags = with_secret(directory.path());
    let server = Server::start(directory.path(), &[&flags[0], &flags[1]]);
    let none = [Filter { query: "", all: false, streams: &[], users: &[] }];
    let (mut rows, mut faults) = (0, Vec::new());
    let mut seen = std::collections::BTreeMap::new();
    for who in everybody() {
        for (method, path, body, needs, success) in routes() {
            for filter in if needs == Needs::Read { FILTERS } else { &none } {
                for place in 0..3 {
                    let target = if filter.query.is_empty() {
                        path.to_owned()
                    } else {
                        format!("{path}?{}", filter.query)
                    };
                    let (status, cached) = ask(&server, method, &target, &body, place, &who.token);
                    let wanted = expected(&who, needs, filter, success);
                    if status != wanted {
                        faults.push(format!("{}: {method} {target}: {status}, not {wanted}", who.name));
                    }
                    let stream = path.ends_with("/subscribe") && status == 200;
                    if needs != Needs::Nothing {
                        assert_eq!(
                            cached,
                            if stream { "no-cache, no-transform" } else { "no-store" },
                            "{target}"
                        );
                    }
                    *seen.entry(status).or_insert(0) += 1;
                    rows += 1;
                }
            }
        }
    }
    println!("{rows} rows of rights: {seen:?}");
    assert!(faults.is_empty(), "{} of {rows}:\n{}", faults.len(), faults.join("\n"));
    assert!(rows >= 150 && [200, 201, 204, 400, 401, 403].iter().all(|status| seen.contains_key(status)));
    assert!(!server.log().contains("eyJ"), "a token stands in the log");
}
