//! Subscribers that wait for the pager: they are not served, still spoken to, can end and be gone, and meet what
//! retention removed meanwhile.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{Event, FICKLE, Sockets, TestLog, Want, drain, event, join, run, set_cold};
use crate::hub::{Control, Hub, Memory, SubscriberId};
use crate::limits;
use crate::sse;

fn everything() -> Want {
    Want { all: true, topics: Vec::new(), kinds: Vec::new() }
}

fn of(topic: u64) -> Want {
    Want { all: false, topics: vec![topic], kinds: Vec::new() }
}

fn encoded(control: Control) -> Vec<u8> {
    let mut bytes = Vec::new();
    control.encode(&mut bytes, sse::Framing::Chunked);
    bytes
}

const LAST: Control = Control::Reconnect { retry_ms: 7, reason: sse::Reason::Shutdown };

/// A hub for which nothing that is older than its last two ticks is in memory, and a silent pager.
fn cold(log: &TestLog) -> (Hub<()>, Sockets) {
    set_cold(100, 1);
    (log.hub(FICKLE), Sockets { silent: true, ..Sockets::default() })
}

fn got(sockets: &Sockets, id: SubscriberId) -> &[u8] {
    sockets.got.get(&id).map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn one_that_waits_is_asked_for_once_and_others_go_on() {
    let mut log = TestLog::open();
    log.publish(&[event(EventType::Paused, 7, 0, 0); 3]);
    let (mut hub, mut sockets) = cold(&log);
    let waiting =
        [join(&mut hub, &everything(), EventId::ZERO, false), join(&mut hub, &of(7), EventId(1), false)];
    let live = join(&mut hub, &of(7), EventId(3), false);
    for _ in 0..3 {
        log.publish(&[event(EventType::Resumed, 7, 0, 0)]);
        run(&mut hub, &log, &mut sockets, 1);
    }
    assert_eq!(sockets.needs.len(), 2, "{:?}", sockets.needs);
    assert_eq!(got(&sockets, live), log.expected(&of(7), EventId(3), false));
    assert!(waiting.iter().all(|id| got(&sockets, *id).is_empty()));
    assert!(!hub.is_idle(log.reader.visible()), "somebody still lacks something");
    assert_eq!(hub.counts().behind, 2);

    // The later one's answer comes first.
    for need in std::mem::take(&mut sockets.needs).iter().rev() {
        hub.supply(log.supply(need, 100, 100));
    }
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!(got(&sockets, waiting[0]), log.expected(&everything(), EventId::ZERO, false));
    assert_eq!(got(&sockets, waiting[1]), log.expected(&of(7), EventId(1), false));
    assert!(hub.is_idle(log.reader.visible()));
}

#[test]
fn one_whose_answer_never_comes_is_spoken_to_and_can_end() {
    let mut log = TestLog::open();
    log.publish(&[event(EventType::Paused, 7, 0, 0); 3]);
    let (mut hub, mut sockets) = cold(&log);
    let ids =
        [join(&mut hub, &everything(), EventId::ZERO, false), join(&mut hub, &of(7), EventId::ZERO, false)];
    run(&mut hub, &log, &mut sockets, 1);
    // A socket that takes a heartbeat byte by byte changes nothing.
    sockets.room.insert(ids[0], 1);
    hub.tick(20_000, 15_000);
    run(&mut hub, &log, &mut sockets, 20_000);
    for _ in 0..100 {
        drain(&mut hub, &mut sockets, 1);
        run(&mut hub, &log, &mut sockets, 20_000);
    }
    for id in ids {
        assert_eq!(got(&sockets, id), encoded(Control::Heartbeat));
    }
    sockets.room.clear();
    ids.iter().for_each(|id| hub.end(*id, LAST));
    run(&mut hub, &log, &mut sockets, 20_000);
    for id in ids {
        assert_eq!(got(&sockets, id), [encoded(Control::Heartbeat), encoded(LAST)].concat());
    }
    assert_eq!(sockets.ended.len(), 2);
    assert!(hub.is_empty());
}

#[test]
fn an_answer_for_one_that_is_gone_is_nobodys() {
    let mut log = TestLog::open();
    log.publish(&[event(EventType::Paused, 7, 0, 0); 3]);
    let (mut hub, mut sockets) = cold(&log);
    let gone =
        [join(&mut hub, &everything(), EventId::ZERO, false), join(&mut hub, &of(7), EventId::ZERO, false)];
    run(&mut hub, &log, &mut sockets, 1);
    let late = std::mem::take(&mut sockets.needs);
    gone.iter().for_each(|id| assert!(hub.remove(*id).is_some()));
    // Others take their slots, and wait in turn.
    let others =
        [join(&mut hub, &of(7), EventId::ZERO, false), join(&mut hub, &everything(), EventId(1), false)];
    run(&mut hub, &log, &mut sockets, 1);
    assert!(others.iter().all(|id| gone.iter().any(|old| old.index == id.index)), "the slots are used again");
    late.iter().for_each(|need| hub.supply(log.supply(need, 100, 100)));
    run(&mut hub, &log, &mut sockets, 1);
    assert!(others.iter().all(|id| got(&sockets, *id).is_empty()), "the answers were for others");
    sockets.silent = false;
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!(got(&sockets, others[0]), log.expected(&of(7), EventId::ZERO, false));
    assert_eq!(got(&sockets, others[1]), log.expected(&everything(), EventId(1), false));
    assert!(gone.iter().all(|id| got(&sockets, *id).is_empty()));
}

#[test]
fn a_frame_that_is_half_sent_is_finished_before_the_last_one() {
    for want in [everything(), of(7)] {
        let mut log = TestLog::open();
        let (mut hub, mut sockets) = cold(&log);
        let id = join(&mut hub, &want, EventId::ZERO, false);
        sockets.room.insert(id, 5);
        log.publish(&[event(EventType::Paused, 7, 0, 0); 2]);
        run(&mut hub, &log, &mut sockets, 1);
        assert_eq!(got(&sockets, id).len(), 5, "a live one is not asked for");
        hub.tick(2, 15_000);
        hub.tick(3, 15_000);
        drain(&mut hub, &mut sockets, usize::MAX);
        run(&mut hub, &log, &mut sockets, 3);
        hub.end(id, LAST);
        hub.tick(20_000, 15_000);
        run(&mut hub, &log, &mut sockets, 20_000);
        assert_eq!(got(&sockets, id).len(), 5, "nothing comes between the halves");
        sockets.silent = false;
        run(&mut hub, &log, &mut sockets, 20_000);
        assert_eq!(got(&sockets, id), [log.published[0].2.clone(), encoded(LAST)].concat(), "{want:?}");
    }
}

#[test]
fn what_retention_removes_meanwhile_is_announced() {
    let big = |stream| Event { kind: EventType::ToppedUp, stream, sender: 0, recipient: 0, pad: 50_000 };
    for (want, answer_first) in [(everything(), false), (everything(), true), (of(7), false), (of(7), true)] {
        let mut log = TestLog::open();
        // Five segments; payment stream 7 has one event in three.
        let events: Vec<_> = (0..400).map(|number| big(if number % 3 == 2 { 7 } else { 8 })).collect();
        log.publish(&events);
        let (mut hub, mut sockets) = cold(&log);
        let id = join(&mut hub, &want, EventId::ZERO, false);
        run(&mut hub, &log, &mut sockets, 1);
        let need = sockets.needs.pop().unwrap();
        // Found before they are removed, or looked for after.
        let early = log.supply(&need, 100, 1000);
        let earliest = log.retain(12 << 20);
        hub.supply(if answer_first { early } else { log.supply(&need, 100, 1000) });
        sockets.silent = false;
        run(&mut hub, &log, &mut sockets, 1);
        let first = if answer_first && !want.all { EventId(3) } else { EventId(1) };
        let (after, missed) = (first.previous(), Some(earliest.0 - first.0));
        let gap = encoded(Control::Gap { after, earliest, missed });
        let expected = [gap, log.expected(&want, earliest.previous(), false)].concat();
        assert!(got(&sockets, id) == expected, "{want:?}, answered first: {answer_first}");
    }
}

#[test]
fn a_far_search_looks_at_nothing_here_and_a_near_one_asks_nobody() {
    let mut log = TestLog::open();
    let mut events = vec![event(EventType::ToppedUp, 8, 0, 0); limits::NEARBY_ENTRIES_MAX + 1000];
    events.iter_mut().step_by(100).for_each(|event| event.stream = 7);
    log.publish(&events);
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets { silent: true, ..Sockets::default() };
    let far = join(&mut hub, &of(7), EventId::ZERO, false);
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!((sockets.needs.len(), hub.counts().looked_at), (1, 0));
    let need = sockets.needs.pop().unwrap();
    hub.supply(log.supply(&need, limits::FOUND_EVENTS_MAX, u64::from(u32::MAX)));
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!(got(&sockets, far), log.expected(&of(7), EventId::ZERO, false));
    assert_eq!((sockets.needs.len(), hub.counts().looked_at), (0, 0));

    // A storm of those who lack little: each has its own stretch looked at, and the pager hears of none.
    let position = EventId(log.reader.visible().0 - 1000);
    let near: Vec<_> = (0..500).map(|_| join(&mut hub, &of(7), position, false)).collect();
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!(sockets.needs, []);
    assert_eq!(hub.counts().looked_at, 500 * 1000);
    let expected = log.expected(&of(7), position, false);
    assert!(near.iter().all(|id| got(&sockets, *id) == expected));
}
