//! The hub says when live subscribers lack so much that sending is what is short of time, and does not take a replay
//! for it.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{Event, Sockets, TestLog, Want, event, join, run};
use crate::hub::{Filled, Hub, Job, Memory};
use crate::limits;

const EVERYTHING: Want = Want { all: true, topics: Vec::new(), kinds: Vec::new() };

/// What the next chunk would be; it is not sent.
fn filled(hub: &mut Hub<()>, log: &TestLog) -> Filled {
    let (view, mut scratch) = (log.reader.view(), Vec::new());
    let mut jobs = [Job::default(); limits::SENDS_PER_CHUNK_MIN];
    hub.fill(&view, log.reader.visible(), &mut jobs, &mut scratch)
}

fn some(count: usize) -> Vec<Event> {
    vec![Event { pad: PAD, ..event(EventType::Paused, 7, 0, 0) }; count]
}

const PAD: usize = 200;
/// Events that are more than the bound; one is far below it.
const MANY: usize = limits::PRESSED_BYTES / PAD;

#[test]
fn live_subscribers_that_lack_much_press() {
    for (count, pressed) in [(1, false), (MANY, true)] {
        let mut log = TestLog::open();
        let mut hub = log.hub(Memory::KERNEL);
        let mut sockets = Sockets::default();
        for _ in 0..3 {
            join(&mut hub, &EVERYTHING, EventId::ZERO, false);
        }
        run(&mut hub, &log, &mut sockets, 1);
        assert!(!filled(&mut hub, &log).pressed, "nobody lacks anything");
        log.publish(&some(count));
        let filled = filled(&mut hub, &log);
        assert_eq!((filled.jobs, filled.pressed), (3, pressed), "{count}");
    }
}

#[test]
fn a_replay_does_not_press() {
    let mut log = TestLog::open();
    log.publish(&some(MANY));
    let mut hub = log.hub(Memory::KERNEL);
    for _ in 0..3 {
        join(&mut hub, &EVERYTHING, EventId::ZERO, false);
    }
    let filled = filled(&mut hub, &log);
    assert_eq!((filled.jobs, filled.pressed), (3, false));
}
