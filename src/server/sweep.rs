//! What comes with time: deadlines, heartbeats, peers that left or vanished, connections that end, gauges.

use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::net::{RecvFlags, Shutdown};

use crate::server::tcp_info::tcp_info;
use crate::server::worker::Worker;

const TICK: Duration = Duration::from_millis(100);
/// Ticks between two looks at memory that is held for nothing.
const TRIM_TICKS: u32 = 10;
/// Time in which every subscriber is asked once whether its peer has left.
const LEFT_SWEEP_MS: u32 = 3000;
/// A full socket that takes no byte for this long is given up.
const BLOCKED_MS_MAX: u32 = 10 * 60 * 1000;
/// Subscribers looked at between two breaths of the worker.
const SWEEP_CHUNK: u32 = 256;
/// Connections that are ended between two breaths of the worker, for each of which a task then has its turn.
const ENDED_CHUNK: usize = 64;
/// How much an ended connection may still send, and how long it is listened to, so that its last bytes are read by
/// the peer before the kernel resets it (RFC 9112, section 9.6).
const LINGER_BYTES_MAX: usize = 64 * 1024;
const LINGER_MS_MAX: u32 = 1000;
/// Ended connections of one worker that are listened to; beyond, they are closed at once.
const LINGERING_MAX: usize = 1024;

/// A connection whose last bytes are out.
pub(crate) struct Lingering {
    socket: OwnedFd,
    since_ms: u32,
    read: usize,
    /// Its reading side was ended by us, so that an end says nothing of the peer.
    deaf: bool,
}

impl Worker {
    /// Shuts down writing and keeps the connection until its peer has closed, within bounds.
    pub(crate) fn linger(&self, socket: OwnedFd, deaf: bool) {
        let ended = rustix::net::shutdown(&socket, Shutdown::Write);
        let mut lingering = self.lingering.borrow_mut();
        if ended.is_ok() && lingering.len() < LINGERING_MAX {
            lingering.push(Lingering { socket, since_ms: self.now_ms(), read: 0, deaf });
        }
    }

    fn sweep_lingering(&self) {
        let now_ms = self.now_ms();
        let mut scratch = self.scratch.borrow_mut();
        self.lingering.borrow_mut().retain_mut(|one| {
            loop {
                match rustix::net::recv(&one.socket, &mut scratch[..], RecvFlags::DONTWAIT) {
                    Ok((0, _)) if one.deaf => break,
                    Ok((0, _)) => return false,
                    Ok((bytes, _)) => one.read += bytes,
                    Err(rustix::io::Errno::AGAIN) => break,
                    Err(_) => return false,
                }
                if one.read > LINGER_BYTES_MAX {
                    return false;
                }
            }
            now_ms.wrapping_sub(one.since_ms) < LINGER_MS_MAX
        });
    }

    /// Ends at most `most` of the connections from `from` on whose time is over. Gives where to go on.
    pub(crate) fn sweep_deadlines(&self, from: usize, most: usize) -> Option<usize> {
        let (now_ms, draining) = (self.now_ms(), self.shared.is_draining());
        let connections = self.connections.borrow();
        let mut ended = 0;
        for key in from..connections.capacity() {
            ended += usize::from(connections.get(key).is_some_and(|one| one.expire(now_ms, draining)));
            if ended == most {
                return Some(key + 1);
            }
        }
        None
    }

    /// Says once when publishing stops for want of room, and once when it goes on.
    fn watch_disk(&self) {
        let failure = self.shared.reader.prepare_failure();
        match (&failure, self.disk_full.replace(failure.is_some())) {
            (Some(reason), false) => {
                tracing::warn!(%reason, "no room for the log to grow: publishing answers 503")
            }
            (None, true) => tracing::info!("there is room again: publishing goes on"),
            _ => {}
        }
    }

    fn gauge(&self) {
        let hub = self.hub.borrow();
        let (counts, figures) = (hub.counts(), self.figures());
        let connections = self.connections.borrow().len() + hub.len();
        self.count_crowd(connections);
        figures.connections.set(connections as u64);
        figures.subscribers_all.set(counts.all);
        figures.subscribers_streams.set(counts.streams);
        figures.subscribers_users.set(counts.users);
        figures.behind.set(counts.behind);
        figures.deliveries.set(counts.deliveries);
        if counts.damaged > self.damaged_seen.replace(counts.damaged) {
            tracing::error!(
                "events of the log cannot be read; subscribers were told of a gap: see `tailwire log inspect`"
            );
        }
    }

    /// Drops those of some subscribers whose peers have left or vanished.
    fn sweep_peers(&self, from: u32, count: u32, vanished: bool) {
        let now_ms = self.now_ms();
        let mut gone = Vec::new();
        let mut stuck = Vec::new();
        {
            let hub = self.hub.borrow();
            let subscribers: Vec<_> = (from..from + count).filter_map(|index| hub.at(index)).collect();
            let mut polled: Vec<_> =
                subscribers.iter().map(|(_, peer, _)| PollFd::new(*peer, PollFlags::RDHUP)).collect();
            let no_wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
            let any = rustix::event::poll(&mut polled, Some(&no_wait)).unwrap_or(0);
            for (polled, (id, peer, health)) in polled.iter().zip(&subscribers) {
                let left = any > 0 && !polled.revents().is_empty();
                let starved = health.blocked && now_ms.wrapping_sub(health.sent_ms) > BLOCKED_MS_MAX;
                if left || starved {
                    gone.push(*id);
                } else if vanished {
                    let stuck_ms = stuck_since(peer.as_fd(), health.stuck_ms, now_ms);
                    let timeout_ms = self.shared.settings.write_timeout_ms as u32;
                    if stuck_ms != 0 && now_ms.wrapping_sub(stuck_ms) >= timeout_ms {
                        gone.push(*id);
                    } else if stuck_ms != health.stuck_ms {
                        stuck.push((*id, stuck_ms));
                    }
                }
            }
        }
        for (id, stuck_ms) in stuck {
            self.hub.borrow_mut().set_stuck(id, stuck_ms);
        }
        for id in gone {
            self.drop_subscriber(id);
        }
    }
}

/// Since when a peer acknowledges nothing of what is on the way to it, nor probes of its closed window; 0 when it
/// does. An acknowledgement after `stuck_ms` begins the time anew. A peer that reads slowly acknowledges: only one
/// that is gone does not.
fn stuck_since(socket: std::os::fd::BorrowedFd<'_>, stuck_ms: u32, now_ms: u32) -> u32 {
    match tcp_info(socket) {
        Some(info) if info.unacked > 0 || info.probes > 0 => {
            let acked_since = stuck_ms == 0 || info.last_ack_ms < now_ms.wrapping_sub(stuck_ms);
            if acked_since { now_ms } else { stuck_ms }
        }
        _ => 0,
    }
}

/// A sweep that comes round over the subscriber table in a given time.
struct Sweep {
    at: u32,
    round_ms: u32,
}

impl Sweep {
    /// The table positions of this tick.
    fn next(&mut self, table_len: u32) -> (u32, u32) {
        if self.at >= table_len {
            self.at = 0;
        }
        let share = table_len.div_ceil((self.round_ms / TICK.as_millis() as u32).max(1));
        let from = self.at;
        let count = share.min(table_len - from);
        self.at += count;
        (from, count)
    }
}

/// Ticks until the server drains.
pub(crate) async fn tick_loop(worker: Rc<Worker>) {
    let heartbeat_ms = worker.shared.settings.heartbeat_ms as u32;
    let vanished_ms = (worker.shared.settings.write_timeout_ms / 4).clamp(100, 15_000) as u32;
    let mut left = Sweep { at: 0, round_ms: LEFT_SWEEP_MS };
    let mut vanished = Sweep { at: 0, round_ms: vanished_ms };
    let mut ticks: u32 = 0;
    while !worker.shared.is_draining() {
        monoio::time::sleep(TICK).await;
        worker.end_expired();
        let mut from = 0;
        while let Some(next) = worker.sweep_deadlines(from, ENDED_CHUNK) {
            from = next;
            worker.breather.breathe().await;
        }
        tick(&worker, heartbeat_ms);
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(TRIM_TICKS) {
            worker.trim();
        }
        for (sweep, vanished) in [(&mut left, false), (&mut vanished, true)] {
            let table_len = worker.hub.borrow().table_len();
            let (mut from, mut count) = sweep.next(table_len);
            while count > 0 {
                let chunk = count.min(SWEEP_CHUNK);
                worker.sweep_peers(from, chunk, vanished);
                worker.breather.breathe().await;
                (from, count) = (from + chunk, count - chunk);
            }
        }
    }
}

/// One tick without the sweeps over peers and deadlines.
pub(crate) fn tick(worker: &Worker, heartbeat_ms: u32) {
    worker.sweep_lingering();
    worker.hub.borrow_mut().tick(worker.now_ms(), heartbeat_ms);
    worker.gauge();
    if worker.index == 0 {
        worker.watch_disk();
    }
    if !worker.hub.borrow().is_idle(worker.shared.reader.visible()) {
        worker.bell.ring();
    }
}
