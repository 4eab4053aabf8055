//! Whatever the filters, the rates and the moods of the sockets: every subscriber gets exactly its events, in order,
//! byte for byte, whole frames only. Judged against a plain list of everything published.

use crate::event::{EventId, EventType};
use crate::hub::tests::support::{
    Event, FICKLE, Random, Sockets, TestLog, Want, drain, join, run, set_cold, turn,
};
use crate::hub::{Hub, Memory};

fn random_event(random: &mut Random) -> Event {
    let kind = EventType::ALL[random.below(8) as usize];
    let sender = if random.below(3) == 0 { 0 } else { 100 + random.below(5) };
    let pad = if random.below(20) == 0 { 20_000 } else { random.below(300) as usize };
    Event { kind, stream: 1 + random.below(12), sender, recipient: 100 + random.below(5), pad }
}

fn random_want(random: &mut Random) -> Want {
    let kinds = match random.below(3) {
        0 => vec![EventType::ALL[random.below(8) as usize], EventType::ALL[random.below(8) as usize]],
        _ => Vec::new(),
    };
    let streams = (0..random.below(3)).map(|_| 1 + random.below(12)).collect::<Vec<_>>();
    let users = (0..1 + random.below(2)).map(|_| 100 + random.below(5)).collect::<Vec<_>>();
    Want { all: random.below(3) == 0, topics: streams.into_iter().chain(users).collect(), kinds }
}

/// One history: publishing, joining, leaving and draining in random order, with a pager that answers late, out of
/// order and little at a time, then everything let loose.
fn history(seed: u64, cold_percent: u64) {
    let mut random = Random(seed);
    let mut log = TestLog::open();
    let mut hub: Hub<()> = log.hub(FICKLE);
    let mut sockets = Sockets { silent: true, ..Sockets::default() };
    let mut joined = Vec::new();
    set_cold(cold_percent, seed);
    for _ in 0..80 {
        match random.below(13) {
            0..=3 => {
                let events: Vec<_> = (0..1 + random.below(30)).map(|_| random_event(&mut random)).collect();
                log.publish(&events);
            }
            4..=5 => {
                let want = random_want(&mut random);
                let position = EventId(random.below(log.reader.visible().0 + 1));
                let unchunked = random.below(5) == 0;
                let id = join(&mut hub, &want, position, unchunked);
                sockets.room.insert(id, random.below(5000) as usize);
                joined.push((id, want, position, unchunked));
            }
            6 => run(&mut hub, &log, &mut sockets, 5),
            7 if !joined.is_empty() && random.below(4) == 0 => {
                let (id, ..) = joined.swap_remove(random.below(joined.len() as u64) as usize);
                assert!(hub.remove(id).is_some());
            }
            8..=9 if !sockets.needs.is_empty() => {
                let need = sockets.needs.swap_remove(random.below(sockets.needs.len() as u64) as usize);
                hub.supply(log.supply(&need, 1 + random.below(5) as usize, 1 + random.below(50)));
                run(&mut hub, &log, &mut sockets, 5);
            }
            10 => drop(turn(&mut hub, &log, &mut sockets, 5)),
            // What is old counts as in memory no longer.
            11 => hub.tick(5, u32::MAX / 2),
            _ => drain(&mut hub, &mut sockets, random.below(30_000) as usize),
        }
    }
    sockets.silent = false;
    for _ in 0..100_000 {
        run(&mut hub, &log, &mut sockets, 9);
        if sockets.watched.is_empty() {
            break;
        }
        drain(&mut hub, &mut sockets, 50_000);
    }
    for (id, want, position, unchunked) in &joined {
        let got = sockets.got.get(id).cloned().unwrap_or_default();
        let expected = log.expected(want, *position, *unchunked);
        assert!(
            got == expected,
            "seed {seed}, {id:?} of {want:?} after {position}: {} bytes of {}",
            got.len(),
            expected.len()
        );
    }
    assert_eq!(hub.counts().behind, 0, "seed {seed}: nobody is behind at the end");
    assert!(hub.is_idle(log.reader.visible()), "seed {seed}");
    assert!(hub.found.is_empty(), "seed {seed}: nothing found is kept");
}

#[test]
fn every_subscriber_gets_exactly_its_events() {
    for seed in 1..=32 {
        history(seed * 0x9E37_79B9, [0, 20, 60, 100][seed as usize % 4]);
    }
}

#[test]
fn a_thousand_live_subscribers_across_segments() {
    let mut log = TestLog::open();
    let mut hub: Hub<()> = log.hub(Memory::KERNEL);
    let mut sockets = Sockets::default();
    let want = Want { all: true, topics: Vec::new(), kinds: Vec::new() };
    let ids: Vec<_> = (0..1000).map(|_| join(&mut hub, &want, EventId::ZERO, false)).collect();
    let big = Event { kind: EventType::ToppedUp, stream: 1, sender: 2, recipient: 3, pad: 50_000 };
    for _ in 0..4 {
        log.publish(&[big; 2]);
        run(&mut hub, &log, &mut sockets, 1);
    }
    // Over a segment's border while everybody is live.
    log.publish(&[big; 90]);
    run(&mut hub, &log, &mut sockets, 1);
    let expected = log.expected(&want, EventId::ZERO, false);
    assert!(ids.iter().all(|id| sockets.got.get(id).is_some_and(|got| *got == expected)));
    assert_eq!(hub.counts().deliveries, 1000 * 98);
}
