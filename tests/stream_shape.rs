//! The bytes of a subscription besides its events: heartbeats, the same bytes live and in replay, HTTP/1.0,
//! HEAD, and the media types that it can be asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{
    Client, Frame, Server, Subscription, created, data_directory, get_with, publish, request, topped_up,
};

#[test]
fn a_quiet_stream_has_heartbeats_of_one_line() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--heartbeat-ms", "200"]);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true");
    subscription.greeting();
    for _ in 0..3 {
        let chunk = subscription.chunk().unwrap();
        assert_eq!(chunk, [Frame::Comment(": hb\n".to_owned())]);
    }
    publish(server.address, &created("1", "GA", "GB"));
    assert_eq!(subscription.event().id.as_deref(), Some("1"));
}

#[test]
fn live_and_replay_are_the_same_bytes_for_everyone() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let filters = ["all=true", "streams=1,2", "users=GA,GC"];
    let target = |filter: &str| format!("/events/subscribe?{filter}&from=earliest");
    let mut live: Vec<_> =
        filters.iter().map(|filter| Subscription::open(server.address, &target(filter))).collect();
    live.iter_mut().for_each(|subscription| drop(subscription.greeting()));
    publish(server.address, &created("1", "GA", "GB"));
    publish(server.address, &created("\"2\"", "GC", "GD"));
    let odd = "{\"type\":\"stream.withdrawn\", \"data\" : { \"streamId\": 1 ,\n \"amount\": 12,\t\
               \"note\":\"ü\\n\\u0001 \\\"\", \
               \"list\":[1, 2.5, {\"b\":null}] } }";
    publish(server.address, odd);
    let first: Vec<_> = live[0].events(3);
    for block in &first {
        assert!(!block.data.contains('\n') && block.data.starts_with("{\"streamId\":"), "{}", block.raw);
    }
    for subscription in &mut live[1..] {
        assert_eq!(subscription.events(3), first);
    }
    for filter in filters {
        let mut replay = Subscription::open(server.address, &target(filter));
        replay.greeting();
        assert_eq!(replay.events(3), first, "{filter}");
    }
}

#[test]
fn an_http_1_0_client_gets_the_bare_stream() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--heartbeat-ms", "200"]);
    publish(server.address, &created("1", "GA", "GB"));
    for filter in ["all=true", "users=GA"] {
        let mut client = Client::connect(server.address);
        let head =
            format!("GET /events/subscribe?{filter}&from=earliest HTTP/1.0\r\nHost: localhost\r\n\r\n");
        client.send(head);
        let mut bare = Subscription::over(client);
        assert_eq!(bare.head.field("transfer-encoding"), None);
        bare.greeting();
        let mut chunked =
            Subscription::open(server.address, &format!("/events/subscribe?{filter}&from=earliest"));
        chunked.greeting();
        assert_eq!(bare.event(), chunked.event(), "replay");
        publish(server.address, &topped_up("1", "5"));
        let count = if filter == "all=true" { 1 } else { 2 };
        assert_eq!(bare.events(count), chunked.events(count), "live");
        let quiet = bare.chunk().unwrap();
        assert_eq!(quiet, [Frame::Comment(": hb\n".to_owned())]);
    }
}

#[test]
fn head_answers_the_headers_alone() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let stream = Subscription::open(server.address, "/events/subscribe?all=true").head;
    let mut client = Client::connect(server.address);
    client.send(request("HEAD", "/events/subscribe?all=true", &[], b""));
    let head = client.head();
    assert_eq!(head.status, 200);
    for name in ["content-type", "cache-control", "x-accel-buffering", "transfer-encoding"] {
        assert_eq!(head.field(name), stream.field(name), "{name}");
    }
    // Nothing of a body may come: the next bytes are the next answer, or there are none.
    client.send_what_goes(request("GET", "/health", &[("Connection", "close")], b""));
    let rest = String::from_utf8(client.rest()).unwrap();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 200 "), "{rest:?}");
}

#[test]
fn a_stream_is_only_for_those_who_accept_it() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let target = "/events/subscribe?all=true";
    for accept in ["application/json", "text/html, application/xhtml+xml", "text/event-stream;q=0", "*/*;q=0"]
    {
        let answer = get_with(server.address, target, &[("Accept", accept)]);
        assert_eq!(answer.status, 406, "{accept}: {answer:?}");
        answer.error();
    }
    let accepted =
        ["text/event-stream", "*/*", "text/*", "text/html, */*;q=0.1", "TEXT/EVENT-STREAM; charset=utf-8"];
    for accept in accepted {
        let mut client = Client::connect(server.address);
        client.send(request("GET", target, &[("Accept", accept)], b""));
        Subscription::over(client).greeting();
    }
    let mut client = Client::connect(server.address);
    client.send(request("GET", target, &[], b""));
    Subscription::over(client).greeting();
}
