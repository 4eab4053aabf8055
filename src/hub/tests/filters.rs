//! Filters: fees reach `all` subscribers alone, types narrow, overlapping terms deliver once.

use crate::event::{EventId, EventType};
use crate::hub::Memory;
use crate::hub::tests::support::{Event, Sockets, TestLog, Want, event, join, run};

fn check(want: Want, events: &[Event], ids: &[u64]) {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let live = join(&mut hub, &want, EventId::ZERO, false);
    log.publish(events);
    run(&mut hub, &log, &mut sockets, 1);
    let late = join(&mut hub, &want, EventId::ZERO, false);
    run(&mut hub, &log, &mut sockets, 1);
    let mut expected = Vec::new();
    for (id, _, frame) in &log.published {
        if ids.contains(&id.0) {
            expected.extend_from_slice(frame);
        }
    }
    for (who, id) in [("live", live), ("replayed", late)] {
        let got = sockets.got.get(&id).cloned().unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(&expected), "{who}: {want:?}");
    }
}

#[test]
fn who_gets_what() {
    use EventType::{Created, FeeCollected, ToppedUp};
    let events = [
        event(Created, 1, 10, 20),
        event(ToppedUp, 1, 10, 20),
        event(FeeCollected, 1, 10, 20),
        event(Created, 2, 20, 30),
    ];
    let want =
        |all, topics: &[u64], kinds: &[EventType]| Want { all, topics: topics.into(), kinds: kinds.into() };
    check(want(true, &[], &[]), &events, &[1, 2, 3, 4]);
    check(want(true, &[1, 10], &[]), &events, &[1, 2, 3, 4]);
    check(want(true, &[], &[FeeCollected]), &events, &[3]);
    check(want(true, &[], &[Created, FeeCollected]), &events, &[1, 3, 4]);
    check(want(false, &[1], &[]), &events, &[1, 2]);
    check(want(false, &[1, 10, 20], &[]), &events, &[1, 2, 4]);
    check(want(false, &[20], &[]), &events, &[1, 2, 4]);
    check(want(false, &[20], &[Created]), &events, &[1, 4]);
    check(want(false, &[10], &[FeeCollected]), &events, &[]);
    check(want(false, &[99], &[]), &events, &[]);
}
