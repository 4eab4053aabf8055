//! Recognising a chunk must never stand for checking one that differs.

use crate::load::event::Stamp;
use crate::load::known::KnownFrames;

#[test]
fn only_the_very_bytes_of_the_very_event_are_recognised() {
    let stamp = Stamp { run: 7, seq: 3, due_ns: 5 };
    let mut known = KnownFrames::default();
    let matching = |known: &KnownFrames, id, bytes: &[u8]| {
        known.matching(id, bytes).map(|(frame, length)| (frame.stamp, length))
    };
    assert_eq!(matching(&known, 0, b""), None, "nothing is known at first");
    known.learn(41, stamp, b"0003\r\nabc\r\n");
    assert_eq!(matching(&known, 41, b"0003\r\nabc\r\n0004"), Some((stamp, 11)));
    assert_eq!(matching(&known, 42, b"0003\r\nabc\r\n"), None, "another id");
    assert_eq!(matching(&known, 41 + 16_384, b"0003\r\nabc\r\n"), None, "another id in its place");
    assert_eq!(matching(&known, 41, b"0003\r\nabd\r\n"), None, "another byte");
    assert_eq!(matching(&known, 41, b"0003\r\nabc\r"), None, "not whole yet");
    known.learn(41 + 16_384, stamp, b"x");
    assert_eq!(matching(&known, 41, b"0003\r\nabc\r\n"), None, "its place was taken");
}
