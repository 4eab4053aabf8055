//! Moves a subscriber's cursor over the bytes its socket took of a piece.

use crate::event::EventId;
use crate::hub::matches::Matches;
use crate::hub::piece::on_wire;
use crate::hub::slots::{Slot, flag};
use crate::log::View;

/// Moves the cursor by `sent` bytes, fewer than the piece had. `last` is the piece's last event. Returns how many
/// events were completed.
pub(crate) fn advance<K>(
    slot: &mut Slot<K>,
    view: &View,
    matches: &Matches<'_>,
    last: EventId,
    sent: usize,
) -> u32 {
    let Some(segment) = view.segment(slot.next) else { return 0 };
    let unchunked = slot.has(flag::UNCHUNKED);
    let mut rest = slot.offset as usize + sent;
    let mut events = 0;
    loop {
        let frame_bytes = on_wire(segment.frame(slot.next), unchunked).len();
        if rest < frame_bytes || slot.next >= last {
            break;
        }
        rest -= frame_bytes;
        events += 1;
        let next = matches.first(segment, slot.next.next(), last, &mut { usize::MAX });
        slot.next = next.unwrap_or(last);
    }
    slot.offset = u16::try_from(rest).unwrap_or(u16::MAX);
    events
}
