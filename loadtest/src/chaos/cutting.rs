//! The two system calls of a power cut that have no safe form: a mount namespace of our own, and the call by which a
//! file system drops dead.

#![expect(unsafe_code, reason = "ioctl and unshare")]

use std::fs::File;
use std::io;

use rustix::ioctl::{Opcode, Setter, opcode};
use rustix::thread::UnshareFlags;

/// `EXT4_IOC_SHUTDOWN`, which is `XFS_IOC_GOINGDOWN`: `_IOR('X', 125, __u32)`.
const SHUTDOWN: Opcode = opcode::read::<u32>(b'X', 125);
/// `EXT4_GOING_FLAGS_NOLOGFLUSH`, `XFS_FSOP_GOING_FLAGS_NOLOGFLUSH`: nothing more reaches the device, not even what
/// stands in the log in memory.
const NO_LOG_FLUSH: u32 = 2;

/// From now on nothing of the file system in which `place` lies is written: as if the power had gone.
pub(super) fn cut(place: &File) -> io::Result<()> {
    // SAFETY: the opcode takes a pointer to a `u32` and reads it, which is what `Setter` of a `u32` passes.
    let shutdown = unsafe { Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH) };
    // SAFETY: the request is the one described above; any file or directory of the file system will do.
    Ok(unsafe { rustix::ioctl::ioctl(place, shutdown) }?)
}

/// Gives this thread, and those and the processes it begins from now on, a table of mounts of their own.
pub(super) fn leave_mount_namespace() -> io::Result<()> {
    // SAFETY: only sharing descriptors no longer (`FILES`) could hurt, and that is not asked for.
    Ok(unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }?)
}
