//! Figures that one thread counts and others read: plain atomics, one cache-line-aligned set for each worker.
//!
//! Nothing here decides anything; gauges that can be read from live state are not counted here.

use std::sync::atomic::{AtomicU64, Ordering};

/// A figure that only its owner thread changes.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Of the owner alone: not one operation.
    pub fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one worker does.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct WorkerFigures {
    /// Open connections of any kind.
    pub connections: Counter,
    /// Open subscriptions by what they name; one that names users as well counts as a user's.
    pub subscribers_all: Counter,
    pub subscribers_streams: Counter,
    pub subscribers_users: Counter,
    /// Subscribers that have events to get which their socket did not take yet.
    pub behind: Counter,
    /// Events handed to the kernel, counted once for each subscriber.
    pub deliveries: Counter,
    /// Connections accepted, and those of them closed at once since their address had more than enough.
    pub accepts: Counter,
    pub closed_on_accept: Counter,
    /// What was refused for now, by the reason: no place in the server, for the address, for the user; a rate; too many
    /// failed authentications before it.
    pub refused_capacity: Counter,
    pub refused_address: Counter,
    pub refused_user: Counter,
    pub refused_rate: Counter,
    pub refused_auth: Counter,
    /// Credentials that were not good.
    pub auth_failures: Counter,
}

/// What the pager does.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct PagerFigures {
    pub asks: Counter,
    /// Ids through which searches went, whether by postings or entry by entry.
    pub looked_at: Counter,
    /// Bytes of the frames that searches found …
    pub found_bytes: Counter,
    /// … and of frames that were brought into memory for searches and runs, in whole pages.
    pub brought_bytes: Counter,
}
