//! A publisher against scripted answers: what it sends, what it makes of refusals and nonsense, and that it
//! keeps to its count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::client::{Dialect, now_ns};
use crate::load::event::{Run, Stamp};
use crate::load::publisher::{Order, Pace, PublishError, Receipt, publish};
use crate::load::tests::script::{read_request, serve, write};

fn order(addr: std::net::SocketAddr, batch: u64, events_max: u64) -> Order {
    let run = Run { id: 7, topics: 2, dialect: Dialect::Tailwire };
    let time_max = Duration::from_secs(60);
    Order { addr, run, pace: Pace::Unpaced, connections: 1, batch, first_seq: 100, events_max, time_max }
}

fn answer(status: u16, body: &str, more: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Publishes two events, one a request, to a server that gives these answers.
fn publish_two(answers: &'static [(u16, &'static str)]) -> Result<Receipt, PublishError> {
    let (addr, server) = serve(1, move |_, socket| {
        for (status, body) in answers {
            read_request(socket);
            write(socket, &answer(*status, body, ""));
        }
    });
    let result = publish(&order(addr, 1, 2), &AtomicU64::new(0));
    server.join().unwrap();
    result
}

#[test]
fn acknowledgements_are_kept_by_number() {
    let receipt = publish_two(&[(201, r#"{"eventId":"41"}"#), (201, r#"{"eventId":"42"}"#)]).unwrap();
    assert_eq!(receipt.acks, [(100, 41), (101, 42)]);
    assert_eq!((receipt.refused, receipt.repeated_ids(), receipt.ack.count()), (0, 0, 2));
}

#[test]
fn a_refused_event_is_not_owed() {
    let receipt = publish_two(&[(503, "{}"), (201, r#"{"eventId":"42"}"#)]).unwrap();
    assert_eq!(receipt.acks, [(101, 42)]);
    assert_eq!(receipt.refused, 1);
}

#[test]
fn one_id_for_two_events_is_told() {
    let receipt = publish_two(&[(201, r#"{"eventId":"42"}"#), (201, r#"{"eventId":"42"}"#)]).unwrap();
    assert_eq!(receipt.repeated_ids(), 1);
}

#[test]
fn nonsense_ends_the_run() {
    assert!(matches!(publish_two(&[(400, "{}")]), Err(PublishError::Status { status: 400, .. })));
    assert!(matches!(publish_two(&[(201, "{}")]), Err(PublishError::Ids { sent: 1, got: 0, .. })));
    assert!(matches!(
        publish_two(&[(201, r#"{"eventId":"1"}"#)]),
        Err(PublishError::Cut | PublishError::Io { .. })
    ));
}

#[test]
fn batches_go_as_lines_and_stop_at_the_count() {
    let (addr, server) = serve(1, |_, socket| {
        for (ids, lines) in [("12", 2), ("3", 1)] {
            let request = read_request(socket);
            assert!(request.contains("Content-Type: application/x-ndjson\r\n"), "{request}");
            assert_eq!(request.matches("\"type\":\"stream.withdrawn\"").count(), lines, "{request}");
            let results: Vec<String> = ids.chars().map(|id| format!("{{\"eventId\":\"{id}\"}}")).collect();
            write(socket, &answer(201, &format!("{{\"results\":[{}]}}", results.join(",")), ""));
        }
    });
    let progress = AtomicU64::new(0);
    let receipt = publish(&order(addr, 2, 3), &progress).unwrap();
    assert_eq!(receipt.acks, [(100, 1), (101, 2), (102, 3)]);
    assert_eq!(progress.load(Ordering::Relaxed), 3);
    server.join().unwrap();
}

#[test]
fn a_connection_that_closes_is_opened_anew() {
    let (addr, server) = serve(2, |number, socket| {
        read_request(socket);
        let body = format!("{{\"eventId\":\"{}\"}}", number + 1);
        write(socket, &answer(201, &body, "Connection: close\r\n"));
    });
    // The second answer closes as well; nothing is left to send, so no third connection may be tried.
    let receipt = publish(&order(addr, 1, 2), &AtomicU64::new(0)).unwrap();
    assert_eq!(receipt.acks, [(100, 1), (101, 2)]);
    server.join().unwrap();
}

/// The server holds its first answer back until the last event is due. A publisher that counted from sending
/// would find every later answer prompt.
#[test]
fn a_paced_publisher_counts_from_when_an_event_was_due() {
    const EVENTS: u64 = 20;
    const INTERVAL_NS: u64 = 1_000_000;
    let (dues, due) = std::sync::mpsc::channel();
    let (addr, server) = serve(1, move |_, socket| {
        for id in 1..=EVENTS {
            let request = read_request(socket);
            let stamp = Stamp::read(request.strip_suffix('}').unwrap().as_bytes()).unwrap();
            dues.send(stamp.due_ns).unwrap();
            while id == 1 && now_ns() < stamp.due_ns + EVENTS * INTERVAL_NS {
                std::thread::yield_now();
            }
            write(socket, &answer(201, &format!("{{\"eventId\":\"{id}\"}}"), ""));
        }
    });
    let order = Order { pace: Pace::EventsPerSecond(1000.0), ..order(addr, 1, EVENTS) };
    let receipt = publish(&order, &AtomicU64::new(0)).unwrap();
    server.join().unwrap();
    let dues: Vec<u64> = due.iter().collect();
    assert_eq!(dues.len() as u64, EVENTS);
    assert!(dues.windows(2).all(|pair| pair[1] - pair[0] == INTERVAL_NS), "{dues:?}");
    // The second was sent after the twentieth was due, 18 intervals late or more; the histogram keeps three
    // digits.
    let interval_us = INTERVAL_NS as f64 / 1000.0;
    assert!(receipt.late.us(100.0) > 17.9 * interval_us, "{}", receipt.late.line_ms());
    assert!(receipt.ack.us(50.0) > 9.9 * interval_us, "{}", receipt.ack.line_ms());
}
