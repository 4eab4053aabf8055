//! The lives of the server within a run: how long each is, and how it ends. A life ends by SIGKILL, or, where the
//! data lies on a device of ours, by a power cut.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::Signal;

use super::power::Power;
use super::random::Random;
use super::run::{Cut, Run, RunError, wait};
use super::server::Server;
use super::trap::Blow;

/// How long a publisher may take to be answered, and so to strike the blow that waits for it.
const TRAP_WAIT: Duration = Duration::from_millis(100);

/// In which moment a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Right after an acknowledgement.
    AtAnAck,
    Serving,
    Starting,
    /// After an orderly stop; only the power can go then.
    Stopped,
}

impl Moment {
    pub(super) const ALL: [Self; 4] = [Self::AtAnAck, Self::Serving, Self::Starting, Self::Stopped];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AtAnAck => "right after an acknowledgement",
            Self::Serving => "while it served",
            Self::Starting => "while it started",
            Self::Stopped => "after an orderly stop",
        }
    }
}

impl Run<'_> {
    /// Ends the server and starts it again, as often as was asked for.
    pub(super) fn lives(
        &self,
        mut server: Server,
        mut random: Random,
    ) -> Result<Result<Server, Cut>, RunError> {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} kills, {elapsed}: {msg}");
        let bar = ProgressBar::new(u64::from(self.args.kills))
            .with_style(style.unwrap_or(ProgressStyle::default_bar()));
        let mut ready = true;
        for life in 0..self.args.kills {
            // The lives under power cuts are too short to fill a segment with small events.
            let heavy = ready && self.power.is_some_and(|power| random.chance(25) && power.has_room());
            self.phase.heavy.store(heavy, Ordering::Release);
            thread::sleep(self.duration(ready, &mut random));
            if let Some(status) = server.ended() {
                // Of a server whose power went nothing is expected but that it loses nothing.
                self.died(&server, status.to_string(), "between two kills");
                return Ok(Err(Cut));
            }
            let ended = match self.power {
                None => self.kill(server, ready, &mut random).map(Ok)?,
                Some(power) => self.cut(power, server, ready, &mut random)?,
            };
            let Ok(moment) = ended else { return Ok(Err(Cut)) };
            self.ledger.note_end(moment);
            thread::sleep(Duration::from_millis(random.below(if self.power.is_some() { 10 } else { 60 })));
            server = self.start()?;
            bar.inc(1);
            bar.set_message(format!("{} events acknowledged", self.ledger.acks().len()));
            if life >= self.args.kills / 2 {
                self.phase.late.store(true, Ordering::Release);
            }
            // One in four ends again while it recovers.
            ready = !random.chance(25);
            if ready && self.await_ready(&mut server).is_err() {
                return Ok(Err(Cut));
            }
        }
        self.phase.heavy.store(false, Ordering::Release);
        self.phase.late.store(true, Ordering::Release);
        bar.finish_and_clear();
        Ok(self.await_ready(&mut server).map(|()| server))
    }

    fn kill(&self, server: Server, ready: bool, random: &mut Random) -> Result<Moment, RunError> {
        let mut moment = if ready { Moment::Serving } else { Moment::Starting };
        if ready && random.chance(60) {
            let blow = Blow::Kill(server.descriptor().map_err(RunError::Kill)?);
            moment = self.strike_at_the_next_ack(blow);
        }
        server.kill().map_err(RunError::Kill)?;
        Ok(moment)
    }

    /// Cuts the power, lets the server live on for a moment with a dead file system, kills it, and mounts what is left.
    fn cut(
        &self,
        power: &Power,
        mut server: Server,
        ready: bool,
        random: &mut Random,
    ) -> Result<Result<Moment, Cut>, RunError> {
        let blow = Blow::CutPower(power.plug().map_err(RunError::Kill)?);
        let moment = match (ready, random.below(100)) {
            (false, _) => {
                blow.strike();
                Moment::Starting
            }
            (true, 0..=9) => {
                if self.stop(server).is_err() {
                    return Ok(Err(Cut));
                }
                blow.strike();
                power.restore()?;
                return Ok(Ok(Moment::Stopped));
            }
            (true, 10..=64) => self.strike_at_the_next_ack(blow),
            (true, _) => {
                blow.strike();
                Moment::Serving
            }
        };
        thread::sleep(Duration::from_millis(random.below(20)));
        // It may refuse to start on a dead disk, but one that serves goes on for those who read: unless what they read
        // is not in memory any more, and a mapped page that cannot be read is SIGBUS.
        let ended = server.ended().filter(|_| ready);
        if ended.is_some_and(|status| status.signal() == Some(Signal::BUS.as_raw())) {
            self.ledger.note_bus_error();
        } else if let Some(status) = ended {
            self.died(&server, status.to_string(), "after its file system was cut off");
            return Ok(Err(Cut));
        }
        server.kill().map_err(RunError::Kill)?;
        power.restore()?;
        Ok(Ok(moment))
    }

    /// Lets a publisher strike in the moment in which it is answered; does without when nobody is.
    fn strike_at_the_next_ack(&self, blow: Blow) -> Moment {
        self.trap.set(blow);
        let struck = wait(TRAP_WAIT, || !self.trap.is_set());
        if let Some(blow) = self.trap.take_back() {
            blow.strike();
        }
        if struck { Moment::AtAnAck } else { Moment::Serving }
    }

    /// How long a server lives: after it serves, or after its mere start.
    fn duration(&self, ready: bool, random: &mut Random) -> Duration {
        let ms = match (ready, self.power.is_some(), random.below(10)) {
            (false, _, _) => random.below(120),
            (true, _, 0..=1) => random.below(30),
            (true, true, _) => random.range(20, 200),
            (true, false, 2..=7) => random.range(100, 1200),
            (true, false, _) => random.range(1200, 2500),
        };
        Duration::from_millis(ms)
    }
}
