//! One address that connects again and again, and a proxy that names ever new addresses: what the server remembers of
//! them is bounded. The numbers of the contract are tried by the ignored tests, fewer by the others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use simd_json::prelude::*;
use support::process::{anonymous_bytes, own_address};
use support::{Client, Server, data_directory, get, publish, request, skipped, topped_up, until};

/// Everything that may be remembered: five tables of 512 KiB, and what the allocator keeps for itself.
const MORE_BYTES_MAX: u64 = 8 << 20;
const PIPELINED: usize = 50;

/// Says the memory before and after, and holds it to the bound.
fn assert_bounded(what: &str, before: u64, after: u64) {
    eprintln!("{what}: {} KiB of anonymous memory before, {} KiB after", before >> 10, after >> 10);
    assert!(after.saturating_sub(before) <= MORE_BYTES_MAX, "{what}: from {before} to {after} bytes");
}

fn one_address(connections: usize) {
    let Some(own) = own_address() else {
        return skipped("no address but loopback ones: peers that are counted");
    };
    let directory = data_directory();
    let server = Server::start_at("0.0.0.0:0", directory.path(), &["--insecure"]);
    let here = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let address = SocketAddr::new(own, server.address.port());
    let ask = request("GET", "/events/subscribe?all=true", &[("Prefer", "status")], b"");
    let before = anonymous_bytes(server.pid());
    let began = Instant::now();
    let (mut admitted, mut refused) = (0, 0);
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address).unwrap();
        // Leaves by a reset: the ports of so many would not last otherwise.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        stream.set_read_timeout(Some(support::DEADLINE)).unwrap();
        stream.write_all(&ask).unwrap();
        let mut head = [0; 12];
        // While the server has not seen the resets of those before, it closes what comes.
        match stream.read_exact(&mut head) {
            Ok(()) if head == *b"HTTP/1.1 200" => admitted += 1,
            Ok(()) => {
                assert_eq!(head, *b"HTTP/1.1 429");
                refused += 1;
            }
            Err(_) => {}
        }
    }
    let most = 512 + 5 * (began.elapsed().as_secs() as usize + 1);
    assert!(admitted <= most, "{admitted} tries were let in, over the rate of at most {most}");
    assert!(admitted >= 256 && refused > 0, "{admitted} {refused}");
    until("all have left", || (get(here, "/events/stats").json()["activeConnections"] == 0).then_some(()));
    let stats = get(here, "/events/stats").json();
    assert!(stats["accepts"].as_u64().unwrap() >= connections as u64, "{stats:?}");
    assert_bounded(
        &format!("{connections} connections of one address"),
        before,
        anonymous_bytes(server.pid()),
    );
}

fn many_addresses(addresses: usize) {
    let directory = data_directory();
    let flags = ["--trusted-proxies", "127.0.0.1", "--publish-rate-per-address", "1/m:1"];
    let server = Server::start(directory.path(), &flags);
    let body = topped_up("1", "1").replacen('{', "{\"dedupeKey\":\"one\",", 1);
    publish(server.address, &body);
    let before = anonymous_bytes(server.pid());
    let mut clients: Vec<_> = (0..4).map(|_| Client::connect(server.address)).collect();
    let mut sharing = 0;
    let mut next = u32::from(Ipv4Addr::new(11, 0, 0, 0));
    for turn in 0..addresses / PIPELINED {
        let client = &mut clients[turn % 4];
        let mut bytes = Vec::new();
        for _ in 0..PIPELINED {
            let from = Ipv4Addr::from(next).to_string();
            next += 1;
            let fields = [("X-Forwarded-For", from.as_str()), ("Content-Type", "application/json")];
            bytes.extend(request("POST", "/events", &fields, body.as_bytes()));
        }
        client.send(&bytes);
        for _ in 0..PIPELINED {
            match client.answer().status {
                200 => {}
                429 => sharing += 1,
                other => panic!("{other}"),
            }
        }
    }
    eprintln!("{sharing} of {addresses} addresses met another's bucket");
    // One in 131,072 is expected of a full table.
    assert!(sharing <= 3 + addresses / 20_000, "{sharing} new addresses had no full bucket");
    assert_bounded(&format!("{addresses} addresses by a proxy"), before, anonymous_bytes(server.pid()));
    // The newest is still out of tokens.
    let last = Ipv4Addr::from(next - 1).to_string();
    let fields = [("X-Forwarded-For", last.as_str()), ("Content-Type", "application/json")];
    clients[0].send(request("POST", "/events", &fields, body.as_bytes()));
    assert_eq!(clients[0].answer().status, 429);
    assert!(get(server.address, "/events/stats").json()["refusals"]["rate"].as_u64().unwrap() >= 1);
}

#[test]
fn one_address_that_connects_again_and_again() {
    one_address(3000);
}

#[test]
fn a_proxy_that_names_ever_new_addresses() {
    many_addresses(20_000);
}

#[test]
#[ignore = "100,000 connections: a minute"]
fn one_address_in_full() {
    one_address(100_000);
}

#[test]
#[ignore = "1,000,000 requests: some minutes"]
fn a_proxy_in_full() {
    many_addresses(1_000_000);
}
