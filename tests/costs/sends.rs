//! The real binary's calls for delivering: chunks of sends by one entry into the kernel, one send to a subscriber for
//! everything it lacks, and every byte of an event from the log's map.

use std::ops::Range;
use std::path::Path;

use tailwire::limits::{SENDS_PER_CHUNK, SENDS_PER_CHUNK_MIN};

use crate::crowd::Crowd;
use crate::support::{Server, data_directory};
use crate::trace::{Calls, Traced, Tracing, possible};

const EVENTS: usize = 24;
const BATCH: usize = 64;
const FLAGS: [&str; 4] = ["--workers", "1", "--heartbeat-ms", "60000"];
/// Whom the kernel gives no ring of this kind, it gives no server either.
const RING: [&str; 2] = ["--send", "ring"];
const PLAIN: [&str; 2] = ["--send", "plain"];

/// The worker's calls while a crowd does something, with what else is to be known of it.
struct Seen {
    worker: Calls,
    crowd: Crowd,
    maps: Vec<Range<u64>>,
    /// Calls that may have come with time alone.
    spare: usize,
}

/// The calls of a server with a crowd of these targets, from after its first events on.
fn see(
    flags: [&str; 2],
    targets: impl Iterator<Item = String>,
    act: impl FnOnce(&mut Crowd),
) -> Option<Seen> {
    let directory = data_directory();
    if !possible(directory.path()) {
        return None;
    }
    let server = Server::start(directory.path(), &[&FLAGS[..], &flags].concat());
    let mut crowd = Crowd::gather_by(server.address, targets);
    let tracing = Tracing::attach(&server, directory.path());
    act(&mut crowd);
    let maps = maps(&server, &directory.path().join("data/seg"));
    let Traced { mut threads, spare } = tracing.end(server);
    let worker = threads.remove("tw-worker-0").unwrap();
    Some(Seen { worker, crowd, maps, spare })
}

/// Where the server has files below `directory` mapped.
fn maps(server: &Server, directory: &Path) -> Vec<Range<u64>> {
    let text = std::fs::read_to_string(format!("/proc/{}/maps", server.pid().as_raw_nonzero())).unwrap();
    let of_log = text.lines().filter(|line| line.contains(directory.to_str().unwrap()));
    let range = |line: &str| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        u64::from_str_radix(start, 16).unwrap()..u64::from_str_radix(end, 16).unwrap()
    };
    of_log.map(range).collect()
}

fn everything(subscribers: usize) -> impl Iterator<Item = String> {
    (0..subscribers).map(|_| "/events/subscribe?all=true".to_owned())
}

/// Entries into the kernel by the private ring, and sends that went by it: it waits for all that it submits.
fn ring_sends(worker: &Calls) -> (usize, u64) {
    let private: Vec<_> = worker
        .named("io_uring_enter")
        .filter(|call| call.argument(1) > 1 && call.argument(1) == call.argument(2))
        .collect();
    (private.len(), private.iter().map(|call| call.argument(1)).sum())
}

/// Chunks in which an event goes out to so many while nothing else is to be done. One more is needed where the end of
/// its own request came between.
fn chunks_of(subscribers: usize) -> usize {
    let strides =
        std::iter::successors(Some(SENDS_PER_CHUNK_MIN), |sends| Some(SENDS_PER_CHUNK.min(sends * 2)));
    let reach = strides.scan(0, |reach, sends| {
        *reach += sends;
        Some(*reach)
    });
    1 + reach.take_while(|reach| *reach < subscribers).count()
}

#[test]
fn an_event_enters_the_kernel_once_a_chunk() {
    for subscribers in [SENDS_PER_CHUNK, 4 * SENDS_PER_CHUNK] {
        let act = |crowd: &mut Crowd| (0..EVENTS).for_each(|_| crowd.batch(1));
        let Some(Seen { worker, spare, .. }) = see(RING, everything(subscribers), act) else { return };
        let summary = worker.summary();
        let (enters, sends) = ring_sends(&worker);
        let chunks = EVENTS * (chunks_of(subscribers) + 1);
        assert_eq!(sends, (EVENTS * subscribers) as u64, "{summary:?}");
        assert!(enters <= chunks, "{enters} entries into the kernel for {chunks} chunks: {summary:?}");
        // Between chunks one turn of the runtime's ring; around them the request, the answer and the bell.
        let all = worker.count("io_uring_enter");
        assert!(all <= 2 * chunks + 4 * EVENTS + spare, "{all} entries into the kernel for {chunks} chunks");
        let sent = worker.count("sendto") + worker.count("sendmsg") + worker.count("writev");
        assert!(sent <= EVENTS, "{sent} sends beside the ring for {EVENTS} answers: {summary:?}");
        let yields = worker.count("sched_yield");
        assert!(yields <= chunks, "{yields} yields for {chunks} chunks");
        let rest = worker.len() - all - sent - yields;
        assert!(rest <= 6 * EVENTS + spare, "{rest} other calls for {EVENTS} events: {summary:?}");
    }
}

#[test]
fn a_burst_is_one_send_to_each() {
    let subscribers = 4 * SENDS_PER_CHUNK;
    let Some(Seen { worker, spare, .. }) = see(RING, everything(subscribers), |crowd| crowd.batch(BATCH))
    else {
        return;
    };
    let (enters, sends) = ring_sends(&worker);
    let summary = worker.summary();
    assert_eq!(sends, subscribers as u64, "a batch of {BATCH}: {summary:?}");
    let chunks = chunks_of(subscribers) + 1;
    assert!(enters <= chunks, "a batch of {BATCH} in {enters} chunks instead of {chunks}: {summary:?}");
    assert!(worker.len() <= 40 + spare, "{BATCH} events to {subscribers} subscribers: {summary:?}");
}

#[test]
fn events_are_sent_from_the_map() {
    let act = |crowd: &mut Crowd| (0..EVENTS).for_each(|_| crowd.batch(1));
    let Some(seen) = see(PLAIN, everything(SENDS_PER_CHUNK), act) else { return };
    let (mut mapped, mut others, mut deliveries) = (0, 0, 0);
    for call in seen.worker.named("sendto") {
        let (place, bytes) = (call.argument(1), call.result.unwrap_or(call.argument(2)));
        if seen.maps.iter().any(|map| map.contains(&place)) {
            (mapped, deliveries) = (mapped + bytes, deliveries + 1);
        } else {
            others += 1;
        }
    }
    assert_eq!(deliveries, EVENTS * SENDS_PER_CHUNK, "each event to each subscriber, from the map");
    assert!(mapped > seen.crowd.block_bytes, "{mapped} bytes with the chunks' lines");
    assert!(others <= EVENTS, "{others} sends from elsewhere for {EVENTS} answers");
}

#[test]
fn an_event_costs_its_own_subscriber_and_no_other() {
    let mut counts = Vec::new();
    for subscribers in [16, 256] {
        let targets = (0..subscribers).map(|stream| format!("/events/subscribe?streams={stream}"));
        let act = |crowd: &mut Crowd| {
            (0..EVENTS).for_each(|number| crowd.event_for(number % 16, (number % 16) as u64))
        };
        let Some(Seen { worker, spare, .. }) = see(RING, targets, act) else { return };
        assert_eq!(
            worker.count("sendto"),
            2 * EVENTS,
            "an answer and a delivery each: {:?}",
            worker.summary()
        );
        counts.push((worker.len(), spare));
    }
    let ((few, _), (many, spare)) = (counts[0], counts[1]);
    assert!(many <= few + EVENTS + spare, "{few} calls with 16 subscribers, {many} with 256");
}
