//! The hub in steady state: no allocation for an event, none for a delivery, whoever gets it.

use tailwire::event::EventId;

use crate::counting::Count;
use crate::rig::{Rig, WayOut};

const WARM_UP: u64 = 64;
const EVENTS: u64 = 256;

/// What `EVENTS` events cost, published one by one to whom `stream` says, after a warm-up of the same.
fn allocations(rig: &mut Rig, out: &mut WayOut, deliveries: u64, stream: impl Fn(u64) -> u64) -> u64 {
    let count = Count::forever();
    let mut calls = 0;
    let before = out.hub.counts().deliveries;
    for number in 0..WARM_UP + EVENTS {
        rig.publish([stream(number)]);
        count.watch();
        let start = count.now();
        out.run(rig);
        if number >= WARM_UP {
            calls += count.since(start).calls;
        }
        Count::forever().watch();
    }
    assert_eq!(out.hub.counts().deliveries - before, deliveries, "every event reached whom it is for");
    calls
}

#[test]
fn an_event_to_everyone_allocates_nothing() {
    for subscribers in [1, 10, 1000] {
        let mut rig = Rig::open();
        let mut out = rig.way_out(EventId::ZERO);
        out.join_many(subscribers, EventId::ZERO);
        let calls = allocations(&mut rig, &mut out, subscribers * (WARM_UP + EVENTS), |_| 1);
        assert_eq!(calls, 0, "{EVENTS} events to {subscribers} subscribers of everything");
    }
}

#[test]
fn an_event_to_those_of_its_payment_stream_allocates_nothing() {
    for (subscribers, each) in [(10, 1), (1000, 1), (1000, 20)] {
        let mut rig = Rig::open();
        let mut out = rig.way_out(EventId::ZERO);
        let streams = subscribers / each;
        out.join_each(subscribers, streams, EventId::ZERO);
        let deliveries = each * (WARM_UP + EVENTS);
        let calls = allocations(&mut rig, &mut out, deliveries, |number| 1 + number * 7 % streams);
        assert_eq!(calls, 0, "{EVENTS} events among {subscribers} subscribers, {each} to each stream");
    }
}

#[test]
fn catching_up_by_offset_allocates_nothing() {
    for subscribers in [10, 200] {
        let mut rig = Rig::open();
        rig.publish((0..2000).map(|_| 1));
        let mut out = rig.way_out(rig.reader.visible());
        // The queue of those behind has grown to its size.
        let first: Vec<_> = (0..subscribers).map(|_| out.join(EventId::ZERO)).collect();
        out.run(&rig);
        for id in first {
            out.hub.remove(id);
        }
        out.join_many(subscribers, EventId::ZERO);
        let count = Count::forever();
        count.watch();
        let before = count.now();
        out.run(&rig);
        let calls = count.since(before).calls;
        assert_eq!(out.hub.counts().deliveries, 2 * 2000 * subscribers);
        assert_eq!(calls, 0, "2000 events to each of {subscribers} subscribers from the beginning");
    }
}
