//! After a storm the server is as small as before: thousands of subscribers with filters of their own come and go, and
//! what they took is returned to the system.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use support::{DEADLINE, Server, data_directory, until};

const CROWD: usize = 800;
/// Terms of each one's filter, none of them another's.
const TERMS: usize = 64;
/// What such a crowd's filters need at the least: eight bytes a term.
const GROWTH_BYTES_MIN: u64 = (CROWD * TERMS * 8) as u64;

fn anonymous_bytes(server: &Server) -> u64 {
    let path = format!("/proc/{}/smaps_rollup", server.pid().as_raw_nonzero());
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn subscribe(server: &Server, number: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let terms: Vec<String> = (0..TERMS).map(|term| (number * TERMS + term).to_string()).collect();
    let query = terms.join(",");
    write!(socket, "GET /events/subscribe?streams={query} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address)
        .unwrap();
    socket
}

fn greeted(socket: &mut TcpStream) {
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    while !text.windows(10).any(|window| window == b"\"clientId\"") {
        let count = socket.read(&mut bytes).unwrap();
        assert!(count > 0, "not greeted: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&bytes[..count]);
    }
}

#[test]
fn what_a_storm_took_is_returned() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--workers", "1", "--max-connections", "900"]);
    greeted(&mut subscribe(&server, CROWD));
    let before = anonymous_bytes(&server);
    let mut crowd: Vec<TcpStream> = Vec::new();
    for number in 0..CROWD {
        crowd.push(subscribe(&server, number));
    }
    crowd.iter_mut().for_each(greeted);
    let grown = anonymous_bytes(&server) - before;
    assert!(grown >= GROWTH_BYTES_MIN, "the storm took {grown} B");
    drop(crowd);
    until("most of what the storm took is returned", || {
        (anonymous_bytes(&server) < before + grown / 4).then_some(())
    });
}
