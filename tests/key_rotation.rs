//! Keys are exchanged by SIGHUP: the next request is judged by the new ones, and open subscriptions go on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use rustix::process::Signal;
use support::tokens::{MASTER, bearer, claims, file, hs256, publish_by};
use support::{Server, Subscription, data_directory, get_with, topped_up, until};

const OLD: &str = "the old secret, long enough for HS256 tokens";
const NEW: &str = "the new secret, long enough for HS256 tokens";

fn token(kid: &str, secret: &str) -> String {
    hs256(&format!("{{\"alg\":\"HS256\",\"kid\":\"{kid}\"}}"), &claims("GA", MASTER), secret.as_bytes())
}

fn status(server: &Server, token: &str) -> u16 {
    get_with(server.address, "/events?all=true", &[("Authorization", &bearer(token))]).status
}

fn key(kid: &str, secret: &str) -> String {
    let k = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret);
    format!("{{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"{kid}\",\"k\":\"{k}\"}}")
}

fn set(keys: &[String]) -> String {
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

#[test]
fn the_next_request_is_judged_by_the_new_keys_and_subscribers_stay() {
    let directory = data_directory();
    let (old, new) = (token("old", OLD), token("new", NEW));
    let jwks = file(directory.path(), "keys.json", &set(&[key("old", OLD)]));
    let server = Server::start(directory.path(), &["--jwks", &jwks]);
    let subscribe = |token: &str| {
        let authorization = bearer(token);
        let fields = [("Authorization", authorization.as_str())];
        let mut one = Subscription::open_with(server.address, "/events/subscribe?all=true", &fields);
        one.greeting();
        one
    };
    let mut of_old = subscribe(&old);
    assert_eq!((status(&server, &old), status(&server, &new)), (200, 401));

    file(directory.path(), "keys.json", &set(&[key("old", OLD), key("new", NEW)]));
    server.signal(Signal::HUP);
    until("the new key is known", || (status(&server, &new) == 200).then_some(()));
    assert_eq!(status(&server, &old), 200, "both are good for a while");
    let mut of_new = subscribe(&new);
    publish_by(&old, server.address, &topped_up("1", "1"));
    assert_eq!((of_old.ids(1), of_new.ids(1)), (vec!["1".to_owned()], vec!["1".to_owned()]));

    file(directory.path(), "keys.json", &set(&[key("new", NEW)]));
    server.signal(Signal::HUP);
    until("the old key is gone", || (status(&server, &old) == 401).then_some(()));
    assert_eq!(status(&server, &new), 200);
    publish_by(&new, server.address, &topped_up("1", "2"));
    assert_eq!(of_old.ids(1), ["2"], "a subscription lasts as long as the token it was opened with");
    assert_eq!(of_new.ids(1), ["2"]);

    file(directory.path(), "keys.json", "{\"keys\":[");
    server.signal(Signal::HUP);
    until("the broken file is complained of", || server.log().contains("not exchanged").then_some(()));
    assert_eq!((status(&server, &old), status(&server, &new)), (401, 200), "the last good keys stay");
    let log = server.log();
    for secret in [OLD, NEW, "eyJ"] {
        assert!(!log.contains(secret), "a secret stands in the log");
    }
}
