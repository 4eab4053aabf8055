//! In the place of the kernel's eventfd: a counter under a lock, as in the kernel, that one thread can wait for.

use crate::sync::{Condvar, Mutex};

#[derive(Debug)]
pub(crate) struct Eventfd {
    counter: Mutex<Counter>,
    raised: Condvar,
}

#[derive(Debug, Default)]
struct Counter {
    count: u64,
    /// All raises so far.
    raises: u64,
}

impl Eventfd {
    pub(in crate::doorbell) fn open() -> std::io::Result<Self> {
        Ok(Self { counter: Mutex::default(), raised: Condvar::new() })
    }

    pub(in crate::doorbell) fn raise(&self) {
        let mut counter = self.counter.lock().unwrap();
        counter.count += 1;
        counter.raises += 1;
        self.raised.notify_all();
    }

    pub(in crate::doorbell) fn lower(&self) {
        self.counter.lock().unwrap().count = 0;
    }

    /// What the worker's ring does: waits until it is readable.
    pub(crate) fn wait(&self) {
        let mut counter = self.counter.lock().unwrap();
        while counter.count == 0 {
            counter = self.raised.wait(counter).unwrap();
        }
    }

    pub(crate) fn raises(&self) -> u64 {
        self.counter.lock().unwrap().raises
    }
}
