//! What reaches the log, and what is known again after it is opened anew. Setup: a real log in a directory.

use crate::event::{EventId, EventType};
use crate::ingest::PublishError;
use crate::ingest::tests::rig::{Rig, dir};
use crate::ingest::tests::support::{created, event, withdrawn};
use crate::log::{Durability, Flags};
use crate::sse;
use crate::topic::{StreamId, TopicHasher, User};

#[test]
fn an_entry_holds_the_hashes_and_the_frame_is_what_goes_on_the_wire() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    let first = created("7", "GS", "GR").key("a");
    let second = withdrawn("7").at("indexer", 44).data(r#"{"streamId":7,"amount":"5"}"#);
    rig.publish(std::slice::from_ref(&first)).unwrap();
    rig.publish(std::slice::from_ref(&second)).unwrap();
    let hasher = TopicHasher::new(rig.reader.hash_key());
    let user = |user| hasher.user(&User::parse(user).unwrap()).0;
    let (one, two) = (rig.stored(1), rig.stored(2));
    assert_eq!([one.stream, two.stream], [hasher.stream(&StreamId::parse("7").unwrap()).0; 2]);
    assert_eq!([one.parties.sender, two.parties.sender], [user("GS"); 2]);
    assert_eq!([one.parties.recipient, two.parties.recipient], [user("GR"); 2]);
    assert_eq!((one.kind, one.positioned, one.key), (1, false, hasher.key("a")));
    assert_eq!(one.aux, hasher.digest(1, &first.data));
    assert_eq!((two.kind, two.positioned, two.key, two.aux), (3, true, hasher.source("indexer"), 44));

    let view = rig.reader.view();
    let segment = view.segment(EventId(2)).unwrap();
    let frame = segment.frame(EventId(2));
    let mut expected = Vec::new();
    sse::event(&mut expected, EventId(2), EventType::Withdrawn, &second.data).unwrap();
    assert_eq!(frame, expected);
    assert_eq!(sse::payload(frame, segment.entry(EventId(2)).payload_offset()), second.data);
    drop(view);
    rig.stop();
}

#[test]
fn all_but_the_last_stored_event_of_a_batch_say_that_more_follow() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[withdrawn("7").key("a")]).unwrap();
    // The last event of the batch is a duplicate, so the one before it is the last that is stored.
    let batch = [withdrawn("7"), withdrawn("8"), withdrawn("9"), withdrawn("7").key("a")];
    assert_eq!(rig.publish(&batch), Ok(vec![(2, false), (3, false), (4, false), (1, true)]));
    rig.publish(&[withdrawn("7")]).unwrap();
    let view = rig.reader.view();
    let more = |id| view.segment(EventId(id)).unwrap().entry(EventId(id)).flags() & Flags::BATCH_MORE != 0;
    assert_eq!((1..=5).map(more).collect::<Vec<_>>(), [false, true, true, false, false]);
    drop(view);
    rig.stop();
}

#[test]
fn parties_keys_and_sources_survive_a_restart() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[created("7", "GS", "GR").key("a"), withdrawn("8").to("GT").at("s", 10)]).unwrap();
    rig.publish(&[event(EventType::Completed, "7"), withdrawn("9").at("s", 12)]).unwrap();
    rig.stop();

    let mut rig = Rig::open(dir.path(), Durability::Commit);
    let next = rig.reader.visible().next().0;
    assert_eq!(rig.publish(&[created("7", "GX", "GR").key("a")]), Ok(vec![(1, true)]));
    let other = rig.publish(&[withdrawn("7").key("a")]);
    assert_eq!(other, Err(PublishError::KeyConflict { index: 0, first: EventId(1) }));
    assert_eq!(rig.publish(&[withdrawn("9").at("s", 11)]), Ok(vec![(4, true)]));
    let conflict = rig.publish(&[created("8", "GS", "GX")]);
    assert_eq!(conflict, Err(PublishError::PartiesConflict { index: 0, party: "recipient" }));
    let stored = [withdrawn("7"), withdrawn("8"), withdrawn("9").at("s", 13)];
    assert_eq!(rig.publish(&stored), Ok((next..next + 3).map(|id| (id, false)).collect()));
    assert_eq!(rig.stored(next).parties, rig.stored(1).parties);
    assert_eq!(rig.stored(next + 1).parties, rig.stored(2).parties);
    rig.stop();
}

#[test]
fn many_large_batches_roll_through_segments_without_a_hole() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    let data = format!(r#"{{"x":"{}"}}"#, "y".repeat(1000));
    let batch: Vec<_> = (0..1000).map(|_| withdrawn("7").data(&data)).collect();
    let mut next = 1;
    while rig.reader.view().segments().len() < 4 {
        // The next segment may still be in preparation; then nothing of the batch is stored.
        match rig.publish(&batch) {
            Ok(published) => {
                let expected: Vec<_> = (next..next + 1000).map(|id| (id, false)).collect();
                assert_eq!(published, expected);
                next += 1000;
            }
            Err(PublishError::Unavailable { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(rig.reader.visible(), EventId(next - 1));
    rig.stop();
}
