//! What a process has cost so far, from `/proc`: CPU time of all its threads and its memory. The kernel
//! counts CPU in ticks of 10 ms, so a figure per delivery needs seconds of work to be worth reading.

use std::fs;
use std::path::PathBuf;

use rustix::param::clock_ticks_per_second;

/// Why a process's figures could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("{path} cannot be read; has the process ended?")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} has not the form this tool knows")]
    Form { path: PathBuf },
}

/// Memory of a process in bytes, by `smaps_rollup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Memory {
    /// Resident, shared pages counted whole (the mapped log included).
    pub(crate) rss: u64,
    /// Resident, shared pages divided among those who share them.
    pub(crate) pss: u64,
    /// Anonymous pages: heap and stacks, which is what connections can grow.
    pub(crate) anonymous: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Result<Memory, UsageError> {
        let path = PathBuf::from(format!("/proc/{pid}/smaps_rollup"));
        let text =
            fs::read_to_string(&path).map_err(|source| UsageError::Read { path: path.clone(), source })?;
        Memory::parse(&text).ok_or(UsageError::Form { path })
    }

    pub(crate) fn parse(smaps_rollup: &str) -> Option<Memory> {
        let bytes = |name: &str| {
            let line = smaps_rollup.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kib * 1024)
        };
        Some(Memory { rss: bytes("Rss")?, pss: bytes("Pss")?, anonymous: bytes("Anonymous")? })
    }
}

/// Seconds of CPU (user and system) that all threads of the process have used, ended ones included.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, UsageError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let text = fs::read_to_string(&path).map_err(|source| UsageError::Read { path: path.clone(), source })?;
    let ticks = stat_ticks(&text).ok_or(UsageError::Form { path })?;
    Ok(ticks as f64 / clock_ticks_per_second() as f64)
}

/// Seconds of CPU of the kernel's soft-interrupt threads: loopback work that spilled out of the process that
/// caused it. Zero where `/proc` does not show them.
pub(crate) fn softirq_seconds() -> f64 {
    let Ok(entries) = fs::read_dir("/proc") else { return 0.0 };
    let ticks: u64 = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter(|stat| stat.contains("(ksoftirqd/"))
        .filter_map(|stat| stat_ticks(&stat))
        .sum();
    ticks as f64 / clock_ticks_per_second() as f64
}

/// `utime + stime` of a `/proc/<pid>/stat` line, the 14th and 15th field. The name in parentheses may hold
/// anything, so fields are counted from the last closing one.
pub(crate) fn stat_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}
