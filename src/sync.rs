//! The locks and atomics of what threads share in `log`, `doorbell` and `ingest`: `std`'s, and nothing of its own.
//!
//! They come through here so that the models (`models/`) can compile the same files over checked ones, which try
//! every order in which threads may run and every value a load may still see.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
