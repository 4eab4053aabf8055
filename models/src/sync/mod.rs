//! In the place of the server's `sync`: the same names, over the checker's locks and atomics.
//!
//! The export list.

mod atomic;
mod fault;
mod lock;
mod once;
mod swap;

pub(crate) use std::sync::PoisonError;
pub(crate) use std::sync::atomic::Ordering;

pub(crate) use atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
pub(crate) use fault::{Fault, planted, with_planted};
pub(crate) use lock::{Condvar, Mutex, MutexGuard};
pub(crate) use once::OnceLock;
pub use swap::ArcSwap;
