//! `check` takes what `event` makes and nothing else.

use crate::event::{EventId, EventType};
use crate::sse::{check, event};

#[test]
fn only_an_event_frame_is_one() {
    for (kind, data) in [(EventType::Created, &b"{}"[..]), (EventType::FeeCollected, b"{\"memo\":\"id: 7\"}")]
    {
        let id = EventId::new(3, 41);
        let mut frame = Vec::new();
        let layout = event(&mut frame, id, kind, data).unwrap();
        let payload = usize::from(layout.payload_offset);
        assert_eq!(check(&frame, id, Some(kind), payload), Ok(data));
        assert!(check(&frame, id.next(), Some(kind), payload).is_err(), "another id");
        assert!(check(&frame, id, Some(EventType::Paused), payload).is_err(), "another type");
        assert!(check(&frame, id, None, payload).is_err());
        assert!(check(&frame, id, Some(kind), payload + 1).is_err());
        for end in 0..frame.len() {
            assert!(check(&frame[..end], id, Some(kind), payload).is_err(), "cut at {end}");
        }
        for at in 0..frame.len() {
            for new in [b'\n', b'\r', b'9', frame[at] ^ 0x20] {
                let mut other = frame.clone();
                other[at] = new;
                let inside = (payload..payload + data.len()).contains(&at) && !matches!(new, b'\n' | b'\r');
                let good = check(&other, id, Some(kind), payload).is_ok();
                assert_eq!(good, inside || new == frame[at], "{new} at {at}");
            }
        }
    }
}
