//! A list of slot places in chunks: as `Vec`, but it grows without leaving its smaller self behind and shrinks with its
//! use. It keeps no order when something is taken out.

/// Places of a chunk: just under half a page of memory.
const CHUNK: usize = 510;

#[derive(Debug, Default)]
pub(crate) struct Places {
    #[expect(
        clippy::vec_box,
        reason = "a vector of arrays would double and move what the chunks keep in place"
    )]
    chunks: Vec<Box<[u32; CHUNK]>>,
    len: usize,
}

impl Places {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, at: usize) -> Option<&u32> {
        if at < self.len { self.chunks.get(at / CHUNK)?.get(at % CHUNK) } else { None }
    }

    pub(crate) fn push(&mut self, place: u32) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push(Box::new([0; CHUNK]));
        }
        self.len += 1;
        self.put(self.len - 1, place);
    }

    /// Takes one out; the last moves to where it stood. Does nothing where nobody stands.
    pub(crate) fn swap_remove(&mut self, at: usize) {
        if at >= self.len {
            return;
        }
        if let Some(last) = self.get(self.len - 1).copied() {
            self.put(at, last);
        }
        self.len -= 1;
        self.chunks.truncate(self.len.div_ceil(CHUNK));
        if self.len == 0 {
            self.chunks = Vec::new();
        }
    }

    fn put(&mut self, at: usize, place: u32) {
        if let Some(old) = self.chunks.get_mut(at / CHUNK).and_then(|chunk| chunk.get_mut(at % CHUNK)) {
            *old = place;
        }
    }
}
