//! Lines of connections that keep the server waiting, oldest first. To come to the end of a line, to leave it from
//! anywhere and to be its first cost the same however many stand in it. Who gives way, and when, is not decided here.

/// What a connection is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// A request: none has begun, or one has and is not whole.
    Asking,
    /// That it takes its answer, which its socket has no room for.
    Taking,
}

/// A place in a ring. A connection that stands in no line is a ring of its own.
#[derive(Debug, Clone, Copy)]
struct Place {
    before: u32,
    after: u32,
}

/// The lines of one worker. A connection stands in one of them at most, and is known by its key in the worker's table.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The lines' own places, where their rings begin and end, then those of connections by key.
    places: Vec<Place>,
}

const LINES: usize = 2;

impl Default for Lines {
    fn default() -> Self {
        Self { places: (0..LINES).map(alone).collect() }
    }
}

impl Lines {
    /// Goes to the end of a line, out of the one it stands in.
    pub(crate) fn join(&mut self, key: usize, line: Line) {
        self.leave(key);
        let (at, own) = (key + LINES, line as usize);
        while self.places.len() <= at {
            self.places.push(alone(self.places.len()));
        }
        let last = self.places[own].before as usize;
        self.places[at] = Place { before: last as u32, after: own as u32 };
        self.places[last].after = at as u32;
        self.places[own].before = at as u32;
    }

    pub(crate) fn leave(&mut self, key: usize) {
        let at = key + LINES;
        let Some(Place { before, after }) = self.places.get(at).copied() else { return };
        self.places[before as usize].after = after;
        self.places[after as usize].before = before;
        self.places[at] = alone(at);
    }

    /// Who has stood longest.
    pub(crate) fn first(&self, line: Line) -> Option<usize> {
        (self.places[line as usize].after as usize).checked_sub(LINES)
    }

    /// Gives back the places of keys from `keys` on, in which nobody stands.
    pub(crate) fn trim(&mut self, keys: usize) {
        self.places.truncate(keys + LINES);
        self.places.shrink_to_fit();
    }
}

fn alone(at: usize) -> Place {
    Place { before: at as u32, after: at as u32 }
}
