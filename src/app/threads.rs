//! Threads by name, the CPUs of the process's affinity mask, and a short scheduler slice for the threads that compete
//! with workers for a CPU.

use std::thread::JoinHandle;

use rustix::thread::{CpuSet, sched_getaffinity};

use crate::app::StartError;

/// The slice of the writer and the sync thread in nanoseconds: with the default of milliseconds an event waits behind
/// a worker's whole slice before it is written.
const SLICE_NS: u64 = 100_000;

pub(in crate::app) fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|source| StartError::Io { what: "a thread could not be started", source })
}

/// The CPUs the process was given, in order; at least one.
pub(in crate::app) fn cpus() -> Vec<usize> {
    let mask = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let cpus: Vec<_> = (0..CpuSet::MAX_CPU).filter(|cpu| mask.is_set(*cpu)).collect();
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// Asks for a short slice for this thread, then runs `body`.
pub(in crate::app) fn with_short_slice<T>(body: impl FnOnce() -> T) -> T {
    if let Err(error) = short_slice() {
        tracing::info!(%error, "the kernel gives no short scheduler slice; acks may be slower on one CPU");
    }
    body()
}

/// `struct sched_attr` of sched_setattr(2), first version.
#[repr(C)]
struct SchedAttr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

#[expect(unsafe_code, reason = "sched_setattr has no wrapper")]
fn short_slice() -> std::io::Result<()> {
    let attributes = SchedAttr {
        size: size_of::<SchedAttr>() as u32,
        policy: libc::SCHED_OTHER as u32,
        flags: 0,
        nice: rustix::process::getpriority_process(None).unwrap_or(0),
        priority: 0,
        runtime: SLICE_NS,
        deadline: 0,
        period: 0,
    };
    // SAFETY: the kernel reads `size` bytes of the structure, which outlives the call.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    if answer == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
