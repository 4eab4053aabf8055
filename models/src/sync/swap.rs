//! In the place of `arc_swap::ArcSwap`, with the orderings that it documents: `Acquire` on loads, `AcqRel` on what
//! replaces the pointer. A load that nothing orders after a replacement may still give the old value, as there.
//!
//! Every value that was ever published is kept: this stand-in does not look at when the last reader lets go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::sync::atomic::AtomicUsize;

use crate::sync::{Fault, planted};

pub struct ArcSwap<T> {
    published: std::sync::Mutex<Vec<Arc<T>>>,
    /// The place of the one that stands, which says the same as a pointer to it.
    latest: AtomicUsize,
}

impl<T: Default> Default for ArcSwap<T> {
    fn default() -> Self {
        Self::from_pointee(T::default())
    }
}

impl<T> ArcSwap<T> {
    pub fn from_pointee(value: T) -> Self {
        Self { published: std::sync::Mutex::new(vec![Arc::new(value)]), latest: AtomicUsize::new(0) }
    }

    pub fn load(&self) -> Arc<T> {
        self.load_full()
    }

    pub fn load_full(&self) -> Arc<T> {
        self.at(self.latest.load(Ordering::Acquire))
    }

    pub fn store(&self, value: Arc<T>) {
        let place = self.keep(value);
        self.latest.swap(place, Ordering::AcqRel);
    }

    /// Replaces the value by one made of it, and makes it anew when another thread was faster.
    pub fn rcu<R: Into<Arc<T>>>(&self, mut change: impl FnMut(&Arc<T>) -> R) -> Arc<T> {
        let mut seen = self.latest.load(Ordering::Acquire);
        loop {
            let before = self.at(seen);
            let place = self.keep(change(&before).into());
            if planted() == Some(Fault::LostUpdate) {
                self.latest.store(place, Ordering::Release);
                return before;
            }
            match self.latest.compare_exchange(seen, place, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return before,
                Err(faster) => seen = faster,
            }
        }
    }

    fn at(&self, place: usize) -> Arc<T> {
        Arc::clone(&self.published.lock().unwrap()[place])
    }

    fn keep(&self, value: Arc<T>) -> usize {
        let mut published = self.published.lock().unwrap();
        published.push(value);
        published.len() - 1
    }
}
