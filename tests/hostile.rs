//! 100,000 requests of an enemy: valid ones with bytes changed, removed, doubled or spliced, and plain noise,
//! pipelined over several connections, every connection cut or half-closed at the end. Afterwards the server
//! serves as before, has not panicked, an old subscriber is still there, and its memory has stopped growing
//! after the first third.
//!
//! `TAILWIRE_HOSTILE_SEED` repeats a run, `TAILWIRE_HOSTILE_REQUESTS` changes its length.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

#[path = "hostile/generator.rs"]
mod generator;
mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use generator::Generator;
use support::{DEADLINE, Random, Server, Subscription, data_directory, get, publish};

const ATTACKERS: u64 = 4;
/// Requests that one connection carries, at most.
const PIPELINE: usize = 12;
/// Growth of the server's own memory between the first third and the end. What valid events legitimately
/// leave behind (index, keys, parties) is far below.
const GROWTH_BYTES_MAX: u64 = 24 * 1024 * 1024;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn a_flood_of_broken_requests_leaves_the_server_serving() {
    let seed = setting("TAILWIRE_HOSTILE_SEED", u64::from(std::process::id()) << 16 | 1);
    let requests = setting("TAILWIRE_HOSTILE_REQUESTS", 100_000);
    eprintln!("hostile: seed {seed}, {requests} requests");
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--heartbeat-ms", "1000"]);
    let mut witness = Subscription::open(server.address, "/events/subscribe?users=GWITNESS");
    witness.greeting();

    attack(server.address, seed, requests / 3);
    settle(server.address);
    let warm = anonymous_bytes(&server);
    attack(server.address, seed + 1000, requests - requests / 3);
    settle(server.address);
    let end = anonymous_bytes(&server);
    eprintln!("hostile: {} KiB after the first third, {} KiB at the end", warm / 1024, end / 1024);

    assert!(end.saturating_sub(warm) < GROWTH_BYTES_MAX, "grew from {warm} to {end} bytes; seed {seed}");
    assert!(!server.log().contains("panicked"), "seed {seed}");
    assert_eq!(get(server.address, "/ready").status, 200, "seed {seed}");
    let marker = publish(server.address, &support::created("\"witnessed\"", "GWITNESS", "GB"));
    let event = loop {
        // Position frames are due, since much was published for others.
        let block = witness.block();
        if block.event.as_deref() != Some("position") {
            break block;
        }
    };
    assert_eq!(event.id, Some(marker), "seed {seed}");
    assert!(server.terminate().success(), "seed {seed}");
}

/// Sends this many requests over connections of several attackers.
fn attack(address: SocketAddr, seed: u64, requests: u64) {
    let sent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for attacker in 0..ATTACKERS {
            let sent = &sent;
            scope.spawn(move || {
                let mut generator = Generator::new(Random::new(seed ^ attacker << 40));
                while sent.load(Ordering::Relaxed) < requests {
                    let count = connection(address, &mut generator);
                    sent.fetch_add(count, Ordering::Relaxed);
                }
            });
        }
    });
}

/// One connection with a few requests, of which the last may break the framing. Waits for the server's end of
/// it, which must come. Gives how many requests the server got to see: an answer each, and the one it closed
/// on.
fn connection(address: SocketAddr, generator: &mut Generator) -> u64 {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    let count = 1 + generator.random.below(PIPELINE);
    let mut bytes = Vec::new();
    for number in 1..=count {
        bytes.extend(if number < count { generator.well_framed() } else { generator.broken() });
    }
    // The server may close at any byte; that is its right.
    let _refused = stream.write_all(&bytes);
    if generator.random.chance(10) {
        return count as u64; // Gone without a word: the kernel resets, with answers unread.
    }
    let _closed = stream.shutdown(Shutdown::Write);
    answers(&mut stream, &bytes).max(1)
}

/// Reads to the end of the connection and counts the answers. A subscription that came about ends the count.
fn answers(stream: &mut TcpStream, sent: &[u8]) -> u64 {
    let deadline = Instant::now() + DEADLINE;
    let mut input = Vec::new();
    let mut buffer = [0; 16 * 1024];
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => input.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        if input.windows(17).any(|window| window == b"text/event-stream") {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "the server neither answered nor closed after {:?}; it said {:?}",
            String::from_utf8_lossy(sent),
            String::from_utf8_lossy(&input)
        );
    }
    input.windows(9).filter(|window| window == b"HTTP/1.1 ").count() as u64
}

/// Waits until the server has let go of the attack's connections.
fn settle(address: SocketAddr) {
    support::until("the attack's subscriptions are gone", || {
        let stats = get(address, "/events/stats").json();
        (stats["activeConnections"] == 1).then_some(())
    });
}

/// The server's anonymous memory: the log's own pages, which are mapped, are not counted.
fn anonymous_bytes(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}
