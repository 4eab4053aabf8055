//! Recognising a chunk must never stand for checking one that differs.

use crate::load::event::Stamp;
use crate::load::recent::Recent;

#[test]
fn only_the_very_bytes_of_the_very_event_are_recognised() {
    let stamp = Stamp { run: 7, seq: 3, due_ns: 5 };
    let mut recent = Recent::default();
    assert_eq!(recent.recognise(0, b""), None, "nothing is known at first");
    recent.keep(41, stamp, b"0003\r\nabc\r\n");
    assert_eq!(recent.recognise(41, b"0003\r\nabc\r\n0004"), Some((stamp, 11)));
    assert_eq!(recent.recognise(42, b"0003\r\nabc\r\n"), None, "another id");
    assert_eq!(recent.recognise(41 + (1 << 14), b"0003\r\nabc\r\n"), None, "another id in its place");
    assert_eq!(recent.recognise(41, b"0003\r\nabd\r\n"), None, "another byte");
    assert_eq!(recent.recognise(41, b"0003\r\nabc\r"), None, "not whole yet");
    recent.keep(41 + (1 << 14), stamp, b"x");
    assert_eq!(recent.recognise(41, b"0003\r\nabc\r\n"), None, "its place was taken");
}
