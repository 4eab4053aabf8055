//! Why a log cannot be opened, and what an operator can do about each.

use std::io;

use crate::event::EventId;
use crate::log::header::Damage;

/// Why a log cannot be opened; `Display` says the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{action} {file} failed: {source}; look at the disk and at the directory's owner and mode")]
    Io { action: &'static str, file: String, source: io::Error },
    #[error("the log is open in another process ({holder}): stop that one, or choose another data directory")]
    Locked { holder: String },
    #[error("a segment of {bytes} bytes is impossible: choose a multiple of 4096 from 4 MiB to 512 MiB")]
    SegmentBytes { bytes: u64 },
    #[error(
        "META is missing, but the directory is not empty ({found}): restore META from a backup, or choose an \
         empty directory"
    )]
    MetaMissing { found: String },
    #[error("META cannot be used: {damage}; restore it from a backup of this log")]
    MetaDamaged { damage: Damage },
    #[error(
        "{file} is of format version {found}, and this program knows version 1: start the program that wrote \
         it"
    )]
    Version { file: String, found: u16 },
    #[error("{file} belongs to another log: move it out of the directory")]
    Foreign { file: String },
    #[error(
        "{file} is damaged at event {id}: {fault}; restore it from a backup, or start once with --accept-gap \
         to keep what is whole and to announce the rest as a gap"
    )]
    Corrupt { file: String, id: EventId, fault: String },
    #[error(
        "the events from {expected} on are missing, the next that are there begin with {found}; restore the \
         missing segment files, or start once with --accept-gap to announce a gap"
    )]
    Missing { expected: EventId, found: EventId },
    #[error(
        "the events from {expected} on are missing at the end of the log; restore the missing segment files, \
         or start once with --accept-gap to announce a gap"
    )]
    EndMissing { expected: EventId },
    #[error(
        "{file} begins with an event that the segment before it holds as well: move the one of the two out of \
         the directory that is not of this log's history"
    )]
    Overlap { file: String },
    #[error("the log has used up its epochs: start a new log in an empty directory")]
    EpochsExhausted,
    #[error(
        "the log has more holes than META can hold: let retention remove the oldest segments, or start a new \
         log"
    )]
    TooManyHoles,
}

/// To be used as `.map_err(io_error("reading", name))`.
pub(in crate::log) fn io_error(action: &'static str, file: &str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { action, file: file.to_owned(), source }
}
