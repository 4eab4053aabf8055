//! Bodies and who sent them: nothing is held of a body that nobody wants, a token is looked at again once the body is
//! there, and a page learns what was wrong with its body.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::tokens::{MASTER, bearer, now_s, token_for, with_secret};
use support::{Client, Server, data_directory, get, post, until};

const EVENT: &str = r#"{"type":"stream.completed","data":{"streamId":7}}"#;
const MIB: usize = 1024 * 1024;

/// Together they would be more than the server holds of bodies.
#[test]
fn bodies_that_nobody_wants_keep_no_publisher_out() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--request-timeout-ms", "3600000"]);
    let most = vec![b' '; MIB - 1];
    let mut open: Vec<Client> = (0..260).map(|_| Client::connect(server.address)).collect();
    for (index, client) in open.iter_mut().enumerate() {
        let target = ["/health", "/ready", "/", "/events?all=true", "/events/subscribe?all=true"][index % 5];
        client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MIB}\r\n\r\n"));
        client.send(&most);
    }
    // The last byte of the last one has been taken in when its neighbours on the same worker are answered.
    let long = format!("[{}]", vec![EVENT; 1000].join(","));
    assert!(long.len() > 16 * 1024);
    for _ in 0..20 {
        assert_eq!(post(server.address, "/events", &long).status, 201);
    }
    for client in open.iter_mut().take(4) {
        client.send(" ");
        assert_eq!(client.head().status, 200, "a body that nobody wants is no fault");
    }
}

#[test]
fn a_token_that_expires_while_the_body_comes_publishes_nothing() {
    let directory = data_directory();
    let flags = with_secret(directory.path());
    let server = Server::start(directory.path(), &[&flags[0], &flags[1]]);
    let ends_s = now_s() + 2;
    let token = bearer(&token_for(2, "GA", MASTER));
    let mut client = Client::connect(server.address);
    client.send(format!(
        "POST /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        EVENT.len()
    ));
    client.send(&EVENT[..1]);
    until("the token has expired", || (now_s() > ends_s).then_some(()));
    client.send(&EVENT[1..]);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error().as_str()), (401, "token_expired"), "{answer:?}");
    assert!(!get(server.address, "/ready").text().contains("\"lastEventId\":\"1\""));
}

#[test]
fn a_page_learns_what_was_wrong_with_its_body() {
    let directory = data_directory();
    let origin = "https://app.example";
    let server = Server::start(directory.path(), &["--cors-origin", origin, "--request-timeout-ms", "500"]);
    for (body, status) in [("200000\r\n", 413), ("zz\r\n", 400), ("5\r\nab", 408)] {
        let mut client = Client::connect(server.address);
        client.send(format!(
            "POST /events HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n{body}"
        ));
        let answer = client.answer();
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.field("access-control-allow-origin"), Some(origin), "{status}");
    }
}
