//! What each event of the run turned out to be: its id and a digest of its bytes. The first delivery enters
//! it; every other subscriber's, every replay and the publisher's acknowledgement must agree with it.

/// Most events of one run, so that the ledger stays at 64 MiB.
pub(crate) const EVENTS_MAX: u64 = 1 << 22;

/// One entry for each `seq` of a run; id 0 where none has come yet.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<(u64, u64)>,
    /// Events that were given a place by the order of their first delivery.
    placed: u64,
}

/// How a delivery compares with the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    Same,
    OtherId,
    OtherBytes,
}

impl Ledger {
    /// The place of an event among all of the run by the order of their first deliveries, from 1. Whoever is
    /// served in order and without holes has seen every earlier event before, so for a server that does so
    /// this is the order of its stream, and places are as good as dense ids.
    pub(crate) fn place(&mut self, seq: u64) -> u64 {
        let known = usize::try_from(seq).ok().and_then(|at| self.entries.get(at));
        match known {
            Some((id, _)) if *id != 0 => *id,
            _ => {
                self.placed += 1;
                self.placed
            }
        }
    }

    /// Compares one delivery with the first of the same event, or enters it.
    pub(crate) fn check(&mut self, seq: u64, id: u64, data: &[u8]) -> Agreement {
        self.check_digest(seq, id, digest(data))
    }

    /// `seq`, id and digest of every event that has come.
    pub(crate) fn events(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let entries = (0..).zip(&self.entries).filter(|(_, (id, _))| *id != 0);
        entries.map(|(seq, (id, digest))| (seq, *id, *digest))
    }

    /// Compares with what another process was sent. Returns how many events differ.
    pub(crate) fn add(&mut self, events: &[(u64, u64, u64)]) -> u64 {
        let mut differing = 0;
        for (seq, id, digest) in events {
            differing += u64::from(self.check_digest(*seq, *id, *digest) != Agreement::Same);
        }
        differing
    }

    fn check_digest(&mut self, seq: u64, id: u64, digest: u64) -> Agreement {
        let Some(at) = usize::try_from(seq).ok().filter(|_| seq < EVENTS_MAX) else {
            return Agreement::OtherId;
        };
        if at >= self.entries.len() {
            self.entries.resize((at + 1).next_power_of_two(), (0, 0));
        }
        match self.entries.get_mut(at) {
            Some(entry) if entry.0 == 0 => {
                *entry = (id, digest);
                Agreement::Same
            }
            Some(entry) if entry.0 != id => Agreement::OtherId,
            Some(entry) if entry.1 != digest => Agreement::OtherBytes,
            _ => Agreement::Same,
        }
    }

    /// Acknowledgements that name another id than the deliveries of the same event did.
    pub(crate) fn contradicted(&self, acks: &[(u64, u64)]) -> u64 {
        let contradicts = |(seq, id): &&(u64, u64)| {
            let entry = usize::try_from(*seq).ok().and_then(|at| self.entries.get(at));
            entry.is_some_and(|(known, _)| *known != 0 && known != id)
        };
        acks.iter().filter(contradicts).count() as u64
    }
}

/// A digest against accidents, eight bytes a step: fast enough to take for every delivery.
fn digest(data: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    let mut words = data.chunks_exact(8);
    let mut hash = data.len() as u64;
    for word in words.by_ref() {
        hash = mix(hash, word.try_into().map_or(0, u64::from_le_bytes));
    }
    words.remainder().iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}
