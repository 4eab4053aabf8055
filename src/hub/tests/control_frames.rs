//! Control frames: heartbeats only to the quiet, positions only to filtered subscribers far from the log's end, none
//! inside a chunk, halves completed, the last frame last.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{Sockets, TestLog, Want, drain, event, join, run};
use crate::hub::{Control, Memory};
use crate::limits;
use crate::sse;

fn everything() -> Want {
    Want { all: true, topics: Vec::new(), kinds: Vec::new() }
}

fn user(topic: u64) -> Want {
    Want { all: false, topics: vec![topic], kinds: Vec::new() }
}

fn encoded(control: Control) -> Vec<u8> {
    let mut bytes = Vec::new();
    control.encode(&mut bytes, sse::Framing::Chunked);
    bytes
}

#[test]
fn a_heartbeat_goes_to_whoever_was_quiet_and_to_nobody_else() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let busy = join(&mut hub, &user(7), EventId::ZERO, false);
    let quiet = join(&mut hub, &user(8), EventId::ZERO, false);
    log.publish(&[event(EventType::Paused, 7, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 14_000);
    hub.tick(15_001, 15_000);
    run(&mut hub, &log, &mut sockets, 15_001);
    assert_eq!(sockets.got.get(&quiet), Some(&encoded(Control::Heartbeat)));
    assert_eq!(sockets.got.get(&busy), Some(&log.expected(&user(7), EventId::ZERO, false)));
    hub.tick(15_002, 15_000);
    run(&mut hub, &log, &mut sockets, 15_002);
    assert_eq!(sockets.got[&quiet].len(), encoded(Control::Heartbeat).len(), "not twice");
}

#[test]
fn a_quiet_filtered_subscriber_far_behind_the_end_is_told_its_position() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let filtered = join(&mut hub, &user(8), EventId::ZERO, false);
    log.publish(&vec![event(EventType::ToppedUp, 7, 0, 0); 9_999]);
    run(&mut hub, &log, &mut sockets, 1);
    hub.tick(15_002, 15_000);
    run(&mut hub, &log, &mut sockets, 15_002);
    assert_eq!(sockets.got[&filtered], encoded(Control::Heartbeat), "9,999 ids are not far yet");
    log.publish(&[event(EventType::ToppedUp, 7, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 30_999);
    hub.tick(31_000, 15_000);
    run(&mut hub, &log, &mut sockets, 31_000);
    let mut expected = encoded(Control::Heartbeat);
    expected.extend(encoded(Control::Position(EventId(10_000))));
    assert_eq!(sockets.got[&filtered], expected);
}

#[test]
fn an_hour_without_an_event_is_told_once() {
    const HOUR_MS: u32 = 60 * 60 * 1000;
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let filtered = join(&mut hub, &user(8), EventId::ZERO, false);
    log.publish(&[event(EventType::ToppedUp, 7, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 1);
    let mut expected = encoded(Control::Position(EventId(1)));
    for later in [0, 15_000, 30_000] {
        let now_ms = 1 + HOUR_MS + later;
        hub.tick(now_ms, 15_000);
        run(&mut hub, &log, &mut sockets, now_ms);
        // The log moves on a little each time; the next hour has not passed.
        log.publish(&[event(EventType::ToppedUp, 7, 0, 0)]);
        run(&mut hub, &log, &mut sockets, now_ms);
        if later > 0 {
            expected.extend(encoded(Control::Heartbeat));
        }
        assert_eq!(String::from_utf8_lossy(&sockets.got[&filtered]), String::from_utf8_lossy(&expected));
    }
}

#[test]
fn a_long_search_is_not_silent() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let few = limits::SCAN_ENTRIES_PER_TURN / 4;
    for _ in 0..6 {
        log.publish(&vec![event(EventType::ToppedUp, 7, 0, 0); few]);
    }
    // Nothing was said for a heartbeat's time when the search begins.
    hub.tick(20_000, 15_000);
    run(&mut hub, &log, &mut sockets, 20_000);
    let searching = join(&mut hub, &user(8), EventId::ZERO, false);
    run(&mut hub, &log, &mut sockets, 20_001);
    let told = EventId(limits::SCAN_ENTRIES_PER_TURN as u64);
    assert_eq!(sockets.got.get(&searching), Some(&encoded(Control::Position(told))));
}

#[test]
fn a_full_socket_gets_no_control_frame_inside_an_event() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let id = join(&mut hub, &everything(), EventId::ZERO, false);
    sockets.room.insert(id, 5);
    log.publish(&[event(EventType::Paused, 7, 0, 0)]);
    run(&mut hub, &log, &mut sockets, 1);
    hub.tick(20_000, 15_000);
    let reconnect = Control::Reconnect { retry_ms: 1234, reason: sse::Reason::Shutdown };
    hub.end(id, reconnect);
    run(&mut hub, &log, &mut sockets, 20_000);
    assert_eq!(sockets.got[&id].len(), 5);
    log.publish(&[event(EventType::Resumed, 7, 0, 0)]);
    // Byte by byte: the frame begun, then the last frame, and nothing after it.
    for _ in 0..10_000 {
        drain(&mut hub, &mut sockets, 1);
        run(&mut hub, &log, &mut sockets, 20_001);
    }
    let mut expected = log.published[0].2.clone();
    expected.extend(encoded(reconnect));
    assert_eq!(String::from_utf8_lossy(&sockets.got[&id]), String::from_utf8_lossy(&expected));
    assert_eq!(sockets.ended, [id]);
    assert!(hub.is_empty());
}

#[test]
fn a_live_subscriber_is_ended_at_once() {
    let mut log = TestLog::open();
    let mut hub = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    log.publish(&[event(EventType::Paused, 7, 0, 0)]);
    let all = join(&mut hub, &everything(), EventId(1), false);
    let filtered = join(&mut hub, &user(7), EventId(1), false);
    run(&mut hub, &log, &mut sockets, 1);
    let reconnect = Control::Reconnect { retry_ms: 1, reason: sse::Reason::Shutdown };
    hub.end(all, reconnect);
    hub.end(filtered, reconnect);
    run(&mut hub, &log, &mut sockets, 1);
    assert_eq!(sockets.got[&all], encoded(reconnect));
    assert_eq!(sockets.got[&filtered], encoded(reconnect));
    assert_eq!(sockets.ended.len(), 2);
}
