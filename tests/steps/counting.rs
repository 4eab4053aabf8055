//! An allocator that counts what it is asked for, for each thread that wants it counted. It allocates as the system
//! does, and nothing is subtracted: freeing is not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// What threads have asked for: allocations, and those grown in place or moved.
#[derive(Debug, Default)]
pub struct Count {
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// A reading of a count, or the difference of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocated {
    pub calls: u64,
    pub bytes: u64,
}

impl Count {
    /// A count that lives as long as any thread does.
    pub fn forever() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Counts what this thread allocates from now on, and nothing for whom it was counted before.
    pub fn watch(&'static self) {
        WATCHED.set(Some(self));
    }

    pub fn now(&self) -> Allocated {
        Allocated { calls: self.calls.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    pub fn since(&self, before: Allocated) -> Allocated {
        let now = self.now();
        Allocated { calls: now.calls - before.calls, bytes: now.bytes - before.bytes }
    }
}

thread_local! {
    static WATCHED: Cell<Option<&'static Count>> = const { Cell::new(None) };
}

fn count(bytes: usize) {
    if let Ok(Some(count)) = WATCHED.try_with(Cell::get) {
        count.calls.fetch_add(1, Ordering::Relaxed);
        count.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

pub struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call is the system allocator's, with what it was called with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(place, layout, bytes) }
    }
}
