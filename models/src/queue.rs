//! In the place of `crossbeam::queue`: a queue under a lock.
//!
//! The lock orders more than the real queue does (a look at an empty one orders nothing there), so that a ring that is
//! too weak is shown by the doorbell's own model and not by this.

use std::collections::VecDeque;

use crate::sync::Mutex;

#[derive(Debug)]
pub struct SegQueue<T>(Mutex<VecDeque<T>>);

impl<T> Default for SegQueue<T> {
    fn default() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }
}

impl<T> SegQueue<T> {
    pub fn push(&self, value: T) {
        self.0.lock().unwrap().push_back(value);
    }

    pub fn pop(&self) -> Option<T> {
        self.0.lock().unwrap().pop_front()
    }
}
