//! No coordinated omission: a server that stops for a second is seen for a second, by everything that was due in
//! it, and not by the one request that was under way.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use indicatif::ProgressBar;

use crate::client::now_ns;
use crate::load::event::{Filter, Run, Stamp};
use crate::load::gather::{Expected, gather};
use crate::load::herd::Herd;
use crate::load::latency::Latency;
use crate::load::publisher::{Order, Pace, publish};
use crate::load::tests::script::{STREAM_HEAD, chunk, greeting, read_request, serve, wait_for_close, write};

const RATE: f64 = 100.0;
const STALL_NS: u64 = 1_000_000_000;
const EVENTS: u64 = 150;

fn order(addr: std::net::SocketAddr, run: Run) -> Order {
    let (pace, time_max) = (Pace::EventsPerSecond(RATE), Duration::from_secs(60));
    Order { addr, run, pace, connections: 1, batch: 1, first_seq: 0, events_max: EVENTS, time_max }
}

/// Answers a publisher, and hands each event on; stops for a second when the eleventh has come.
fn answer_with_a_stall(socket: &mut std::net::TcpStream, mut hand_on: impl FnMut(u64, &str)) {
    for id in 1..=EVENTS {
        let request = read_request(socket);
        let data = request.split_once("\"data\":").unwrap().1.strip_suffix('}').unwrap();
        let stamp = Stamp::read(data.as_bytes()).unwrap();
        while id == 11 && now_ns() < stamp.due_ns + STALL_NS {
            std::thread::yield_now();
        }
        hand_on(id, data);
        let body = format!("{{\"eventId\":\"{id}\"}}");
        write(socket, &format!("HTTP/1.1 201 X\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }
}

/// How many were later than this.
fn later_than(latency: &Latency, ms: u64) -> u64 {
    latency.value_counts().filter(|(ns, _)| *ns > ms * 1_000_000).map(|(_, count)| count).sum()
}

/// Of the hundred that were due in the stall, those due in its first half waited for more than the other half.
fn check(latency: &Latency) {
    assert_eq!(latency.count(), EVENTS);
    assert!((49..=EVENTS).contains(&later_than(latency, 500)), "{}", latency.line_ms());
    assert!((97..=EVENTS).contains(&later_than(latency, 20)), "{}", latency.line_ms());
}

#[test]
fn a_publisher_counts_all_that_was_due_while_the_server_stood_still() {
    let (addr, server) = serve(1, |_, socket| answer_with_a_stall(socket, |_, _| {}));
    let receipt = publish(&order(addr, Run::starting_at(7, 1)), &AtomicU64::new(0)).unwrap();
    server.join().unwrap();
    check(&receipt.ack);
}

#[test]
fn a_subscriber_counts_them_as_well() {
    let (events, sent) = std::sync::mpsc::channel::<String>();
    let sent = std::sync::Arc::new(std::sync::Mutex::new(sent));
    let (addr, server) = serve(2, move |number, socket| match number {
        0 => {
            read_request(socket);
            write(socket, &format!("{STREAM_HEAD}{}", greeting(0)));
            sent.lock().unwrap().iter().take(EVENTS as usize).for_each(|frame| write(socket, &frame));
            wait_for_close(socket);
        }
        _ => answer_with_a_stall(socket, |id, data| {
            events.send(chunk(&format!("event: stream.withdrawn\ndata: {data}\nid: {id}\n\n"))).unwrap();
        }),
    });
    let run = Run::starting_at(7, 1);
    let mut herd = Herd::new(addr, run, Filter::All).unwrap();
    herd.open(1, None, &ProgressBar::hidden()).unwrap();
    let mut expected = Expected::default();
    gather(&mut herd, &mut expected, &order(addr, run), &ProgressBar::hidden()).unwrap();
    assert!(!herd.tally.has_faults(), "{:?}", herd.tally);
    check(&herd.latency);
    drop(herd);
    server.join().unwrap();
}
