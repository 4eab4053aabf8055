//! In the place of sidecars: their names, and that there are none.

use crate::event::EventId;
use crate::log::Disk;
use crate::log::shared::SEGMENTS;

pub(in crate::log) fn name(base: EventId) -> String {
    format!("{SEGMENTS}/{:020}.idx", base.0)
}

pub(in crate::log) fn remove_strays(_disk: &dyn Disk, _bases: &[EventId]) {}
