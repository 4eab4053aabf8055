//! What an operator may choose about the log. None of it changes the bytes on disk but the segment size,
//! which is stored in each segment's header.

/// When an event counts as stored, and when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Acked and shown once flushed to disk.
    Commit,
    /// Acked when written, shown when flushed, at most `ms` milliseconds later.
    Interval { ms: u64 },
    /// Acked and shown when written; flushed when the kernel likes.
    None,
}

#[derive(Debug, Clone)]
pub struct LogOptions {
    pub segment_bytes: u64,
    pub durability: Durability,
    /// Begin a new epoch even after a clean stop (`--new-epoch`, after restoring a backup).
    pub new_epoch: bool,
    /// Record an explicit hole in place of a corrupt stretch instead of refusing to start (`--accept-gap`).
    pub accept_gap: bool,
}
