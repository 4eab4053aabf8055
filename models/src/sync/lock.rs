//! The checker's lock and condition variable, with the calls of `std`'s that the server makes.
//!
//! They know no time: a wait with a deadline ends by a notification alone, or is found to be a deadlock. While a model
//! that has failed is taken down the checker is gone, and destructors go past it.

use std::ops::{Deref, DerefMut};
use std::sync::LockResult;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    gate: loom::sync::Mutex<()>,
    value: std::sync::Mutex<T>,
}

pub(crate) struct MutexGuard<'a, T> {
    // Let go of before the gate.
    value: Option<std::sync::MutexGuard<'a, T>>,
    gate: Option<loom::sync::MutexGuard<'a, ()>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { gate: loom::sync::Mutex::new(()), value: std::sync::Mutex::new(value) }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let gate = (!std::thread::panicking()).then(|| self.gate.lock().unwrap());
        Ok(MutexGuard { value: Some(self.value()), gate, mutex: self })
    }

    fn value(&self) -> std::sync::MutexGuard<'_, T> {
        // Whoever is through the gate is alone here.
        let free = self.value.try_lock();
        free.unwrap_or_else(|error| match error {
            std::sync::TryLockError::Poisoned(poisoned) => poisoned.into_inner(),
            std::sync::TryLockError::WouldBlock => {
                panic!("a lock is held by a thread of a model that has failed")
            }
        })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().unwrap()
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().unwrap()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

/// Whether a wait ended by its deadline; here none does.
#[derive(Debug)]
pub(crate) struct WaitTimeoutResult;

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        false
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[track_caller]
    pub(crate) fn notify_all(&self) {
        if !std::thread::panicking() {
            self.0.notify_all();
        }
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        guard.value = None;
        guard.gate = guard.gate.take().map(|gate| self.0.wait(gate).unwrap());
        guard.value = Some(guard.mutex.value());
        Ok(guard)
    }

    #[track_caller]
    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _deadline: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        while condition(&mut guard) {
            guard = self.wait(guard).unwrap();
        }
        Ok((guard, WaitTimeoutResult))
    }
}
