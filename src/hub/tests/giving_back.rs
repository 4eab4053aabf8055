//! Heartbeats that are due to everybody at once go out over some ticks, so that the queue stays short, and reach
//! everybody; what the queues held for a crowd is given back once it has gone.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{Sockets, TestLog, Want, event, join, run};
use crate::hub::trim::QUIET_CALLS;
use crate::hub::{Control, Memory};
use crate::sse;

const CROWD: usize = 6000;

fn everything() -> Want {
    Want { all: true, topics: Vec::new(), kinds: Vec::new() }
}

#[test]
fn heartbeats_of_a_crowd_come_in_turn_and_to_all() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let ids: Vec<_> = (0..CROWD).map(|_| join(&mut hub, &everything(), EventId::ZERO, false)).collect();
    run(&mut hub, &log, &mut sockets, 1);
    for step in 0..8 {
        hub.tick(15_001 + step * 100, 15_000);
        assert!(hub.controls.len() <= 1024, "{} wait", hub.controls.len());
        run(&mut hub, &log, &mut sockets, 15_001 + step * 100);
    }
    let mut heartbeat = Vec::new();
    Control::Heartbeat.encode(&mut heartbeat, sse::Framing::Chunked);
    for id in &ids {
        assert_eq!(sockets.got.get(id), Some(&heartbeat), "{id:?} was told once");
    }
    // Even where the first are due again before the last were.
    for step in 0..8 {
        hub.tick(20_000 + step * 100, 100);
        run(&mut hub, &log, &mut sockets, 20_000 + step * 100);
    }
    assert!(ids.iter().all(|id| sockets.got[id].len() > heartbeat.len()), "nobody starves");
    log.publish(&[event(EventType::Paused, 1, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 21_000);
    assert_eq!(hub.counts().deliveries, CROWD as u64);
}

#[test]
fn queues_shrink_when_the_crowd_has_gone() {
    let mut log = TestLog::open();
    log.publish(&[event(EventType::Paused, 1, 0, 0)]);
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let stream = Want { all: false, topics: vec![1], kinds: Vec::new() };
    let mut ids = Vec::new();
    for _ in 0..CROWD {
        ids.push(join(&mut hub, &everything(), EventId::ZERO, false));
        ids.push(join(&mut hub, &stream, EventId::ZERO, false));
    }
    run(&mut hub, &log, &mut sockets, 1);
    log.publish(&[event(EventType::Resumed, 1, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 1);
    for _ in 0..QUIET_CALLS {
        hub.trim();
        assert!(
            hub.live.capacity() >= CROWD,
            "what a crowd needs again is kept while events flow now and then"
        );
    }
    hub.trim();
    assert!(hub.live.capacity() <= 64, "none came for long");
    for id in ids {
        hub.remove(id);
    }
    hub.trim();
    assert!(hub.live.capacity() <= 64 && hub.everyone.len() == 0 && hub.table_len() == 0);
    assert_eq!(hub.filters(), 0);
}
