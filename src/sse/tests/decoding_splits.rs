//! However a stream is cut into reads, it means the same; and what `sse::event` writes comes back from the
//! decoder.

use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::select;

use crate::event::{EventId, EventType};
use crate::sse::{
    DecodeError, Decoder, Event, Framing, Gap, Greeting, event, greeting, heartbeat, unchunked,
};

/// Events, and how it ended: last event id, retry time, error.
type Outcome = (Vec<Event>, String, Option<u64>, Option<DecodeError>);

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, block_bytes_max: usize) -> Outcome {
    let mut decoder = Decoder::new(block_bytes_max);
    let mut events = Vec::new();
    let mut error = None;
    for piece in pieces {
        error = decoder.feed(piece, &mut events).err();
    }
    (events, decoder.last_event_id().to_owned(), decoder.retry_ms(), error)
}

#[track_caller]
fn check_splits(stream: &[u8]) {
    let whole = decode([stream], 4096);
    assert_eq!(decode(stream.chunks(1), 4096), whole);
    for at in 0..=stream.len() {
        let (front, back) = stream.split_at(at);
        assert_eq!(decode([front, back], 4096), whole, "cut at {at}");
    }
}

#[test]
fn any_cut_of_any_line_end() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = "\u{feff}: hi|retry: 7|event: ä|data: 1|data||id: 4|: hb||data: ü|id: 5||data: lost";
        check_splits(stream.replace('|', end).as_bytes());
    }
    check_splits(b"\xef\xbbdata: 1\n\ndata: 2\n\n");
    check_splits(b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\r\n\r\n");
}

#[test]
fn our_own_stream_comes_back() {
    let gap = Gap { requested: "5", earliest: EventId(900), missed: Some(894) };
    let hello = Greeting {
        retry_ms: 2000,
        client_id: "c",
        last_event_id: EventId(899),
        earliest_event_id: EventId(900),
        gap: Some(gap),
    };
    let mut stream = Vec::new();
    greeting(&mut stream, Framing::Close, &hello);
    heartbeat(&mut stream, Framing::Close);
    let mut frame = Vec::new();
    event(&mut frame, EventId(900), EventType::Created, b"{}").unwrap();
    stream.extend_from_slice(unchunked(&frame));
    check_splits(&stream);
    let (events, last, retry, error) = decode([&stream[..]], 4096);
    let seen: Vec<_> = events.iter().map(|event| (&event.event[..], &event.id[..])).collect();
    assert_eq!(seen, [("message", ""), ("gap", "899"), ("stream.created", "900")]);
    assert_eq!((&last[..], retry, error), ("900", Some(2000), None));
}

proptest! {
    #[test]
    fn an_event_comes_back_as_it_was(
        id: u64,
        kind in select(&EventType::ALL[..]),
        data in "[^\r\n\u{0}]{1,200}",
    ) {
        let mut frame = Vec::new();
        event(&mut frame, EventId(id), kind, data.as_bytes()).unwrap();
        let (events, ..) = decode([unchunked(&frame)], 4096);
        let id = id.to_string();
        prop_assert_eq!(events, vec![Event { event: kind.name().to_owned(), data, id, retry: None }]);
    }

    #[test]
    fn random_streams_mean_one_thing(
        stream in "(data|event|id|retry|:|: |\r|\n|\r\n|\u{feff}|\u{0}|7|x|ü){0,60}",
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        block_bytes_max in 1..40_usize,
    ) {
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]);
        prop_assert_eq!(decode(pieces, block_bytes_max), decode([stream.as_bytes()], block_bytes_max));
    }

    #[test]
    fn random_bytes_never_panic(stream: Vec<u8>) {
        prop_assert_eq!(decode(stream.chunks(1), 64), decode([&stream[..]], 64));
    }
}
