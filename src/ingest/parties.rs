//! Who a payment stream is between: the sender and recipient that became known first, as hashes.
//!
//! Bounded: at the bound the payment stream that was completed or cancelled first is forgotten, and where
//! none is, the one that became known first. A forgotten payment stream's later events reach only those they
//! name themselves. Nothing is written to disk here: the log's entries hold what was known when they were
//! stored, and observing them again in their order brings the same table back.

use crate::ingest::places::Places;
use crate::limits;

/// Hashes of a payment stream's parties; 0 is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pair {
    pub(crate) sender: u64,
    pub(crate) recipient: u64,
}

impl Pair {
    /// These parties, with the unknown ones taken from `later`: the first known stand.
    pub(crate) fn or(self, later: Self) -> Self {
        let first = |first, later| if first == 0 { later } else { first };
        Self { sender: first(self.sender, later.sender), recipient: first(self.recipient, later.recipient) }
    }

    /// The party as which `named` has someone else than is known.
    pub(crate) fn conflict(self, named: Self) -> Option<&'static str> {
        let other = |known, named| known != 0 && named != 0 && known != named;
        if other(self.sender, named.sender) {
            return Some("sender");
        }
        other(self.recipient, named.recipient).then_some("recipient")
    }

    fn is_unknown(self) -> bool {
        self == Self::default()
    }
}

/// No slot: the end of a list.
const NONE: u32 = u32::MAX >> 1;
const _: () = assert!(limits::PAYMENT_STREAMS_MAX < NONE as usize);

/// Slots that are reserved at the start, so that no event pays for a copy; memory is used as they fill.
const RESERVED_MAX: usize = 1 << 20;

/// One remembered payment stream, in the list of the open or of the ended ones.
#[derive(Debug, Clone, Copy)]
struct Slot {
    stream: u64,
    pair: Pair,
    older: u32,
    /// The next newer slot; the highest bit says that the payment stream has ended.
    newer: u32,
}

const _: () =
    assert!(size_of::<Slot>() == 32, "with its place in the index, a payment stream costs 40 to 48 bytes");
const ENDED: u32 = !(u32::MAX >> 1);

impl Slot {
    fn list(&self) -> usize {
        usize::from(self.newer & ENDED != 0)
    }
    fn newer(&self) -> u32 {
        self.newer & !ENDED
    }
    fn set_newer(&mut self, newer: u32) {
        self.newer = self.newer & ENDED | newer;
    }
}

/// The ends of a list of slots in order of age.
#[derive(Debug, Clone, Copy)]
struct Ends {
    oldest: u32,
    newest: u32,
}

/// The parties of the payment streams that are remembered.
#[derive(Debug)]
pub(crate) struct Parties {
    max: usize,
    places: Places,
    slots: Vec<Slot>,
    /// Open payment streams by when they became known, ended ones by when they ended.
    lists: [Ends; 2],
}

impl Parties {
    /// `max`: how many payment streams are remembered; at least 1, at most `limits::PAYMENT_STREAMS_MAX`.
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, limits::PAYMENT_STREAMS_MAX);
        Self {
            max,
            places: Places::new(max),
            slots: Vec::with_capacity(max.min(RESERVED_MAX)),
            lists: [Ends { oldest: NONE, newest: NONE }; 2],
        }
    }

    /// What is known of a payment stream.
    pub(crate) fn get(&self, stream: u64) -> Pair {
        self.find(stream).map_or(Pair::default(), |place| self.slots[place as usize].pair)
    }

    /// Learns from an event that is stored. `ends`: it completes or cancels the payment stream.
    pub(crate) fn observe(&mut self, stream: u64, pair: Pair, ends: bool) {
        if let Some(place) = self.find(stream) {
            let slot = &mut self.slots[place as usize];
            slot.pair = slot.pair.or(pair);
            if ends && slot.list() == 0 {
                self.unlink(place);
                self.link(place, true);
            }
        } else if !pair.is_unknown() {
            let slot = Slot { stream, pair, older: NONE, newer: NONE };
            let place = self.place(slot);
            self.places.insert(stream, place);
            self.link(place, ends);
        }
    }

    /// What is remembered: the ended payment streams, then the open ones, each in the order in which they would be
    /// forgotten. Observed in this order it makes the same table, and under a lower bound the one in which the
    /// first of them are forgotten.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Pair, bool)> {
        let [open, ended] = self.lists;
        let list = |ends: Ends| {
            let first = Some(ends.oldest).filter(|&place| place != NONE);
            std::iter::successors(first, |&place| {
                Some(self.slots[place as usize].newer()).filter(|&next| next != NONE)
            })
        };
        list(ended).chain(list(open)).map(|place| {
            let slot = &self.slots[place as usize];
            (slot.stream, slot.pair, slot.list() == 1)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn find(&self, stream: u64) -> Option<u32> {
        self.places.find(stream, |place| self.slots[place as usize].stream)
    }

    /// Puts a slot where there is room, forgetting another at the bound. It is in no list yet.
    fn place(&mut self, slot: Slot) -> u32 {
        if self.slots.len() < self.max {
            self.slots.push(slot);
            return (self.slots.len() - 1) as u32;
        }
        let [open, ended] = self.lists;
        let place = if ended.oldest == NONE { open.oldest } else { ended.oldest };
        self.unlink(place);
        let stream = self.slots[place as usize].stream;
        self.places.remove(stream, |place| self.slots[place as usize].stream);
        self.slots[place as usize] = slot;
        place
    }

    /// Appends a slot to its list as the newest.
    fn link(&mut self, place: u32, ended: bool) {
        let ends = &mut self.lists[usize::from(ended)];
        let older = std::mem::replace(&mut ends.newest, place);
        let slot = &mut self.slots[place as usize];
        slot.older = older;
        slot.newer = NONE | if ended { ENDED } else { 0 };
        match older {
            NONE => ends.oldest = place,
            older => self.slots[older as usize].set_newer(place),
        }
    }

    fn unlink(&mut self, place: u32) {
        let slot = self.slots[place as usize];
        let ends = &mut self.lists[slot.list()];
        match slot.older {
            NONE => ends.oldest = slot.newer(),
            older => self.slots[older as usize].set_newer(slot.newer()),
        }
        match slot.newer() {
            NONE => ends.newest = slot.older,
            newer => self.slots[newer as usize].older = slot.older,
        }
    }
}
