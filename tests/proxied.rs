//! Behind a proxy: whom it speaks for is who is counted, and never this machine. The PROXY head is due from trusted
//! proxies alone, and then from each of their connections.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use support::{Answer, Client, Server, data_directory, get, get_with, request, until};
use tailwire::limits::ADDRESS_RESERVE;

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 127.0.0.1 4000 80\r\n";
const V1_OTHER: &[u8] = b"PROXY TCP4 192.0.2.2 127.0.0.1 4000 80\r\n";
const V1_LOOPBACK: &[u8] = b"PROXY TCP4 127.0.0.1 127.0.0.1 4000 80\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01\x0f\xa0\0\x50";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const PROXY: [&str; 3] = ["--proxy-protocol", "--trusted-proxies", "127.0.0.1"];

fn stats_after(address: SocketAddr, head: &[u8], fields: &[(&str, &str)]) -> Answer {
    let mut client = Client::connect(address);
    client.send([head, &request("GET", "/events/stats", fields, b"")].concat());
    client.answer()
}

#[test]
fn a_proxied_client_is_not_this_machine() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--trusted-proxies", "127.0.0.1/32"]);
    for target in ["/events/stats", "/metrics"] {
        assert_eq!(get(server.address, target).status, 200, "{target}");
        for (name, value) in [
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-For", "unknown"),
            ("Forwarded", "for=\"[::1]:80\""),
        ] {
            let answer = get_with(server.address, target, &[(name, value)]);
            assert_eq!(answer.status, 403, "{target} {name}: {value}: {answer:?}");
        }
    }
}

#[test]
fn a_proxy_head_says_for_whom_a_connection_is() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &PROXY);
    for (head, status) in
        [(V1, 403), (V2, 403), (V1_LOOPBACK, 403), (b"PROXY UNKNOWN\r\n", 403), (V2_LOCAL, 200)]
    {
        let answer = stats_after(server.address, head, &[]);
        assert_eq!(answer.status, status, "{:?}: {answer:?}", String::from_utf8_lossy(head));
    }
}

#[test]
fn a_proxied_address_is_counted() {
    let directory = data_directory();
    let flags = [&PROXY[..], &["--max-connections-per-address", "1"]].concat();
    let server = Server::start(directory.path(), &flags);
    let subscribe = |head: &[u8]| {
        let mut client = Client::connect(server.address);
        let fields = [("Prefer", "status"), ("X-Forwarded-For", "198.51.100.7")];
        client.send([head, &request("GET", "/events/subscribe?all=true", &fields, b"")].concat());
        (client.head().status, client)
    };
    let (first, _open) = subscribe(V1);
    assert_eq!(first, 200);
    // It is no trusted proxy: what it says of others is not believed.
    assert_eq!(subscribe(V2).0, 429);
    assert_eq!(subscribe(V1_OTHER).0, 200);
}

#[test]
fn connections_of_whom_a_proxy_head_names_are_bound() {
    let directory = data_directory();
    let flags = [&PROXY[..], &["--max-connections-per-address", "1"]].concat();
    let server = Server::start(directory.path(), &flags);
    let connect = |head: &[u8]| {
        let mut client = Client::connect(server.address);
        client.send_what_goes([head, &request("GET", "/health", &[], b"")].concat());
        client
    };
    let mut open: Vec<_> = (0..1 + ADDRESS_RESERVE).map(|_| connect(V1)).collect();
    assert!(open.iter_mut().all(|client| client.answer().status == 200));
    connect(V1).assert_closed();
    assert_eq!(connect(V1_OTHER).answer().status, 200, "another client of the same proxy");
    assert_eq!(connect(V2_LOCAL).answer().status, 200, "the proxy itself");
    drop(open);
    until("its places are free again", || {
        let mut client = connect(V1);
        client.read_more(std::time::Instant::now() + support::DEADLINE).then_some(())
    });
}

#[test]
fn what_begins_otherwise_is_closed_without_a_word() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[&PROXY[..], &["--request-timeout-ms", "300"]].concat());
    let ask = request("GET", "/health", &[], b"");
    let oversized = [&V2_LOCAL[..14], b"\xff\xff", &[0; 9000]].concat();
    for bytes in [&ask[..], b"PROXY TCP4 1 2 3 4\r\n", &oversized, &V2[..20], b"PROXY", b""] {
        let mut client = Client::connect(server.address);
        client.send_what_goes(bytes);
        client.assert_closed();
    }
    let mut slow = Client::connect(server.address);
    slow.send(&V1[..10]);
    slow.send(&V1[10..]);
    slow.send(&ask);
    assert_eq!(slow.answer().status, 200, "a head in pieces");
    slow.send(&ask);
    assert_eq!(slow.answer().status, 200, "one head for each connection");
}

#[test]
fn a_stranger_may_send_no_proxy_head() {
    let directory = data_directory();
    let flags = ["--proxy-protocol", "--trusted-proxies", "10.0.0.0/8"];
    let server = Server::start(directory.path(), &flags);
    let mut client = Client::connect(server.address);
    client.send([V1, &request("GET", "/health", &[], b"")].concat());
    assert_eq!(client.answer().status, 400);
    assert_eq!(get(server.address, "/health").status, 200);
}
