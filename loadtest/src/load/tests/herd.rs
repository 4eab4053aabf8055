//! Three subscribers of a scripted server that is served right, skipped over, and cut off. What each lacks
//! must show, and the herd must neither hang nor mix them up.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::client::Dialect;
use crate::load::event::{Filter, Run};
use crate::load::gather::Expected;
use crate::load::herd::{Herd, HerdError};
use crate::load::tests::script::{
    STREAM_HEAD, chunk, event, greeting, read_request, serve, wait_for_close, write,
};

const RUN: Run = Run { id: 7, topics: 1, dialect: Dialect::Tailwire };

fn pump_until(herd: &mut Herd, done: impl Fn(&Herd) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done(herd) {
        assert!(Instant::now() < deadline, "never came: {:?}", herd.tally);
        herd.pump(Duration::from_millis(10)).unwrap();
    }
}

#[test]
fn what_each_lacks_is_told() {
    // The third is cut only once all are open: before, it would be a refusal.
    let opened = Arc::new(Barrier::new(2));
    let all_open = Arc::clone(&opened);
    let (addr, server) = serve(3, move |number, socket| {
        assert!(
            read_request(socket).starts_with("GET /events/subscribe?all=true&lastEventId=0 HTTP/1.1\r\n")
        );
        write(socket, &format!("{STREAM_HEAD}{}", greeting(0)));
        let sent: &[(u64, u64)] = match number {
            0 => &[(1, 0), (2, 1), (3, 2)],
            1 => &[(1, 0), (3, 2), (3, 2)],
            _ => &[(1, 0)],
        };
        for (id, seq) in sent {
            // In two pieces, so that a frame is completed across receives.
            let frame = event(7, *id, *seq);
            let (left, right) = frame.split_at(frame.len() / 2);
            write(socket, left);
            write(socket, right);
        }
        if number < 2 {
            wait_for_close(socket);
        } else {
            all_open.wait();
        }
    });
    let mut herd = Herd::new(addr, RUN, Filter::All).unwrap();
    herd.open(3, Some(0), &ProgressBar::hidden()).unwrap();
    opened.wait();
    pump_until(&mut herd, |herd| {
        herd.tally.delivered == 6 && herd.tally.duplicated == 1 && herd.tally.lost == 1
    });
    let mut expected = Expected::default();
    expected.add(&RUN, &[(0, 1), (1, 2), (2, 3)]);
    assert_eq!(herd.owed(&expected), 9);
    assert_eq!(herd.missing(&expected), (3, 2));
    assert_eq!(herd.tally.id_holes, 1);
    assert_eq!(herd.tally.misordered, 0);
    assert_eq!(herd.tally.changed, 0);
    assert_eq!(herd.latency.count(), 6, "a repeat has no latency");
    assert_eq!(herd.contradicted(&[(0, 1), (1, 9)]), 1);
    assert_eq!(herd.stories, ["subscriber 2 was cut"]);
    drop(herd);
    server.join().unwrap();
}

#[test]
fn a_refusal_ends_the_opening() {
    let (addr, server) = serve(1, |_, socket| {
        read_request(socket);
        let refusal = chunk("event: reconnect\nretry: 9000\ndata: {\"reason\":\"capacity\"}\n\n");
        write(socket, &format!("{STREAM_HEAD}{refusal}{}", chunk("")));
    });
    let mut herd = Herd::new(addr, RUN, Filter::All).unwrap();
    match herd.open(1, None, &ProgressBar::hidden()) {
        Err(HerdError::Refused { lost: 1, story }) => {
            assert_eq!(story, "subscriber 0 was ended by the server")
        }
        other => panic!("{other:?}"),
    }
    server.join().unwrap();
}

#[test]
fn a_broken_frame_costs_its_subscriber_alone() {
    let (addr, server) = serve(2, |number, socket| {
        read_request(socket);
        write(socket, &format!("{STREAM_HEAD}{}", greeting(0)));
        let frame = event(7, 1, 0);
        write(socket, &if number == 0 { frame.replace("id: 1\n", "id: x\n") } else { frame });
        wait_for_close(socket);
    });
    let mut herd = Herd::new(addr, RUN, Filter::All).unwrap();
    // The fault may show while the herd still opens; then opening tells it.
    match herd.open(2, None, &ProgressBar::hidden()) {
        Ok(()) => pump_until(&mut herd, |herd| herd.tally.delivered == 1 && herd.tally.lost == 1),
        Err(HerdError::Refused { lost: 1, .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
    assert!(herd.stories.first().is_some_and(|story| story.contains("decimal number")), "{:?}", herd.stories);
    drop(herd);
    server.join().unwrap();
}
