//! Event ids and event types: spelling, arithmetic, and the codes that are stored on disk.

use crate::event::{EventId, EventType};

#[test]
fn an_id_is_an_epoch_and_a_sequence() {
    assert_eq!(EventId::new(0, 42), EventId(42));
    let id = EventId::new(3, 7);
    assert_eq!((id.0, id.epoch(), id.sequence()), (3 << 40 | 7, 3, 7));
    assert_eq!(EventId::new(EventId::EPOCH_MAX, (1 << 40) - 1), EventId(u64::MAX));
    assert_eq!(EventId(41).next(), EventId(42));
    assert_eq!(EventId(42).previous(), EventId(41));
    assert_eq!((EventId::ZERO.previous(), EventId(u64::MAX).next()), (EventId::ZERO, EventId(u64::MAX)));
}

#[test]
fn an_id_has_one_spelling() {
    for good in ["0", "1", "90412", "18446744073709551615"] {
        assert_eq!(EventId::parse(good.as_bytes()).unwrap().to_string(), good);
    }
    for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "١"] {
        assert_eq!(EventId::parse(bad.as_bytes()), None, "{bad:?}");
    }
    assert_eq!(EventId::parse(b"1\xFF"), None);
}

#[test]
fn the_codes_on_disk_never_change() {
    let codes = EventType::ALL.map(|kind| (kind.code(), kind.name(), kind.indexer_name()));
    assert_eq!(
        codes,
        [
            (1, "stream.created", "CREATED"),
            (2, "stream.topped_up", "TOPPED_UP"),
            (3, "stream.withdrawn", "WITHDRAWN"),
            (4, "stream.cancelled", "CANCELLED"),
            (5, "stream.completed", "COMPLETED"),
            (6, "stream.paused", "PAUSED"),
            (7, "stream.resumed", "RESUMED"),
            (8, "stream.fee_collected", "FEE_COLLECTED"),
        ]
    );
    for kind in EventType::ALL {
        assert_eq!(EventType::from_code(kind.code()), Some(kind));
        assert_eq!(EventType::from_name(kind.name()), Some(kind));
        assert_eq!(EventType::from_indexer_name(kind.indexer_name()), Some(kind));
    }
    assert_eq!(EventType::from_code(0), None);
    assert_eq!(EventType::from_code(9), None);
}
