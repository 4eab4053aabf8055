//! A set of numbers that arrive almost in order, in almost no memory: everything below a mark but for a few
//! holes. One of these for each subscriber is what makes the accounting exact instead of a comparison of
//! totals.

/// Most holes that are remembered. Beyond it the oldest is forgotten and stays missing, should its numbers
/// yet come they count as repeats; either way the run has failed by then.
const HOLES_MAX: usize = 256;

/// Numbers that have arrived.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct SeqSet {
    /// Every number below has arrived, or lies in a hole.
    next: u64,
    /// Half-open ranges that were jumped over, in ascending order.
    holes: Vec<(u64, u64)>,
    len: u64,
}

impl SeqSet {
    /// Adds a number; false if it was there.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if number >= self.next {
            if number > self.next {
                if self.holes.len() == HOLES_MAX {
                    self.holes.remove(0);
                }
                self.holes.push((self.next, number));
            }
            self.next = number + 1;
            self.len += 1;
            return true;
        }
        let Some(at) = self.holes.iter().position(|(from, to)| (*from..*to).contains(&number)) else {
            return false;
        };
        let (from, to) = self.holes.remove(at);
        if number + 1 < to {
            self.holes.insert(at, (number + 1, to));
        }
        if from < number {
            self.holes.insert(at, (from, number));
        }
        self.len += 1;
        true
    }

    /// How many numbers have arrived, each counted once.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}
