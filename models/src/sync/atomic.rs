//! The checker's atomics, with the planted fault between them and the file that uses them.
//!
//! Only what the server's files call.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::sync::fault::{Fault, is_forgotten, ordering, planted};

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug, Default)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl $name {
            pub(crate) fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.load(ordering(order, Location::caller().file()))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                let file = Location::caller().file();
                if !is_forgotten(file) {
                    self.0.store(value, ordering(order, file));
                }
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, ordering(order, Location::caller().file()))
            }
        }
    };
}

macro_rules! counter {
    ($name:ident, $value:ty) => {
        atomic!($name, $value);

        impl $name {
            #[track_caller]
            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                let before = self.0.fetch_add(value, ordering(order, Location::caller().file()));
                assert!(before.checked_add(value).is_some(), "{before} + {value} overflows");
                before
            }

            #[track_caller]
            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                let before = self.0.fetch_sub(value, ordering(order, Location::caller().file()));
                assert!(before >= value, "{before} - {value} is below zero");
                before
            }

            #[track_caller]
            pub(crate) fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                if planted() == Some(Fault::LostUpdate) {
                    let before = self.load(order);
                    self.store(before | bits, order);
                    return before;
                }
                self.0.fetch_or(bits, ordering(order, Location::caller().file()))
            }
        }
    };
}

atomic!(AtomicBool, bool);
counter!(AtomicU32, u32);
counter!(AtomicU64, u64);
counter!(AtomicUsize, usize);
