//! What retention removes before anybody looked at it for the subscribers is announced to every one of them, once, with
//! what is missing; then live goes on.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{Event, FICKLE, Sockets, TestLog, Want, drain, event, join, run, set_cold};
use crate::hub::{Control, Memory};
use crate::sse;

/// What is small enough to have lost segments, and large enough to have some besides the one that takes events.
const KEPT_BYTES: u64 = 12 << 20;

fn wants() -> [Want; 4] {
    let want =
        |all, topics: &[u64], kinds: &[EventType]| Want { all, topics: topics.into(), kinds: kinds.into() };
    // Nothing is for the last of them.
    [
        want(true, &[], &[]),
        want(true, &[], &[EventType::Paused]),
        want(false, &[7], &[]),
        want(false, &[9], &[]),
    ]
}

/// Five segments, in which each of the wants but the last has its events.
fn bulk() -> Vec<Event> {
    let kind = |number: u64| if number.is_multiple_of(2) { EventType::ToppedUp } else { EventType::Paused };
    let one = |number: u64| Event {
        kind: kind(number),
        stream: 7 + number % 2,
        sender: 0,
        recipient: 0,
        pad: 50_000,
    };
    (0..400).map(one).collect()
}

fn small() -> [Event; 3] {
    use EventType::{Paused, ToppedUp};
    [(Paused, 7), (ToppedUp, 8), (Paused, 7)].map(|(kind, stream)| event(kind, stream, 0, 0))
}

fn encoded(control: Control) -> Vec<u8> {
    let mut bytes = Vec::new();
    control.encode(&mut bytes, sse::Framing::Chunked);
    bytes
}

/// The events after `position` and up to `after`, the gap from there to `earliest`, and the events from there on.
fn expected(log: &TestLog, want: &Want, position: EventId, after: EventId, earliest: EventId) -> Vec<u8> {
    let mut bytes = log.expected(want, position, false);
    bytes.truncate(bytes.len() - log.expected(want, after, false).len());
    let missed = Some(earliest.0 - after.0 - 1);
    bytes.extend(encoded(Control::Gap { after, earliest, missed }));
    bytes.extend(log.expected(want, earliest.previous(), false));
    bytes
}

#[track_caller]
fn check(got: Option<&Vec<u8>>, expected: &[u8], want: &Want) {
    let got = got.map(Vec::as_slice).unwrap_or_default();
    let frames = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&"x".repeat(50_000), "…");
    assert!(got == expected, "{want:?}: {} instead of {}", frames(got), frames(expected));
}

#[test]
fn live_subscribers_are_told() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let live = wants().map(|want| join(&mut hub, &want, EventId::ZERO, false));
    log.publish(&small());
    run(&mut hub, &log, &mut sockets, 1);
    log.publish(&bulk());
    // These were greeted meanwhile: one is in what goes, one at the end of the log.
    let later = wants().map(|want| join(&mut hub, &want, EventId(50), false));
    let last = wants().map(|want| join(&mut hub, &want, log.reader.visible(), false));
    let earliest = log.retain(KEPT_BYTES);
    run(&mut hub, &log, &mut sockets, 1);
    log.publish(&small());
    run(&mut hub, &log, &mut sockets, 1);
    for (place, want) in wants().iter().enumerate() {
        let told = expected(&log, want, EventId::ZERO, EventId(3), earliest);
        check(sockets.got.get(&live[place]), &told, want);
        let told = expected(&log, want, EventId(50), EventId(50), earliest);
        check(sockets.got.get(&later[place]), &told, want);
        check(sockets.got.get(&last[place]), &log.expected(want, EventId(403), false), want);
    }
    assert_eq!(hub.counts().behind, 0);
    assert!(hub.is_idle(log.reader.visible()));

    // And again, when nothing is published after it.
    log.publish(&bulk());
    let again = log.retain(KEPT_BYTES);
    sockets.got.clear();
    run(&mut hub, &log, &mut sockets, 1);
    for (place, want) in wants().iter().enumerate() {
        for id in [live[place], later[place], last[place]] {
            check(sockets.got.get(&id), &expected(&log, want, EventId(406), EventId(406), again), want);
        }
    }
    assert_eq!(hub.counts().behind, 0);
    assert!(hub.is_idle(log.reader.visible()));
}

#[test]
fn those_with_a_full_socket_or_in_wait_are_told_when_their_turn_comes() {
    let mut log = TestLog::open();
    set_cold(100, 1);
    log.publish(&small());
    let mut hub = log.hub(FICKLE);
    let mut sockets = Sockets { silent: true, ..Sockets::default() };
    let full = wants().map(|want| join(&mut hub, &want, EventId(3), false));
    let waiting = wants().map(|want| join(&mut hub, &want, EventId::ZERO, false));
    // The sockets of some have taken a part of a heartbeat; the others wait for the pager.
    sockets.room.extend(full.map(|id| (id, 5)));
    run(&mut hub, &log, &mut sockets, 1);
    hub.tick(20_000, 15_000);
    run(&mut hub, &log, &mut sockets, 20_000);
    assert_eq!((sockets.watched.len(), sockets.needs.len()), (4, 4));
    log.publish(&bulk());
    // What was asked for is found, and nothing after it was looked at.
    let supplies: Vec<_> = sockets.needs.drain(..).map(|need| log.supply(&need, 100, 100)).collect();
    let earliest = log.retain(KEPT_BYTES);
    run(&mut hub, &log, &mut sockets, 20_000);
    supplies.into_iter().for_each(|supply| hub.supply(supply));
    drain(&mut hub, &mut sockets, usize::MAX);
    sockets.silent = false;
    run(&mut hub, &log, &mut sockets, 20_000);
    for (place, want) in wants().iter().enumerate() {
        let told = expected(&log, want, EventId(3), EventId(3), earliest);
        check(sockets.got.get(&full[place]), &[encoded(Control::Heartbeat), told].concat(), want);
        // What was found and is gone is missing from there on.
        let after = EventId([0, 0, 0, 3][place]);
        let told = expected(&log, want, EventId::ZERO, after, earliest);
        check(sockets.got.get(&waiting[place]), &[encoded(Control::Heartbeat), told].concat(), want);
    }
    assert_eq!(hub.counts().behind, 0);
    assert!(hub.is_idle(log.reader.visible()));
}
