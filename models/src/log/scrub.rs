//! In the place of the scrubber: reads nothing. What it shares with readers is in `sound`, which is the server's.

use std::sync::Arc;

use crate::log::Segment;
use crate::log::shared::Shared;

pub(crate) struct Scrubber;

impl Scrubber {
    pub(in crate::log) fn new(_shared: Arc<Shared>) -> Self {
        Self
    }
}

/// What the scrubber does when it has found other bytes on the disk than those of a sealed segment's first block.
pub(crate) fn distrust(segment: &Segment) {
    segment.sound().unwrap().1.distrust_block(0);
}

pub(crate) fn is_distrusted(segment: &Segment) -> bool {
    segment.sound().unwrap().1.is_block_distrusted(0)
}
