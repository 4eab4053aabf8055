//! Finds a place in a table of bounded size by hash: open addressing over one array of 32-bit places.
//!
//! It is made once for the most it will hold and never grows, so that no event pays for a rehash; the kernel
//! gives the array memory as it is used. The hashes themselves lie in the caller's table, who is asked for
//! them. They have to be uniform and secret, as the log's keyed hashes are: nobody outside can aim at one
//! slot.

/// An index of at most `max` places.
#[derive(Debug)]
pub(crate) struct Places {
    /// One more than the place; 0 is empty.
    slots: Vec<u32>,
}

impl Places {
    /// Room for `max` places at half load. `max` must be less than 2^31.
    pub(crate) fn new(max: usize) -> Self {
        Self { slots: vec![0; (2 * max).next_power_of_two()] }
    }

    /// The place of `hash`. `hash_at`: the hash that lies at a place.
    pub(crate) fn find(&self, hash: u64, hash_at: impl Fn(u32) -> u64) -> Option<u32> {
        self.slot(hash, hash_at).map(|slot| self.slots[slot] - 1)
    }

    /// Adds a hash that is not in the index.
    pub(crate) fn insert(&mut self, hash: u64, place: u32) {
        let mut slot = self.home(hash);
        while self.slots[slot] != 0 {
            slot = self.after(slot);
        }
        self.slots[slot] = place + 1;
    }

    /// Takes a hash out, while `hash_at` still knows the hashes of all places.
    pub(crate) fn remove(&mut self, hash: u64, hash_at: impl Fn(u32) -> u64) {
        let Some(mut hole) = self.slot(hash, &hash_at) else { return };
        // Whoever was pushed past the hole by it moves up, so that a search may end at the first empty slot.
        let mut slot = self.after(hole);
        while self.slots[slot] != 0 {
            let home = self.home(hash_at(self.slots[slot] - 1));
            if self.distance(home, slot) >= self.distance(hole, slot) {
                self.slots[hole] = self.slots[slot];
                hole = slot;
            }
            slot = self.after(slot);
        }
        self.slots[hole] = 0;
    }

    fn slot(&self, hash: u64, hash_at: impl Fn(u32) -> u64) -> Option<usize> {
        let mut slot = self.home(hash);
        while self.slots[slot] != 0 {
            if hash_at(self.slots[slot] - 1) == hash {
                return Some(slot);
            }
            slot = self.after(slot);
        }
        None
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// Steps from one slot on to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}
