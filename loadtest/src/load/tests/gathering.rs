//! Publisher, send loop and herd together, in this process: everything is owed, everything comes, exactly
//! once.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;

use crate::client::Dialect;
use crate::load::event::{Filter, Run};
use crate::load::gather::{Expected, gather};
use crate::load::herd::Herd;
use crate::load::publisher::{Order, Pace};
use crate::sendloop::SendLoop;

#[test]
fn every_event_reaches_every_subscriber_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let server = std::thread::spawn(move || {
        SendLoop::new(listener).unwrap().serve(Duration::from_secs(60), &|| stopped.load(Ordering::Acquire))
    });
    let run = Run { id: 7, topics: 5, dialect: Dialect::Tailwire };
    let mut herd = Herd::new(addr, run, Filter::All).unwrap();
    herd.open(100, None, &ProgressBar::hidden()).unwrap();
    let mut expected = Expected::default();
    for (pace, batch, first_seq) in [(Pace::Unpaced, 1, 0), (Pace::EventsPerSecond(2000.0), 7, 300)] {
        let time_max = Duration::from_secs(60);
        let order = Order { addr, run, pace, connections: 3, batch, first_seq, events_max: 300, time_max };
        let receipt = gather(&mut herd, &mut expected, &order, &ProgressBar::hidden()).unwrap();
        assert_eq!((receipt.acks.len(), receipt.refused, receipt.repeated_ids()), (300, 0, 0));
        assert_eq!(herd.contradicted(&receipt.acks), 0);
    }
    assert_eq!((expected.all(), expected.of_topic(4), expected.of_topic(5)), (600, 120, 0));
    assert_eq!(herd.owed(&expected), 60_000);
    assert_eq!(herd.missing(&expected), (0, 0));
    assert_eq!(herd.tally.delivered, 60_000);
    assert!(!herd.tally.has_faults(), "{:?}", herd.tally);
    stop.store(true, Ordering::Release);
    server.join().unwrap().unwrap();
}
