//! A slow reader of a scripted server that has more to say than the sockets hold: it must be behind while
//! slow, and told exact once loose, or told what it lacks.

use std::time::Duration;

use crate::client::Dialect;
use crate::load::event::Run;
use crate::load::slow_reader::{SlowReader, SlowReport, allowance};
use crate::load::tests::script::{STREAM_HEAD, chunk, event, greeting, read_request, serve, write};

const RUN: Run = Run { id: 7, topics: 1, dialect: Dialect::Tailwire };
/// About 9 MB of frames: more than a loopback socket buffers.
const EVENTS: u64 = 120_000;

fn loosed(skip: Option<u64>, owed: u64) -> SlowReport {
    let (addr, server) = serve(1, move |_, socket| {
        read_request(socket);
        write(socket, &format!("{STREAM_HEAD}{}", greeting(0)));
        let numbers = (0..EVENTS).filter(|seq| Some(*seq) != skip);
        let stream: String = numbers.map(|seq| event(7, seq + 1, seq)).collect();
        write(socket, &stream);
        write(socket, &chunk(""));
    });
    let reader = SlowReader::start(addr, RUN, 1000).unwrap();
    let report = reader.let_loose(owed).unwrap();
    server.join().unwrap();
    report
}

#[test]
fn it_keeps_to_its_rate() {
    let check = |ms, rate, taken, wanted| {
        assert_eq!(allowance(Duration::from_millis(ms), rate, taken), wanted, "{ms} ms, {taken} taken");
    };
    check(0, 1024, 0, 0);
    check(500, 1024, 0, 512);
    check(500, 1024, 500, 12);
    check(500, 1024, 512, 0);
    check(500, 1024, 600, 0);
    check(1_000_000, 1_000_000, 0, 64 * 1024); // One read at a time, however much is allowed.
}

#[test]
fn it_is_behind_and_then_gets_all() {
    let report = loosed(None, EVENTS);
    assert!(report.slow_events < EVENTS / 2, "{report:?}");
    assert_eq!(report.tally.delivered, EVENTS);
    assert!(!report.tally.has_faults(), "{report:?}");
}

#[test]
fn what_it_never_gets_is_told() {
    let report = loosed(Some(70_000), EVENTS);
    assert_eq!(report.tally.delivered, EVENTS - 1);
    assert_eq!((report.tally.id_holes, report.tally.lost), (1, 1), "{report:?}");
}
