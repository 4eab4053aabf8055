//! Sends and bytes copied on the way out, by what the hub says: everything that is contiguous goes from the log's map
//! in one send.

use tailwire::event::EventId;
use tailwire::limits;

use crate::rig::{Rig, Sends, WayOut};

const SUBSCRIBERS: u64 = 50;

fn since(out: &WayOut, before: Sends) -> Sends {
    Sends {
        sends: out.sent.sends - before.sends,
        mapped_bytes: out.sent.mapped_bytes - before.mapped_bytes,
        copied_bytes: out.sent.copied_bytes - before.copied_bytes,
    }
}

/// How long the frames of `first..=last` are together.
fn span(rig: &Rig, first: u64, last: u64) -> u64 {
    let view = rig.reader.view();
    let segment = view.segment(EventId(first)).unwrap();
    segment.span(EventId(first), EventId(last)).len() as u64
}

#[test]
fn a_burst_to_everyone_is_one_send_each_from_the_map() {
    for burst in [1, 64, 256] {
        let mut rig = Rig::open();
        let mut out = rig.way_out(EventId::ZERO);
        out.join_many(SUBSCRIBERS, EventId::ZERO);
        rig.publish((0..burst).map(|_| 1));
        out.run(&rig);
        let bytes = span(&rig, 1, burst);
        assert!(bytes <= limits::BEHIND_BYTES_PER_TURN as u64, "it fits a send");
        let expected = Sends { sends: SUBSCRIBERS, mapped_bytes: SUBSCRIBERS * bytes, copied_bytes: 0 };
        assert_eq!(out.sent, expected, "{burst} events to {SUBSCRIBERS} subscribers");
    }
}

#[test]
fn what_is_behind_is_sent_in_pieces_as_large_as_a_turn_allows() {
    const EVENTS: u64 = 5000;
    let mut rig = Rig::open();
    rig.publish((0..EVENTS).map(|_| 1));
    let mut out = rig.way_out(rig.reader.visible());
    out.join_many(SUBSCRIBERS, EventId::ZERO);
    out.run(&rig);
    let bytes = span(&rig, 1, EVENTS);
    assert_eq!((out.sent.mapped_bytes, out.sent.copied_bytes), (SUBSCRIBERS * bytes, 0));
    // A piece ends with a whole frame, so it may fall short of the turn's bytes by one.
    let piece = limits::BEHIND_BYTES_PER_TURN as u64 - span(&rig, EVENTS, EVENTS);
    let most = SUBSCRIBERS * bytes.div_ceil(piece);
    assert!(out.sent.sends <= most, "{} sends where {most} do", out.sent.sends);
}

#[test]
fn an_event_of_a_payment_stream_goes_from_the_map() {
    let mut rig = Rig::open();
    let mut out = rig.way_out(EventId::ZERO);
    out.join_each(SUBSCRIBERS, SUBSCRIBERS, EventId::ZERO);
    for number in 0..SUBSCRIBERS {
        let before = out.sent;
        rig.publish([1 + number]);
        out.run(&rig);
        let bytes = span(&rig, 1 + number, 1 + number);
        assert_eq!(since(&out, before), Sends { sends: 1, mapped_bytes: bytes, copied_bytes: 0 });
    }
}

#[test]
fn scattered_events_of_a_burst_are_gathered_into_one_send() {
    const STREAMS: u64 = 8;
    let mut rig = Rig::open();
    let mut out = rig.way_out(EventId::ZERO);
    out.join_each(SUBSCRIBERS, STREAMS, EventId::ZERO);
    rig.publish((0..64).map(|n| 1 + n % STREAMS));
    out.run(&rig);
    let delivered = out.hub.counts().deliveries;
    assert_eq!(delivered, SUBSCRIBERS * 64 / STREAMS);
    // Copied together, once: gathering them in the kernel costs more (hub::piece).
    let bytes = delivered * span(&rig, 64, 64);
    let Sends { sends, mapped_bytes, copied_bytes } = out.sent;
    assert_eq!(sends, SUBSCRIBERS, "one send to each");
    assert!(mapped_bytes + copied_bytes <= bytes, "{mapped_bytes} + {copied_bytes} bytes for {bytes}");
}
