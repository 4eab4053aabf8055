//! The ways of being a bad client: what each sends, and what became of those that tried it. Who sends when is
//! `attackers`'.

use std::net::SocketAddr;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::load::latency::{Latency, LatencyError};

/// Requests that an impatient client sends in one piece.
const PIPELINE_REQUESTS: usize = 100;

/// One way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attack {
    /// A head that never ends: a line of it now and then
    SlowHeads,
    /// A body of 1 MB, of which a byte comes now and then
    SlowBodies,
    /// Connects and never sends a byte
    Silent,
    /// Asks for a page of history and never reads it
    NeverRead,
    /// Asks for something small, a hundred times over, again and again, and never reads an answer
    Pipeline,
    /// Half a head, then a reset; again and again
    Resets,
    /// Connects and closes; again and again
    Closes,
}

impl Attack {
    /// Whether it stands and waits, rather than comes and goes.
    pub(crate) fn stands(self) -> bool {
        !matches!(self, Attack::Resets | Attack::Closes)
    }

    /// Whether it looks at what the server says.
    pub(crate) fn reads(self) -> bool {
        matches!(self, Attack::SlowHeads | Attack::SlowBodies | Attack::Silent)
    }

    /// What it sends once it is connected.
    pub(crate) fn opening(self, addr: SocketAddr) -> String {
        let host = format!("Host: {addr}\r\n");
        match self {
            Attack::SlowHeads | Attack::Resets => {
                format!("GET /events/subscribe?all=true HTTP/1.1\r\n{host}")
            }
            Attack::SlowBodies => format!(
                "POST /events HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
            ),
            Attack::NeverRead => format!("GET /events?all=true&limit=1000 HTTP/1.1\r\n{host}\r\n"),
            Attack::Silent | Attack::Pipeline | Attack::Closes => String::new(),
        }
    }

    /// What it sends now and then; empty for nothing.
    pub(crate) fn drip(self, addr: SocketAddr) -> String {
        match self {
            Attack::SlowHeads => "X: a\r\n".to_owned(),
            Attack::SlowBodies => " ".to_owned(),
            Attack::Pipeline => {
                format!("GET /health HTTP/1.1\r\nHost: {addr}\r\n\r\n").repeat(PIPELINE_REQUESTS)
            }
            _ => String::new(),
        }
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// How the server got rid of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A status, then the end.
    Answered(u16),
    Closed,
    Reset,
}

/// What became of the attackers of one kind.
#[derive(Debug)]
pub(crate) struct Fate {
    pub(crate) attack: Attack,
    pub(crate) opened: u64,
    /// Connections that were refused or not taken in time.
    pub(crate) refused: u64,
    pub(crate) timeouts: u64,
    pub(crate) answered_otherwise: u64,
    pub(crate) closed: u64,
    pub(crate) reset: u64,
    /// Those that stood when the run ended, and how long the oldest of them had.
    pub(crate) standing: u64,
    pub(crate) standing_ns_max: u64,
    /// From connecting to being cut.
    pub(crate) held: Latency,
}

impl Fate {
    pub(crate) fn new(attack: Attack) -> Result<Fate, LatencyError> {
        Ok(Fate {
            attack,
            opened: 0,
            refused: 0,
            timeouts: 0,
            answered_otherwise: 0,
            closed: 0,
            reset: 0,
            standing: 0,
            standing_ns_max: 0,
            held: Latency::new()?,
        })
    }

    pub(crate) fn enter(&mut self, cut: Cut, held_ns: u64) {
        match cut {
            Cut::Answered(408) => self.timeouts += 1,
            Cut::Answered(_) => self.answered_otherwise += 1,
            Cut::Closed => self.closed += 1,
            Cut::Reset => self.reset += 1,
        }
        self.held.record(held_ns);
    }

    pub(crate) fn line(&self) -> String {
        let Fate { opened, refused, timeouts, answered_otherwise, closed, reset, .. } = self;
        let seconds = |percent| self.held.us(percent) / 1e6;
        let mut text = format!("opened {opened}");
        if !self.attack.stands() {
            return format!("{text}, refused {refused}");
        }
        let cut = self.held.count();
        text.push_str(&format!(
            ", refused {refused}, cut {cut}: 408 {timeouts}, other status {answered_otherwise}, closed {closed}, \
             reset {reset}"
        ));
        if cut > 0 {
            text.push_str(&format!(
                "; after {:.2} s the first, {:.2} half of them, {:.2} the last",
                seconds(0.0),
                seconds(50.0),
                seconds(100.0)
            ));
        }
        text.push_str(&format!(
            "; {} stood at the end, for {:.2} s at most",
            self.standing,
            self.standing_ns_max as f64 / 1e9
        ));
        text
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "attack": self.attack.name(),
            "opened": self.opened,
            "refused": self.refused,
            "cut": self.held.count(),
            "status408": self.timeouts,
            "statusOther": self.answered_otherwise,
            "closed": self.closed,
            "reset": self.reset,
            "standing": self.standing,
            "standingSecondsMax": self.standing_ns_max as f64 / 1e9,
            "heldFirstUs": self.held.us(0.0),
            "held": self.held.json(),
        })
    }
}
