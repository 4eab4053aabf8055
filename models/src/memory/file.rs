//! The bytes of one file, and the accesses to them.

use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

pub(crate) struct Memory {
    bytes: Box<[UnsafeCell<u8>]>,
    accesses: Mutex<Vec<Access>>,
    /// Counts syncs, and orders nothing. It makes the checker try a look at what is synced on both sides of a sync.
    syncs: loom::sync::atomic::AtomicUsize,
}

/// An access to a range by a thread. The cell has no content: the checker notes by it who was here, and knows whether
/// another's access is ordered after that. (Making a cell counts as a write to it, so each thread's reads have theirs.)
struct Access {
    range: Range<usize>,
    thread: loom::thread::ThreadId,
    is_write: bool,
    is_synced: bool,
    cell: loom::cell::UnsafeCell<()>,
}

#[expect(
    unsafe_code,
    reason = "all threads of a model share one thread of the system and change at its calls alone"
)]
// SAFETY: nothing accesses the bytes from two threads of the system; order among the model's threads is checked by
// `accesses` before each access.
unsafe impl Sync for Memory {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Send for Memory {}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("bytes", &self.bytes.len()).finish()
    }
}

impl Memory {
    pub(crate) fn zeros(bytes: usize) -> Self {
        let bytes = std::iter::repeat_with(|| UnsafeCell::new(0)).take(bytes).collect();
        Self { bytes, accesses: Mutex::default(), syncs: Default::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of a range, or none where it is not inside.
    #[expect(unsafe_code, reason = "the bytes of the stand-in are read as a slice, like those of a map")]
    pub(crate) fn read(&self, offset: usize, bytes: usize) -> &[u8] {
        let Some(part) = self.bytes.get(offset..offset.saturating_add(bytes)) else { return &[] };
        self.note(offset..offset + bytes, false);
        // SAFETY: the cells of `part` lie side by side and live as long as `self`; `note` has found nobody who writes
        // to them.
        unsafe { std::slice::from_raw_parts(part.as_ptr().cast(), part.len()) }
    }

    /// # Panics
    /// When the range is not inside.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        self.note(offset..offset + bytes.len(), true);
        for (cell, byte) in self.bytes[offset..offset + bytes.len()].iter().zip(bytes) {
            #[expect(unsafe_code, reason = "the bytes of the stand-in are written like those of a file")]
            // SAFETY: `note` has found nobody who reads or writes the cell.
            unsafe {
                *cell.get() = *byte;
            }
        }
    }

    /// Everything written so far is synced.
    pub(crate) fn sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        for access in self.accesses.lock().unwrap().iter_mut() {
            access.is_synced = true;
        }
    }

    /// Whether `bytes` are of this file, and if so, whether all writes to them were synced.
    pub(crate) fn is_synced(&self, bytes: &[u8]) -> Option<bool> {
        let at = (bytes.as_ptr() as usize).checked_sub(self.bytes.as_ptr() as usize)?;
        let range = at..at + bytes.len();
        if range.end > self.bytes.len() {
            return None;
        }
        self.syncs.fetch_add(0, Ordering::Relaxed);
        let synced = |access: &Access| !access.is_write || access.is_synced || !access.touches(&range);
        Some(self.accesses.lock().unwrap().iter().all(synced))
    }

    /// Lets the checker compare an access with those before it: a read with writes, a write with all.
    fn note(&self, range: Range<usize>, is_write: bool) {
        let thread = loom::thread::current().id();
        let mut accesses = self.accesses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut known = false;
        for access in accesses.iter().filter(|access| access.touches(&range)) {
            if is_write {
                access.cell.with_mut(|_| ());
            } else if access.is_write {
                access.cell.with(|_| ());
            } else if access.thread == thread && access.range == range {
                access.cell.with(|_| ());
                known = true;
            }
        }
        if !known {
            let cell = loom::cell::UnsafeCell::new(());
            // A moment of its own: later than what the thread stored before, which the making alone is not.
            cell.with_mut(|_| ());
            accesses.push(Access { range, thread, is_write, is_synced: false, cell });
        }
    }
}

impl Access {
    fn touches(&self, range: &Range<usize>) -> bool {
        self.range.start < range.end && range.start < self.range.end
    }
}
