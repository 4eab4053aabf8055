//! Memory that the kernel holds for TCP, from `/proc/net/sockstat`: both ends of every loopback connection of
//! this machine, whoever has them. What a slow or a late subscriber costs shows here and not in the server.

use std::time::{Duration, Instant};

/// Readings closer together than this would cost what they measure.
const INTERVAL: Duration = Duration::from_millis(20);

/// TCP memory before, at its highest since, and now; bytes. All zero where `/proc` does not tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SocketMemory {
    pub(crate) before: u64,
    pub(crate) peak: u64,
    pub(crate) last: u64,
    read_at: Instant,
}

impl SocketMemory {
    pub(crate) fn begin() -> SocketMemory {
        let before = read();
        SocketMemory { before, peak: before, last: before, read_at: Instant::now() }
    }

    /// Reads again, unless it just did.
    pub(crate) fn sample(&mut self) {
        if self.read_at.elapsed() < INTERVAL {
            return;
        }
        self.last = read();
        self.peak = self.peak.max(self.last);
        self.read_at = Instant::now();
    }
}

fn read() -> u64 {
    let text = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    tcp_pages(&text).unwrap_or(0) * rustix::param::page_size() as u64
}

/// The pages in the line `TCP: inuse 9 orphan 0 tw 2 alloc 12 mem 7`.
pub(crate) fn tcp_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}
