//! The body of a publish request in each dialect: the same data for everybody, in what the server takes.

use crate::client::Dialect;
use crate::load::event::{EventWriter, Run, Stamp};

const RUN: Run = Run { id: 7, topics: 1, dialect: Dialect::Tailwire };

fn body(dialect: Dialect, count: u64, batch: bool) -> String {
    let mut out = Vec::new();
    EventWriter::new(RUN.speaking(dialect)).write_body(&mut out, 3..3 + count, batch, 9);
    String::from_utf8(out).unwrap()
}

#[test]
fn rivals_are_given_the_data_of_tailwires_events() {
    let own = body(Dialect::Tailwire, 1, false);
    let data = body(Dialect::Nchan, 1, false);
    assert_eq!(own, format!(r#"{{"type":"stream.withdrawn","data":{data}}}"#));
    assert_eq!(Stamp::read(data.as_bytes()), Some(Stamp { run: 7, seq: 3, due_ns: 9 }));
    assert_eq!(body(Dialect::DurableStreams, 1, false), data);
}

#[test]
fn batches_are_lines_or_an_array() {
    let lines = body(Dialect::Tailwire, 3, true);
    assert!(lines.ends_with('\n') && lines.lines().count() == 3, "{lines}");
    let array: serde_json::Value = serde_json::from_str(&body(Dialect::DurableStreams, 3, true)).unwrap();
    let seqs: Vec<u64> = array.as_array().unwrap().iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, [3, 4, 5]);
    assert_eq!(
        body(Dialect::DurableStreams, 1, true),
        format!("[{}]", body(Dialect::DurableStreams, 1, false))
    );
}
