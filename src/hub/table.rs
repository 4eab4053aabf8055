//! A table of small things, addressed by number: it grows chunk by chunk, so that nothing is moved or allocated twice
//! over, and gives a chunk back as soon as nothing is left in it.
//!
//! Places are reused, the lowest first: whoever needs to tell a later tenant from an earlier one adds a generation.

use crate::hub::trim;

/// Places of a chunk: 64 of 48 bytes were measured to lie in blocks a sixth larger, one fewer does not.
const CHUNK: usize = 63;
const FULL: u64 = (1 << CHUNK) - 1;

#[derive(Debug)]
pub(crate) struct Table<T> {
    chunks: Vec<Option<Box<[Option<T>; CHUNK]>>>,
    /// The places of each chunk that are taken.
    taken: Vec<u64>,
    /// No chunk before this one has room.
    room_from: usize,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), taken: Vec::new(), room_from: 0, len: 0 }
    }
}

impl<T> Table<T> {
    /// Puts a thing into the lowest free place; the place.
    pub(crate) fn insert(&mut self, thing: T) -> u32 {
        let ahead = self.taken.get(self.room_from..).unwrap_or_default();
        let at = self.room_from + ahead.iter().position(|taken| *taken != FULL).unwrap_or(ahead.len());
        self.room_from = at;
        if at == self.chunks.len() {
            self.chunks.push(None);
            self.taken.push(0);
        }
        let bit = self.taken[at].trailing_ones() as usize;
        let chunk = self.chunks[at].get_or_insert_with(|| Box::new([const { None }; CHUNK]));
        chunk[bit] = Some(thing);
        self.taken[at] |= 1 << bit;
        self.len += 1;
        (at * CHUNK + bit) as u32
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let (at, bit) = split(place);
        let chunk = self.chunks.get_mut(at)?;
        let thing = chunk.as_mut()?[bit].take()?;
        self.len -= 1;
        self.taken[at] &= !(1 << bit);
        self.room_from = self.room_from.min(at);
        if self.taken[at] == 0 {
            *chunk = None;
            self.cut();
        }
        Some(thing)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        let (at, bit) = split(place);
        self.chunks.get(at)?.as_ref()?[bit].as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        let (at, bit) = split(place);
        self.chunks.get_mut(at)?.as_mut()?[bit].as_mut()
    }

    /// All places in use are below this.
    pub(crate) fn end(&self) -> u32 {
        (self.chunks.len() * CHUNK) as u32
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Chunks that are held.
    #[cfg(test)]
    pub(crate) fn chunks(&self) -> usize {
        self.chunks.iter().flatten().count()
    }

    /// Ends the table at its last chunk in use.
    fn cut(&mut self) {
        let used = self.taken.iter().rposition(|taken| *taken != 0).map_or(0, |last| last + 1);
        self.chunks.truncate(used);
        self.taken.truncate(used);
        trim::shrink(&mut self.chunks);
        trim::shrink(&mut self.taken);
        self.room_from = self.room_from.min(used);
    }
}

fn split(place: u32) -> (usize, usize) {
    (place as usize / CHUNK, place as usize % CHUNK)
}
