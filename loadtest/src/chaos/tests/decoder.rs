//! The harness's own reader of event streams: whole frames however the bytes are cut, and no mercy for
//! others.

use crate::chaos::sse::{Block, Decoder};

fn chunk(payload: &str) -> String {
    format!("{:x}\r\n{payload}\r\n", payload.len())
}

fn block(event: Option<&str>, data: &str, id: Option<&str>) -> Block {
    Block { event: event.map(str::to_owned), data: data.to_owned(), id: id.map(str::to_owned) }
}

fn read(body: &str, piece: usize) -> Result<Vec<Block>, String> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for bytes in body.as_bytes().chunks(piece) {
        decoder.push(bytes);
        while let Some(blocks) = decoder.chunk()? {
            all.extend(blocks);
        }
    }
    Ok(all)
}

#[test]
fn blocks_come_whole_however_the_bytes_are_cut() {
    let greeting = "retry: 2000\ndata: {\"type\":\"connected\"}\nid: 0\n\n";
    let events = "event: stream.paused\ndata: {}\nid: 1\n\nevent: stream.resumed\ndata: {\"a\":1}\nid: 2\n\n";
    let body = [chunk(greeting), chunk(": hb\n"), chunk(events), chunk(": hb\n")].concat();
    let expected = [
        block(None, "{\"type\":\"connected\"}", Some("0")),
        block(Some("stream.paused"), "{}", Some("1")),
        block(Some("stream.resumed"), "{\"a\":1}", Some("2")),
    ];
    for piece in [1, 2, 3, 7, 1000] {
        assert_eq!(read(&body, piece).unwrap(), expected, "in pieces of {piece}");
    }
}

#[test]
fn a_cut_chunk_gives_nothing() {
    let body = chunk("event: stream.paused\ndata: {}\nid: 1\n\n");
    for length in 0..body.len() {
        assert_eq!(read(&body[..length], 1000).unwrap(), [], "of {length} bytes");
    }
}

#[test]
fn what_the_contract_excludes_is_refused() {
    for payload in [
        "event: stream.paused\ndata: {}\nid: 1\n",
        "event: stream.paused\nid: 1\ndata: {}\n\n",
        "id: 50\n\n",
        ": hb",
        "retry: 3000\n\n",
        "data: {}\r\nid: 1\r\n\r\n",
        "data:{}\n\n",
        "\u{feff}data: {}\n\n",
        ": hb\n\n",
    ] {
        assert!(read(&chunk(payload), 1000).is_err(), "{payload:?}");
    }
    for body in ["zz\r\n", "5\r\n: hb\nXX", "+5\r\n: hb\n\r\n"] {
        assert!(read(body, 1000).is_err(), "{body:?}");
    }
}

#[test]
fn the_last_chunk_is_told_from_a_cut() {
    let mut decoder = Decoder::default();
    decoder.push(b"5\r\n: hb\n\r\n0\r\n");
    assert_eq!(decoder.chunk().unwrap(), Some(Vec::new()));
    assert!(!decoder.ended());
    decoder.push(b"\r\n");
    assert!(decoder.ended());
}
