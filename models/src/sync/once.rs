//! `OnceLock` as `std` documents it: whoever finds it set sees what was done before it was set; whoever is not
//! ordered after that may find it empty still.

use std::sync::atomic::Ordering;

use loom::sync::Mutex;
use loom::sync::atomic::AtomicBool;

#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    set: AtomicBool,
    /// Whoever makes the value lets the others wait.
    making: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), set: AtomicBool::new(false), making: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // A model that has failed is taken down without the checker.
        let set = std::thread::panicking() || self.set.load(Ordering::Acquire);
        if set { self.value.get() } else { None }
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let _alone = self.making.lock().unwrap();
        if self.value.get().is_none() {
            let made = self.set(make());
            assert!(made.is_ok(), "a value was set while another was made");
        }
        self.value.get().unwrap()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        // The checker runs one thread at a time and changes threads at its own operations alone.
        let set = self.value.set(value);
        if !std::thread::panicking() {
            self.set.swap(true, Ordering::AcqRel);
        }
        set
    }
}
