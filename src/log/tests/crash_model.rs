//! What must hold of a log however it ends, kept outside of it.
//!
//! Frames, hashes and times are functions of an event's id and of the life that wrote it, so that an id that
//! comes back with other bytes is noticed. The model looks at the log through its public face alone.

use crate::event::EventId;
use crate::log::{Entry, Flags, Reader, Record};

/// The shortest frame that says which it is.
const HEAD_BYTES: usize = 24;
const FILLER_BYTES: usize = 8192;
static FILLER: [u8; FILLER_BYTES] = filler();

const fn filler() -> [u8; FILLER_BYTES] {
    let mut bytes = [0; FILLER_BYTES];
    let (mut at, mut mixed) = (0, 0x9E37_79B9_7F4A_7C15_u64);
    while at < FILLER_BYTES {
        mixed ^= mixed << 13;
        mixed ^= mixed >> 7;
        mixed ^= mixed << 17;
        bytes[at] = mixed as u8;
        at += 1;
    }
    bytes
}

/// One event as it was handed to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Written {
    pub(in crate::log) id: EventId,
    pub(in crate::log) life: u64,
    pub(in crate::log) bytes: usize,
    /// More of its batch follow.
    pub(in crate::log) more: bool,
}

impl Written {
    /// `bytes` 0: a length that is the event's own.
    pub(in crate::log) fn new(id: EventId, life: u64, bytes: usize, more: bool) -> Self {
        let mut written = Self { id, life, bytes, more };
        if bytes == 0 {
            written.bytes = 40 + (written.mixed() >> 40) as usize % 900;
        }
        written
    }

    fn mixed(&self) -> u64 {
        (self.id.0 ^ self.life.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn parts(&self) -> ([u8; HEAD_BYTES], &'static [u8]) {
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&self.id.0.to_le_bytes());
        head[8..16].copy_from_slice(&self.life.to_le_bytes());
        head[16..].copy_from_slice(&(self.bytes as u64).to_le_bytes());
        let from = self.mixed() as usize % (FILLER_BYTES / 2);
        (head, &FILLER[from..from + self.bytes - HEAD_BYTES])
    }

    pub(in crate::log) fn push_frame(&self, frames: &mut Vec<u8>) {
        let (head, filler) = self.parts();
        frames.extend_from_slice(&head);
        frames.extend_from_slice(filler);
    }

    pub(in crate::log) fn record<'a>(&self, frame: &'a [u8]) -> Record<'a> {
        let mixed = self.mixed();
        Record {
            stream: mixed,
            sender: mixed ^ 2,
            recipient: mixed ^ 3,
            key: mixed ^ 4,
            aux: mixed ^ 5,
            flags: if self.more { Flags::BATCH_MORE } else { 0 },
            kind: mixed as u8 % 8,
            payload_offset: 7,
            frame,
        }
    }

    fn is(&self, entry: &Entry, frame: &[u8]) -> bool {
        let (head, filler) = self.parts();
        let mixed = self.mixed();
        let flags = Flags::PRESENT | if self.more { Flags::BATCH_MORE } else { 0 };
        frame.len() == self.bytes
            && frame.starts_with(&head)
            && frame.ends_with(filler)
            && (entry.stream(), entry.sender(), entry.recipient()) == (mixed, mixed ^ 2, mixed ^ 3)
            && (entry.key(), entry.aux(), entry.flags()) == (mixed ^ 4, mixed ^ 5, flags)
    }
}

/// What must hold, kept outside of the log.
#[derive(Debug, Clone, Default)]
pub(in crate::log) struct Model {
    /// All that may still be there, in the order of ids.
    written: Vec<Written>,
    /// Up to here nothing may be missing.
    acked: EventId,
    /// The highest id that somebody outside may know: it and those below may not be given to another event.
    given: EventId,
    /// Retention may have removed what is below.
    gone_below: EventId,
    /// The last life ended in order.
    closed: bool,
}

impl Model {
    /// An event is about to be written: one that fails half way may be recovered.
    pub(in crate::log) fn write(&mut self, written: Written) -> Result<(), String> {
        if written.id <= self.given {
            return Err(format!("{} is given a second time", written.id));
        }
        self.written.push(written);
        Ok(())
    }

    /// Everything up to `id` was acknowledged or shown, and may never go.
    pub(in crate::log) fn ack(&mut self, id: EventId) {
        self.acked = self.acked.max(id);
        self.give(id);
    }

    /// Somebody may have seen ids up to `id`.
    pub(in crate::log) fn give(&mut self, id: EventId) {
        self.given = self.given.max(id);
    }

    pub(in crate::log) fn close(&mut self, last: EventId) {
        self.ack(last);
        self.closed = true;
    }

    /// Whether the last life ended in order; asked once.
    pub(in crate::log) fn take_closed(&mut self) -> bool {
        std::mem::take(&mut self.closed)
    }

    pub(in crate::log) fn retain_from(&mut self, id: EventId) {
        self.gone_below = self.gone_below.max(id);
    }

    /// Checks what a restart brought back; forgets what it rightly dropped.
    pub(in crate::log) fn check(&mut self, reader: &Reader) -> Result<(), String> {
        let visible = reader.visible();
        if visible < self.acked {
            return Err(format!("recovered to {visible}, but {} was acknowledged", self.acked));
        }
        let mut kept = Vec::with_capacity(self.written.len());
        let mut expected = std::mem::take(&mut self.written).into_iter().peekable();
        let mut time_ms = 0;
        let view = reader.view();
        for segment in view.segments() {
            let last = segment.last(visible);
            let mut id = segment.base();
            for entry in segment.entries(id, last) {
                while let Some(missing) = expected.next_if(|written| written.id < id) {
                    self.dropped(missing, &kept)?;
                }
                let written = expected.next_if(|written| written.id == id);
                let written = written.ok_or_else(|| format!("{id} is shown and was never written"))?;
                if !written.is(entry, segment.frame(id)) {
                    return Err(format!("{id} has other bytes than were written"));
                }
                if segment.time_ms(id) < time_ms {
                    return Err(format!("{id} is earlier than the event before it"));
                }
                time_ms = segment.time_ms(id);
                self.follows(&kept, written)?;
                kept.push(written);
                id = id.next();
            }
        }
        for missing in expected {
            self.dropped(missing, &kept)?;
        }
        self.written = kept;
        // What is shown after a restart may never go again.
        self.ack(visible);
        Ok(())
    }

    fn dropped(&self, missing: Written, kept: &[Written]) -> Result<(), String> {
        if missing.id < self.gone_below && kept.is_empty() {
            return Ok(());
        }
        if missing.id <= self.acked {
            return Err(format!("{} was acknowledged and is gone", missing.id));
        }
        match kept.last() {
            Some(last) if last.more => {
                Err(format!("{} is inside a batch, and {} of it is gone", last.id, missing.id))
            }
            _ => Ok(()),
        }
    }

    /// Within an epoch ids are dense, and each epoch begins with 1.
    fn follows(&self, kept: &[Written], next: Written) -> Result<(), String> {
        let Some(last) = kept.last() else { return Ok(()) };
        let begins = next.id.epoch() > last.id.epoch() && next.id.sequence() == 1;
        if last.id.next() == next.id || begins {
            Ok(())
        } else {
            Err(format!("{} follows {}", next.id, last.id))
        }
    }
}

/// The events that are shown, and a sum of the bytes of each.
pub(in crate::log) fn shown(reader: &Reader) -> Vec<(EventId, u32)> {
    let visible = reader.visible();
    let view = reader.view();
    let mut shown = Vec::new();
    for segment in view.segments() {
        let mut id = segment.base();
        while id <= segment.last(visible) {
            shown.push((id, crc32c::crc32c(segment.frame(id))));
            id = id.next();
        }
    }
    shown
}
