//! The stamp must come back as it went out, and only from events of this tool. The frame's size is part of
//! what runs compare, so it is pinned.

use crate::client::Dialect;
use crate::load::event::{EventWriter, Filter, Run, Stamp};

fn data_of(run: &Run, seq: u64, due_ns: u64) -> String {
    let mut event = Vec::new();
    EventWriter::new(*run).write(&mut event, seq, due_ns);
    let value: serde_json::Value = serde_json::from_slice(&event).unwrap();
    assert_eq!(value["type"], "stream.withdrawn");
    let text = String::from_utf8(event).unwrap();
    let data = text.split_once(",\"data\":").unwrap().1;
    data[..data.len() - 1].to_owned()
}

#[test]
fn a_stamp_comes_back() {
    let run = Run { id: 77, topics: 10, dialect: Dialect::Tailwire };
    for (seq, due_ns) in [(0, 0), (13, 1_234_567_890_123), (u64::MAX, u64::MAX)] {
        let data = data_of(&run, seq, due_ns);
        assert_eq!(Stamp::read(data.as_bytes()), Some(Stamp { run: 77, seq, due_ns }), "{data}");
    }
}

#[test]
fn events_of_others_have_none() {
    for data in [
        "{}",
        "",
        "{\"seq\":1,\"due\":2}",
        "{\"run\":1,\"seq\":2,\"due\":}",
        "{\"run\":1,\"seq\":2,\"due\":3} ",
    ] {
        assert_eq!(Stamp::read(data.as_bytes()), None, "{data}");
    }
}

#[test]
fn a_writer_goes_round_the_topics_with_and_without_room_for_their_heads() {
    for topics in [1, 3, 5000] {
        let run = Run { id: 77, topics, dialect: Dialect::Tailwire };
        let mut writer = EventWriter::new(run);
        for seq in (0..20).chain(4990..5010) {
            let mut event = Vec::new();
            writer.write(&mut event, seq, 9);
            let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
            let data = &event["data"];
            let stream = format!("streams={}", data["streamId"].as_str().unwrap());
            assert_eq!(run.query(Filter::Streams, seq % topics), stream);
            assert_eq!(data["seq"], seq);
            let hash = format!("{:064x}", seq.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            assert_eq!(data["transactionHash"], hash.as_str());
        }
    }
}

#[test]
fn a_topic_is_named_alike_in_events_and_queries() {
    let run = Run { id: 4_123_456_789_012, topics: 7, dialect: Dialect::Tailwire };
    for seq in 0..20 {
        let data: serde_json::Value = serde_json::from_str(&data_of(&run, seq, 1)).unwrap();
        let recipient = data["recipient"].as_str().unwrap();
        let topic = seq % 7;
        assert_eq!(
            run.query(Filter::Streams, topic),
            format!("streams={}", data["streamId"].as_str().unwrap())
        );
        assert_eq!(run.query(Filter::Users, topic), format!("users={recipient}"));
        assert_eq!(recipient.len(), 56, "the length of an address");
        assert!(recipient.starts_with('G') && recipient.bytes().all(|byte| byte.is_ascii_uppercase()));
    }
    assert_eq!(run.query(Filter::All, 3), "all=true");
}

#[test]
fn a_frame_has_about_330_bytes() {
    let run = Run { id: 4_123_456_789_012, topics: 1, dialect: Dialect::Tailwire };
    let data = data_of(&run, 5000, 4_123_456_789_012);
    let frame = format!("0140\r\nevent: stream.withdrawn\ndata: {data}\nid: 5000\n\n\r\n");
    assert!((310..=350).contains(&frame.len()), "{} bytes: {frame}", frame.len());
}
