//! A subscriber that leaves in the middle of a frame and resumes is owed everything once, and what the server
//! then repeats, skips or swaps shows.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::load::account::Tally;
use crate::load::event::{Filter, Run};
use crate::load::gather::Expected;
use crate::load::herd::Herd;
use crate::load::tests::script::{STREAM_HEAD, event, greeting, read_request, serve, wait_for_close, write};

/// One subscriber that is sent event 1 and half of 2, leaves, and is then sent these (id, seq).
fn resumed(sent: &'static [(u64, u64)]) -> (Tally, (u64, u64)) {
    let (addr, server) = serve(2, move |number, socket| {
        let request = read_request(socket);
        if number == 0 {
            write(socket, &format!("{STREAM_HEAD}{}{}", greeting(0), event(7, 1, 0)));
            write(socket, &event(7, 2, 1)[..20]);
        } else {
            assert!(request.contains("\r\nLast-Event-ID: 1\r\n"), "{request}");
            write(socket, &format!("{STREAM_HEAD}{}", greeting(1)));
            sent.iter().for_each(|(id, seq)| write(socket, &event(7, *id, *seq)));
        }
        wait_for_close(socket);
    });
    let run = Run::starting_at(7, 1);
    let mut herd = Herd::new(addr, run, Filter::All).unwrap();
    herd.open(1, None, &ProgressBar::hidden()).unwrap();
    let pump_until = |herd: &mut Herd, entered: u64| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while herd.tally.delivered + herd.tally.duplicated < entered {
            assert!(Instant::now() < deadline, "never came: {:?}", herd.tally);
            herd.pump(Duration::from_millis(10)).unwrap();
        }
    };
    pump_until(&mut herd, 1);
    assert!(!herd.leave(9), "there is no such member");
    assert!(herd.leave(0));
    assert!(!herd.leave(0), "it has left already");
    herd.resume(0).unwrap();
    pump_until(&mut herd, 1 + sent.len() as u64);
    let mut expected = Expected::default();
    expected.add(&run, &[(0, 1), (1, 2), (2, 3)]);
    let found = (herd.tally, herd.missing(&expected));
    drop(herd);
    server.join().unwrap();
    found
}

#[test]
fn everything_comes_once() {
    let (tally, missing) = resumed(&[(2, 1), (3, 2)]);
    assert_eq!((tally.delivered, missing), (3, (0, 0)));
    assert!(!tally.has_faults(), "{tally:?}");
}

#[test]
fn a_repeat_is_found() {
    let (tally, missing) = resumed(&[(1, 0), (2, 1), (3, 2)]);
    assert_eq!((tally.delivered, tally.duplicated, missing), (3, 1, (0, 0)));
}

#[test]
fn a_skip_is_found() {
    let (tally, missing) = resumed(&[(3, 2)]);
    assert_eq!((tally.id_holes, missing), (1, (1, 1)));
}

#[test]
fn a_swap_is_found() {
    let (tally, missing) = resumed(&[(3, 2), (2, 1)]);
    assert_eq!((tally.misordered, missing), (1, (0, 0)));
}
