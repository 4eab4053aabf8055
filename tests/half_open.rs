//! Where there is no room for more connections, those that have not sent a whole request give way, the oldest first.
//! Subscribers stay, new ones come in, publishing goes on; and what waits costs little memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{
    Client, DEADLINE, Server, Subscription, data_directory, get, publish, request, topped_up, until,
};

const TARGET: &str = "/events/subscribe?all=true";
/// Places beside 20 subscribers, with the flags of the test: the reserve.
const PLACES: usize = 128;
const FLOOD: usize = 1000;
/// What a connection may cost that has sent half a head: its task, its place in tables, the half.
const HALF_OPEN_BYTES_MAX: u64 = 2500;

fn half_open(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.write_all(b"GET /events/subscribe?all=true HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Whether the server has ended it.
fn has_ended(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 16]) {
        Ok(0) => true,
        Ok(_) => panic!("half a request was answered"),
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn flags<'a>() -> Vec<&'a str> {
    "--workers 1 --max-connections 20 --request-timeout-ms 3600000 --idle-timeout-ms 3600000"
        .split(' ')
        .collect()
}

#[test]
fn half_open_connections_give_way_and_subscribers_do_not() {
    raise_file_limit();
    let directory = data_directory();
    let server = Server::start(directory.path(), &flags());
    let subscribe = || {
        let mut subscription = Subscription::open(server.address, TARGET);
        subscription.greeting();
        subscription
    };
    let mut subscribers: Vec<Subscription> = (0..19).map(|_| subscribe()).collect();
    let mut idle = Client::connect(server.address);
    idle.send(request("GET", "/health", &[], b""));
    assert_eq!(idle.answer().status, 200);

    let mut flood: Vec<TcpStream> = (0..FLOOD).map(|_| half_open(server.address)).collect();
    // A new subscriber comes in beside them, and an event goes through.
    subscribers.push(subscribe());
    publish(server.address, &topped_up("1", "1"));
    subscribers.iter_mut().for_each(|one| assert_eq!(one.ids(1), ["1"]));
    idle.assert_closed();
    // Each that came since needed one place.
    let ended = until("the oldest have ended", || {
        let ended: Vec<bool> = flood.iter_mut().map(has_ended).collect();
        let first = ended.iter().position(|ended| !ended).unwrap();
        (FLOOD - PLACES - 1..FLOOD - PLACES + 4).contains(&first).then_some(ended)
    });
    let first = ended.iter().position(|ended| !ended).unwrap();
    assert!(ended[first..].iter().all(|ended| !ended), "younger ones went: {ended:?}");
    assert!(server.log().contains("give way"), "{}", server.log());

    // Those that stayed are as good as any.
    let mut last = flood.pop().unwrap();
    last.set_nonblocking(false).unwrap();
    last.write_all(b"Prefer: status\r\n\r\n").unwrap();
    assert_eq!(Client::over(last).head().status, 503, "the places of subscribers are taken");
    drop(flood);
    drop(subscribers);
    until("all places are free", || {
        let stats = get(server.address, "/events/stats").text();
        stats.contains("\"activeConnections\":0,").then_some(())
    });
    drop((0..19).map(|_| subscribe()).collect::<Vec<_>>());
}

#[test]
fn a_half_open_connection_costs_little() {
    raise_file_limit();
    let directory = data_directory();
    let server =
        Server::start(directory.path(), &["--max-connections", "6000", "--request-timeout-ms", "3600000"]);
    let mut open: Vec<TcpStream> = (0..200).map(|_| half_open(server.address)).collect();
    let before = settled_bytes(&server);
    open.extend((0..2000).map(|_| half_open(server.address)));
    let grown = settled_bytes(&server) - before;
    assert!(grown < 2000 * HALF_OPEN_BYTES_MAX, "{} bytes each", grown / 2000);
    assert!(open.iter_mut().all(|stream| !has_ended(stream)));
}

/// The server's anonymous memory once it has taken in all that was sent.
fn settled_bytes(server: &Server) -> u64 {
    let mut last = 0;
    until("memory settles", || {
        for _ in 0..20 {
            assert_eq!(get(server.address, "/health").status, 200);
        }
        let now = anonymous_bytes(server);
        (std::mem::replace(&mut last, now) == now).then_some(now)
    })
}

fn anonymous_bytes(server: &Server) -> u64 {
    let path = format!("/proc/{}/smaps_rollup", server.pid().as_raw_nonzero());
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}
