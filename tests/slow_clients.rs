//! Clients that are slow, on purpose or not: a head that trickles in is cut on time however its bytes come, a body that
//! comes slowly but steadily is taken, one that trickles or stops is not, and who does not read answers is cut and
//! costs little until then.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use support::{DEADLINE, Server, created, data_directory, get, publish, request, topped_up, until};

const JSON: (&str, &str) = ("Content-Type", "application/json");
/// Between two pieces.
const PAUSE: Duration = Duration::from_millis(20);
const TIMEOUT: Duration = Duration::from_millis(500);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    stream
}

/// Sends one piece after the other with a pause after each, again from the first when there are no more, until the
/// server answers or closes. Gives what it said.
fn trickle(stream: &mut TcpStream, pieces: &[u8]) -> String {
    let begun = Instant::now();
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    for piece in pieces.iter().cycle() {
        assert!(begun.elapsed() < DEADLINE, "bytes that keep coming keep the connection");
        let _closed = stream.write_all(&[*piece]);
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => break,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
        }
    }
    assert!(begun.elapsed() >= TIMEOUT, "it was cut before its time");
    String::from_utf8(said).unwrap()
}

fn start(directory: &std::path::Path) -> Server {
    let flags = ["--request-timeout-ms", "500", "--min-rate-bytes", "2000", "--idle-timeout-ms", "3600000"];
    Server::start(directory, &flags)
}

#[test]
fn a_head_is_cut_on_time_though_its_bytes_keep_coming() {
    let directory = data_directory();
    let server = start(directory.path());
    let mut stream = connect(server.address);
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    assert!(trickle(&mut stream, b"X: a\r\n").starts_with("HTTP/1.1 408 "));
    // Neither on a connection that has been good before.
    let mut stream = connect(server.address);
    stream.write_all(&request("GET", "/health", &[], b"")).unwrap();
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    assert!(trickle(&mut stream, b"X: a\r\n").contains("HTTP/1.1 408 "));
}

#[test]
fn who_never_sends_is_closed_without_a_word() {
    let directory = data_directory();
    let server = start(directory.path());
    let mut stream = connect(server.address);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    // An answer to nothing would be taken for that to the next request.
    assert_eq!(said, b"");
}

#[test]
fn a_body_that_trickles_or_stops_is_cut() {
    let directory = data_directory();
    let server = start(directory.path());
    let chunked = [JSON, ("Transfer-Encoding", "chunked")];
    let long = [JSON, ("Content-Length", "1000000")];
    let waits = [JSON, ("Content-Length", "100"), ("Expect", "100-continue")];
    // Sent fast, these would have earned it half a minute.
    let burst = vec![b' '; 60_000];
    let cases = [
        ("its length", request("POST", "/events", &long, b"{"), &b" "[..]),
        ("a burst before", [request("POST", "/events", &long, b""), burst].concat(), b" "),
        ("chunks of a byte", request("POST", "/events", &chunked, b""), b"1\r\n \r\n"),
        ("an extension", request("POST", "/events", &chunked, b"1;"), b"a"),
        ("the trailer", request("POST", "/events", &chunked, b"0\r\nX:"), b"a"),
        ("asked for", request("POST", "/events", &waits, b""), b" "),
    ];
    std::thread::scope(|scope| {
        for (what, front, pieces) in &cases {
            let address = server.address;
            scope.spawn(move || {
                let mut stream = connect(address);
                stream.write_all(front).unwrap();
                let said = trickle(&mut stream, pieces);
                assert!(said.contains("HTTP/1.1 408 "), "{what}: {said:?}");
            });
        }
        scope.spawn(|| {
            let mut stream = connect(server.address);
            stream.write_all(&request("POST", "/events", &waits, b"")).unwrap();
            let mut said = String::new();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream.read_to_string(&mut said).unwrap();
            assert!(said.starts_with("HTTP/1.1 100 ") && said.contains("HTTP/1.1 408 "), "{said:?}");
        });
    });
}

#[test]
fn a_slow_honest_body_is_taken() {
    let directory = data_directory();
    let flags = ["--request-timeout-ms", "1500", "--min-rate-bytes", "100"];
    let server = Server::start(directory.path(), &flags);
    let body = topped_up("1", "1") + &" ".repeat(8000);
    let mut stream = connect(server.address);
    stream
        .write_all(&request("POST", "/events", &[JSON, ("Content-Length", &body.len().to_string())], b""))
        .unwrap();
    let begun = Instant::now();
    // Longer than the timeout, at many times the least rate.
    for piece in body.as_bytes().chunks(body.len() / 150) {
        stream.write_all(piece).unwrap();
        let early = stream.read(&mut [0]);
        assert!(
            early.is_err_and(|error| error.kind() == ErrorKind::WouldBlock) || piece.len() < body.len() / 150
        );
    }
    assert!(begun.elapsed() > Duration::from_millis(1500));
    assert_eq!(get(server.address, "/events?all=true&after=0").json()["lastEventId"], "1");
}

fn anonymous_bytes(server: &Server) -> u64 {
    let path = format!("/proc/{}/smaps_rollup", server.pid().as_raw_nonzero());
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// Events for pages of history of nearly 1 MiB.
fn fill(address: SocketAddr) {
    publish(address, &created("1", "GA", "GB"));
    let note = "x".repeat(10_000);
    for _ in 0..90 {
        let event = format!(
            "{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":1,\"amount\":\"1\",\"note\":\"{note}\"}}}}"
        );
        publish(address, &event);
    }
}

#[test]
fn who_asks_on_and_never_reads_is_no_longer_read_and_then_cut() {
    let directory = data_directory();
    // At the least rate the first bytes, which the kernel takes, earn no time worth the name.
    let flags = ["--request-timeout-ms", "500", "--min-rate-bytes", "1000000"];
    let server = Server::start(directory.path(), &flags);
    fill(server.address);
    let before = anonymous_bytes(&server);
    let mut stream = connect(server.address);
    stream.set_write_timeout(Some(PAUSE)).unwrap();
    let asking = request("GET", "/events?all=true&limit=1000", &[], b"").repeat(100);
    let begun = Instant::now();
    let mut most = 0;
    until("it is cut", || {
        let cut = match stream.write(&asking) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(_) => Some(()),
            Ok(_) => None,
        };
        most = most.max(anonymous_bytes(&server));
        cut
    });
    assert!(begun.elapsed() >= TIMEOUT, "it was cut before its time");
    // One page at a time is made, of which there are two copies for a moment.
    assert!(most - before < 6 * 1024 * 1024, "it grew from {before} to {most} bytes");
    assert_eq!(get(server.address, "/health").status, 200);
}

#[test]
fn answers_that_nobody_takes_give_way_to_further_ones() {
    let directory = data_directory();
    let flags = ["--workers", "1", "--request-timeout-ms", "3600000"];
    let server = Server::start(directory.path(), &flags);
    fill(server.address);
    let asking = request("GET", "/events?all=true&limit=1000", &[], b"");
    let mut readers: Vec<TcpStream> = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(server.address);
        stream.write_all(&asking).unwrap();
        readers.push(stream);
        assert_eq!(get(server.address, "/health").status, 200);
    }
    assert!(anonymous_bytes(&server) < 90 * 1024 * 1024, "{} bytes", anonymous_bytes(&server));
    let whole = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.take(900_000).read_to_end(&mut Vec::new()).is_ok_and(|count| count == 900_000)
    };
    // The oldest went, and no more than was needed.
    let whole: Vec<bool> = readers.iter_mut().map(whole).collect();
    let first = whole.iter().position(|whole| *whole).unwrap();
    assert!((20..60).contains(&first), "the first that stayed is {first}");
    assert!(whole[first..].iter().all(|whole| *whole), "{whole:?}");
}
