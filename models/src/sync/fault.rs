//! Faults of memory ordering, planted into the server's files while they run: each model shows that it would see them.
//!
//! Faults in the order of statements are not planted here: the models have wrong callers for some, and the rest is
//! tried by hand.

use std::cell::Cell;
use std::sync::atomic::Ordering;

/// What is made wrong. A file is named by the end of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every atomic of the file is `Relaxed`.
    Relaxed(&'static str),
    /// The file's stores do not happen.
    Forgotten(&'static str),
    /// `ArcSwap::rcu` and `fetch_or` are a load and a store: what another thread published in between is lost.
    LostUpdate,
    /// Removing a file takes its bytes from those who have it mapped.
    Truncated,
}

thread_local! {
    // The checker runs all threads of a model on the thread that called it.
    static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// The fault that stands at the moment.
pub(crate) fn planted() -> Option<Fault> {
    PLANTED.get()
}

/// Runs `body` with a fault in place; `None`: as the files are.
pub(crate) fn with_planted<R>(fault: Option<Fault>, body: impl FnOnce() -> R) -> R {
    PLANTED.set(fault);
    let result = body();
    PLANTED.set(None);
    result
}

/// The ordering that counts for an operation that `file` asks for.
pub(crate) fn ordering(asked: Ordering, file: &str) -> Ordering {
    match PLANTED.get() {
        Some(Fault::Relaxed(faulty)) if file.ends_with(faulty) => Ordering::Relaxed,
        _ => asked,
    }
}

/// Whether a store that `file` asks for is left out.
pub(crate) fn is_forgotten(file: &str) -> bool {
    matches!(PLANTED.get(), Some(Fault::Forgotten(faulty)) if file.ends_with(faulty))
}
