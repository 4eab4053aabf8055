//! The seam between the log and the file system: what the log asks of a disk, and nothing more.
//!
//! `RealDisk` answers from a directory; the tests put a simulated disk here that loses what was not synced.
//! Names are paths relative to the log's directory (`META`, `seg/…`). Nothing here knows the format or
//! retries anything.

use std::io;
use std::sync::Arc;

use crate::log::Region;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading through the page cache.
    Read,
    /// Reading past the page cache where the file system allows it: offsets, lengths and buffers must be
    /// aligned to 4096 bytes. After a failed write-back only this tells what the platter holds.
    ReadUncached,
    ReadWrite,
}

/// A directory of files.
pub trait Disk: Send + Sync {
    /// Takes the exclusive lock on `name` (created where missing) until the answer is dropped, and leaves
    /// `holder` in the file for those who find it taken. `WouldBlock`: another process has it.
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>>;
    /// Creates an empty file for reading and writing, in place of one that exists.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>>;
    /// The names in a directory, in no order; none where it does not exist. `""` is the log's own directory.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    /// Makes a directory; one that exists is no error.
    fn make_dir(&self, dir: &str) -> io::Result<()>;
    /// Renames within the log's directory, replacing what is there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a file a second name. `AlreadyExists`: the name is taken.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    fn unlink(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and unlinks in a directory durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Bytes that an unprivileged process may still use.
    fn free_bytes(&self) -> io::Result<u64>;
    /// Random bytes for ids and keys.
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// An open file. All methods take `&self`: one thread writes, another syncs.
pub trait DiskFile: Send + Sync {
    fn bytes(&self) -> io::Result<u64>;
    /// Writes all of `bytes`, or fails.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Reads until `bytes` is full or the file ends; the number read.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;
    /// `fdatasync`. After an error the fate of everything not synced before is unknown: never call it again.
    fn sync(&self) -> io::Result<()>;
    /// Makes the file `bytes` long with every block allocated and written with zeros, so that a later write
    /// neither runs out of space nor needs a metadata commit. Not synced.
    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()>;
    /// Gives the blocks of a range back; it reads as zeros afterwards.
    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()>;
    /// A read-only shared map of the whole file as long as it is now.
    fn map(&self) -> io::Result<Region>;
}

/// Holds a disk's lock until dropped.
pub trait Lock: Send + Sync {}
