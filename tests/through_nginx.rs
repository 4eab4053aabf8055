//! The vectors of smuggling through nginx as an operator would put it in front, with connections to the server kept
//! alive: what the server understood is what nginx believes it has forwarded, request for request, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "through_nginx/nginx.rs"]
mod nginx;
mod support;
#[path = "through_nginx/tap.rs"]
mod tap;
mod vectors;

use std::collections::BTreeMap;

use nginx::{Logged, Nginx};
use support::{Server, data_directory, everything};
use tap::{Exchange, Tap};

/// A request body is held back until it is whole, and passed on as it comes: two ways to frame it anew.
const SERVERS: &[(&str, &str)] = &[("whole", ""), ("streamed", "proxy_request_buffering off;")];

#[test]
fn nginx_and_the_server_understand_the_same() {
    let Some(program) = nginx::program() else {
        support::skipped("the vectors of smuggling through nginx: it is not installed (nginx-light)");
        return;
    };
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let tap = Tap::before(server.address);
    let mut nginx = Nginx::start(&program, directory.path(), tap.address, SERVERS);
    for (number, (name, _)) in SERVERS.iter().enumerate() {
        for vector in vectors::all(1000 * number) {
            nginx.send(name, &vector.bytes);
        }
    }
    nginx.finish();
    let exchanges = tap.exchanges();
    let mut forwarded = Vec::new();
    for (name, _) in SERVERS {
        let logged = nginx.logged(name);
        let refused = logged.iter().filter(|line| line.status.is_none()).count();
        let passed: Vec<Logged> = logged.into_iter().filter(|line| line.status.is_some()).collect();
        assert!(refused >= 50 && passed.len() >= 200, "{name}: {refused} refused, {} passed", passed.len());
        let whole = *name == "whole";
        forwarded.extend(passed.into_iter().map(|line| Logged { body: line.body.filter(|_| whole), ..line }));
    }
    assert_same(&forwarded, &exchanges);
    assert_stored(&exchanges, &server);
    assert!(server.terminate().success());
}

/// Each request that nginx says it forwarded was answered by the server, under the same method and target, with the
/// same body; and the server answered no other.
fn assert_same(forwarded: &[Logged], exchanges: &[Exchange]) {
    let mut answered: BTreeMap<&str, &Exchange> = BTreeMap::new();
    for exchange in exchanges {
        let before = answered.insert(&exchange.id, exchange);
        assert!(before.is_none(), "understood twice: {exchange:?}");
    }
    for line in forwarded {
        let exchange = answered.remove(line.id.as_str());
        let exchange = exchange.unwrap_or_else(|| panic!("the server did not answer {line:?}"));
        let meaning = (exchange.method.as_str(), exchange.target.as_str(), Some(exchange.status));
        assert_eq!(meaning, (line.method.as_str(), line.target.as_str(), line.status));
        let same = line.body.as_ref().is_none_or(|body| body.as_bytes() == exchange.body);
        assert!(same, "{line:?} and {exchange:?}");
    }
    assert!(answered.is_empty(), "the server answered what nginx does not know of: {answered:?}");
}

/// The log holds an event for each request that was answered 201, with the payment stream of its target and the fields
/// of its body, and no other.
fn assert_stored(exchanges: &[Exchange], server: &Server) {
    let mut expected: Vec<String> = exchanges
        .iter()
        .filter(|exchange| exchange.status == 201)
        .map(|exchange| {
            let stream = marker(&exchange.target);
            let body = std::str::from_utf8(&exchange.body).unwrap().trim();
            let fields = body.trim_start_matches('{').trim_end_matches('}');
            let comma = if fields.is_empty() { "" } else { "," };
            format!("{{\"streamId\":\"{stream}\"{comma}{fields}}}")
        })
        .collect();
    let mut stored: Vec<String> = everything(server.address).into_iter().map(|event| event.data).collect();
    expected.sort_unstable();
    stored.sort_unstable();
    assert_eq!(stored, expected);
    assert!(stored.len() >= 200, "{} events", stored.len());
}

/// The payment stream that a target names.
fn marker(target: &str) -> &str {
    let start = target.find("first-").or_else(|| target.find("hidden-")).unwrap();
    let name = &target[start..];
    &name[..name.find('/').unwrap()]
}
