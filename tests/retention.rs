//! Retention under load: the log is cut again and again while a thousand subscribers read. Nobody is blocked,
//! everybody gets every event of theirs exactly once in order, and each of those who come back behind the cut
//! is told once of exactly what is gone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use simd_json::prelude::*;
use support::{
    Client, Frame, Readers, Server, Subscription, data_directory, data_of, get, history, request, topped_up,
    until,
};

const MIB: u64 = 1 << 20;
/// Subscribers to everything, and to one payment stream: those who stay, and those who come back too late.
const STAYING: (usize, usize) = (5, 895);
const LATE: (usize, usize) = (5, 95);
const RETAIN_BYTES: u64 = 12 * MIB;
/// Bytes and events of one step of the load that are of no interest to most.
const BULK_BYTES: usize = 50_000;
const BULK_EVENTS: usize = 16;

const ALL: &str = "/events/subscribe?all=true";
const ONE: &str = "/events/subscribe?streams=7";

/// Everybody who reads now.
struct Crowd {
    /// Of everything.
    all: Vec<Readers>,
    /// Of payment stream 7.
    one: Vec<Readers>,
}

impl Crowd {
    fn expect(&self, id: u64, of_one: bool) {
        self.all.iter().for_each(|readers| readers.expect(id));
        if of_one {
            self.one.iter().for_each(|readers| readers.expect(id));
        }
    }

    /// Nobody is left behind: `all` have an event, `one` have theirs before it.
    fn wait(&self, id: u64, of_one: u64) {
        until("everybody has what was published", || {
            let all = self.all.iter().all(|readers| readers.reached() >= id);
            (all && self.one.iter().all(|readers| readers.reached() >= of_one)).then_some(())
        });
    }
}

/// Publishes and keeps the account.
struct Load {
    client: Client,
    memo: String,
    last: u64,
    /// The events of payment stream 7.
    of_one: Vec<u64>,
}

impl Load {
    fn publish(&mut self, events: &[String]) {
        let body = events.join("\n") + "\n";
        let fields = [("Content-Type", "application/x-ndjson")];
        self.client.send(request("POST", "/events", &fields, body.as_bytes()));
        let answer = self.client.answer();
        assert_eq!(answer.status, 201, "{answer:?}");
        self.last += events.len() as u64;
    }

    /// One event of payment stream 7, behind much that is not.
    fn step(&mut self, crowd: &Crowd, bulk: usize) {
        let mut events = vec![topped_up("8", &format!("1\",\"memo\":\"{}", self.memo)); bulk];
        events.push(topped_up("7", &(self.last + bulk as u64 + 1).to_string()));
        let before = self.of_one.last().copied().unwrap_or(0);
        self.publish(&events);
        self.of_one.push(self.last);
        let first = self.last - bulk as u64;
        (first..=self.last).for_each(|id| crowd.expect(id, id == self.last));
        // At most one step ahead of the slowest.
        crowd.wait(first - 1, before);
    }
}

/// The log's bytes and its first kept event.
fn kept(address: SocketAddr) -> (u64, u64) {
    let stats = get(address, "/events/stats").json();
    let earliest = stats["earliestEventId"].as_str().unwrap().parse().unwrap();
    (stats["log"]["bytes"].as_u64().unwrap(), earliest)
}

fn subscribe(address: SocketAddr, target: &str, count: usize) -> Vec<Subscription> {
    let mut subscriptions: Vec<_> = (0..count).map(|_| Subscription::open(address, target)).collect();
    subscriptions.iter_mut().for_each(|subscription| drop(subscription.greeting()));
    subscriptions
}

/// Publishes until the log was cut a few times after `past` was in it.
fn load_until_cut(server: &Server, load: &mut Load, crowd: &Crowd, past: u64) -> usize {
    let mut cuts = Vec::new();
    until("the log is cut again and again", || {
        load.step(crowd, BULK_EVENTS);
        let earliest = kept(server.address).1;
        if earliest > past && cuts.last() != Some(&earliest) {
            cuts.push(earliest);
        }
        (cuts.len() >= 3).then_some(cuts.len())
    })
}

/// Comes back after `last` behind a cut at `earliest`, and must be told so in the greeting's chunk.
fn come_back(address: SocketAddr, target: &str, last: u64, earliest: u64) -> Subscription {
    let mut subscription = Subscription::resume(address, target, &last.to_string());
    let chunk = subscription.chunk().unwrap();
    let [Frame::Block(greeting), Frame::Block(gap)] = &chunk[..] else { panic!("{chunk:?}") };
    assert_eq!((greeting.id.as_deref(), gap.event.as_deref()), (None, Some("gap")));
    let missed = earliest - 1 - last;
    let expected = format!("{{\"requested\":\"{last}\",\"earliest\":\"{earliest}\",\"missed\":{missed}}}");
    assert_eq!((&gap.data, gap.id.as_deref()), (&expected, Some((earliest - 1).to_string().as_str())));
    assert_eq!(data_of(greeting)["earliestEventId"].as_str(), Some(earliest.to_string().as_str()));
    subscription
}

#[test]
fn a_thousand_subscribers_and_a_log_that_is_cut_under_them() {
    raise_file_limit(1500);
    let directory = data_directory();
    let flags = ["--segment-bytes", "4MiB", "--retain-bytes", "12MiB", "--min-free-bytes", "16MiB"];
    let server = Server::start(directory.path(), &flags);
    let address = server.address;
    let mut load =
        Load { client: Client::connect(address), memo: "x".repeat(BULK_BYTES), last: 0, of_one: Vec::new() };

    let mut leaving = subscribe(address, ALL, LATE.0);
    leaving.extend(subscribe(address, ONE, LATE.1));
    let mut one = subscribe(address, ONE, STAYING.1);
    let mut crowd = Crowd { all: vec![Readers::start(subscribe(address, ALL, STAYING.0))], one: Vec::new() };
    while !one.is_empty() {
        let some = one.split_off(one.len().saturating_sub(STAYING.1.div_ceil(4)));
        crowd.one.push(Readers::start(some));
    }
    load.step(&crowd, 0);
    let left_at = load.last;
    leaving.iter_mut().for_each(|one| assert_eq!(one.ids(1), [left_at.to_string()]));
    drop(leaving);

    let mut cuts = load_until_cut(&server, &mut load, &crowd, left_at);
    // Where the cut is must be known for certain for those who come back: the load goes on, but fills no segment.
    until("the log is as small as it is to be", || (kept(address).0 <= RETAIN_BYTES).then_some(()));
    let earliest = kept(address).1;
    let mut late = Vec::new();
    for number in 0..LATE.0 + LATE.1 {
        if number % 20 == 0 {
            load.step(&crowd, 0);
        }
        let target = if number < LATE.0 { ALL } else { ONE };
        late.push(come_back(address, target, left_at, earliest));
    }
    assert_eq!(kept(address).1, earliest, "cut once more meanwhile");
    let late_one = late.split_off(LATE.0);
    crowd.all.push(Readers::start(late));
    crowd.one.push(Readers::start(late_one));
    let (all, one) = (crowd.all.last().unwrap(), crowd.one.last().unwrap());
    (earliest..=load.last).for_each(|id| all.expect(id));
    load.of_one.iter().filter(|id| **id >= earliest).for_each(|id| one.expect(*id));
    crowd.wait(load.last, load.last);

    let back_at = load.last;
    cuts += load_until_cut(&server, &mut load, &crowd, back_at);
    crowd.wait(load.last, load.last);
    assert_eq!(*history(address).last_key_value().unwrap().0, load.last);
    no_removed_segment_is_held(&server);
    server.signal(rustix::process::Signal::TERM);
    for readers in crowd.all.into_iter().chain(crowd.one) {
        // Nothing came twice, and nothing else: next is the farewell.
        readers.finish().iter_mut().for_each(|subscription| drop(subscription.named("reconnect")));
    }
    assert!(server.ended().success());
    eprintln!(
        "{} subscribers, {} events, {cuts} cuts: {} came back after {left_at} and got one gap each, {left_at} to \
         {earliest}",
        STAYING.0 + STAYING.1 + LATE.0 + LATE.1,
        load.last,
        LATE.0 + LATE.1,
    );
}

/// Removed segments are given back to the file system: nobody maps them for longer than a turn.
fn no_removed_segment_is_held(server: &Server) {
    let pid = server.pid().as_raw_nonzero();
    until("no removed segment is mapped", || {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let segments = maps.lines().filter(|line| line.contains(".seg"));
        (segments.filter(|line| line.ends_with("(deleted)")).count() == 0).then_some(())
    });
}

fn raise_file_limit(count: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum: limit.maximum }).unwrap();
    }
}
