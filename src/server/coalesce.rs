//! `--coalesce-us`: a least time between the beginnings of two deliveries, so that events which come close together go
//! out in one send each.
//!
//! An event after a quiet time goes at once; no event is held for longer than the setting, and nothing else is held:
//! not acks, not those behind, not heartbeats. While a pass over the subscribers takes longer than the setting no event
//! is held either: those coalesce by themselves.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::clock;
use crate::server::socket::Watch;
use crate::server::worker::Worker;

/// When deliveries may begin. Times are monotonic microseconds.
#[derive(Debug)]
pub(crate) struct Pacing {
    window_us: u64,
    begun_us: Option<u64>,
}

impl Pacing {
    /// `window_us`: 0 never holds anything.
    pub(crate) fn new(window_us: u64) -> Self {
        Self { window_us, begun_us: None }
    }

    /// For how many microseconds from `now_us` on events are held; `None`: they go, and a delivery begins. Where there
    /// are no `newer` ones than before nothing is held and nothing begins.
    pub(crate) fn hold(&mut self, newer: bool, now_us: u64) -> Option<u64> {
        if newer { self.begin(now_us).err() } else { None }
    }

    fn begin(&mut self, now_us: u64) -> Result<(), u64> {
        let passed_us = self.begun_us.map_or(u64::MAX, |begun_us| now_us.saturating_sub(begun_us));
        if passed_us < self.window_us {
            return Err(self.window_us - passed_us);
        }
        self.begun_us = Some(now_us);
        Ok(())
    }
}

/// A worker's pacing with the timer that rings its bell when what is held may go.
#[derive(Debug)]
pub(crate) struct Coalescing {
    pacing: Pacing,
    timer: OwnedFd,
}

impl Coalescing {
    /// `None` where nothing is ever held. Otherwise the task that rings the bell is begun.
    pub(crate) fn start(worker: &Rc<Worker>) -> std::io::Result<Option<Self>> {
        let window_us = worker.shared.settings.coalesce_us;
        if window_us == 0 {
            return Ok(None);
        }
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let watched = timer.try_clone()?;
        drop(monoio::spawn(ring_on_time(Rc::clone(worker), Watch::new(timer.try_clone()?)?, watched)));
        Ok(Some(Self { pacing: Pacing::new(window_us), timer }))
    }

    /// Whether events are held now, of which there are `newer` ones than before; if so, the bell will ring when they
    /// may go.
    pub(crate) fn holds(&mut self, newer: bool) -> bool {
        let Some(wait_us) = self.pacing.hold(newer, clock::monotonic_us()) else { return false };
        let after = Timespec { tv_sec: 0, tv_nsec: wait_us as i64 * 1000 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: after };
        // Where the timer cannot be set nobody would ring.
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once).is_ok()
    }
}

/// Rings when the timer is over, until the runtime ends.
async fn ring_on_time(worker: Rc<Worker>, over: Watch, timer: OwnedFd) {
    loop {
        over.readable().await;
        let mut times = [0; 8];
        let _set_anew = rustix::io::read(&timer, &mut times);
        worker.bell.ring();
    }
}
