//! What the tool asks of the system before a run: enough file descriptors, and a CPU of its own.

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Descriptors beside the subscribers: publisher connections, epoll, logs, the terminal.
const SPARE_FILES: u64 = 128;

/// Why the system does not allow a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SystemError {
    #[error(
        "{asked} connections need {needed} file descriptors, but the hard limit is {hard}; \
         ask for at most {most}, or raise the limit (ulimit -Hn, LimitNOFILE=)"
    )]
    Files { asked: u64, needed: u64, hard: u64, most: u64 },
    #[error("the soft limit of file descriptors cannot be raised")]
    RaiseFiles { source: rustix::io::Errno },
    #[error("CPU {cpu} cannot be pinned to; see which there are with nproc and taskset -p $$")]
    Pin { cpu: usize, source: rustix::io::Errno },
}

/// Raises the soft limit of descriptors to the hard one, for this process and its children, and refuses when
/// `connections` would not fit even so.
pub(crate) fn raise_file_limit(connections: u64) -> Result<(), SystemError> {
    let mut limit = getrlimit(Resource::Nofile);
    let needed = connections + SPARE_FILES;
    if let Some(hard) = limit.maximum.filter(|hard| *hard < needed) {
        let most = hard.saturating_sub(SPARE_FILES);
        return Err(SystemError::Files { asked: connections, needed, hard, most });
    }
    if limit.current == limit.maximum {
        return Ok(());
    }
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).map_err(|source| SystemError::RaiseFiles { source })
}

/// The CPUs that this process may run on, in their order.
pub(crate) fn allowed_cpus() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).collect()
}

/// Pins the calling thread, and the threads and processes it starts from now on, to one CPU.
pub(crate) fn pin_to_cpu(cpu: usize) -> Result<(), SystemError> {
    if cpu >= CpuSet::MAX_CPU {
        return Err(SystemError::Pin { cpu, source: rustix::io::Errno::INVAL });
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).map_err(|source| SystemError::Pin { cpu, source })
}

/// Runs `start` with the calling thread pinned, so that a process it starts is born on that CPU with all its
/// threads, and puts the thread's own CPUs back.
pub(crate) fn pinned<T>(cpu: Option<usize>, start: impl FnOnce() -> T) -> Result<T, SystemError> {
    let Some(cpu) = cpu else { return Ok(start()) };
    let pin = |source| SystemError::Pin { cpu, source };
    let own = sched_getaffinity(None).map_err(pin)?;
    pin_to_cpu(cpu)?;
    let started = start();
    sched_setaffinity(None, &own).map_err(pin)?;
    Ok(started)
}
