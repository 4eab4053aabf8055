//! Bad clients at work, on a thread of their own: a number of each kind that stands, replaced as they are cut, and
//! storms of those that come and go. They end when they are told to, and all their connections with them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use socket2::SockRef;

use crate::client::{connect_from, now_ns, source_address};
use crate::load::attack::{Attack, Cut, Fate};
use crate::load::latency::LatencyError;

const TICK: Duration = Duration::from_millis(20);
/// Connections opened in one tick, so that cutting is seen on time beside opening.
const OPENED_PER_TICK: usize = 256;
const READY_MAX: usize = 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Connections from one source address: storms leave ports behind that are not free again at once.
const CONNECTIONS_OF_A_SOURCE: u64 = 5_000;
/// Source addresses that are gone round; the first are the subscribers'.
const SOURCES_FROM: u64 = 64;
const SOURCES: u64 = 64;

/// What to attack with.
#[derive(Debug, Clone)]
pub(crate) struct Siege {
    pub(crate) addr: SocketAddr,
    pub(crate) attacks: Vec<Attack>,
    /// Of each kind that stands.
    pub(crate) standing: usize,
    /// A second, of each kind that comes and goes.
    pub(crate) storm_rate: u32,
    /// Between two pieces of a slow one.
    pub(crate) drip: Duration,
}

/// Why there is no attack.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttackError {
    #[error("the attackers' epoll set failed")]
    Epoll(#[from] rustix::io::Errno),
    #[error(transparent)]
    Latency(#[from] LatencyError),
    #[error("the attackers' thread panicked; this is a fault of the load tool")]
    Panicked,
}

struct Attacker {
    socket: TcpStream,
    kind: usize,
    since_ns: u64,
    drip_ns: u64,
    said: Option<u16>,
}

struct Crowd<'a> {
    siege: &'a Siege,
    epoll: OwnedFd,
    attackers: Vec<Option<Attacker>>,
    free: Vec<usize>,
    counts: Vec<usize>,
    drips: Vec<String>,
    fates: Vec<Fate>,
    connected: u64,
    begun: Instant,
}

/// Attacks until `stop`. `standing` tells how many connections stand.
pub(crate) fn attack(
    siege: &Siege,
    stop: &AtomicBool,
    standing: &AtomicU64,
) -> Result<Vec<Fate>, AttackError> {
    let mut crowd = Crowd::new(siege)?;
    while !stop.load(Ordering::Acquire) {
        crowd.open();
        crowd.drip();
        crowd.look()?;
        standing.store(crowd.counts.iter().sum::<usize>() as u64, Ordering::Release);
    }
    Ok(crowd.settle())
}

impl<'a> Crowd<'a> {
    fn new(siege: &'a Siege) -> Result<Crowd<'a>, AttackError> {
        let fates = siege.attacks.iter().map(|attack| Fate::new(*attack)).collect::<Result<Vec<_>, _>>()?;
        Ok(Crowd {
            siege,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            attackers: Vec::new(),
            free: Vec::new(),
            counts: vec![0; fates.len()],
            drips: siege.attacks.iter().map(|attack| attack.drip(siege.addr)).collect(),
            fates,
            connected: 0,
            begun: Instant::now(),
        })
    }

    /// Opens what is due: all that do not stand, and the storms' share of the time that has passed.
    fn open(&mut self) {
        let stormed = (self.begun.elapsed().as_secs_f64() * f64::from(self.siege.storm_rate)) as u64;
        for kind in 0..self.siege.attacks.len() {
            for _ in 0..OPENED_PER_TICK {
                let (Some(attack), Some(fate)) = (self.siege.attacks.get(kind), self.fates.get(kind)) else {
                    break;
                };
                let tried = fate.opened + fate.refused;
                let standing = self.counts.get(kind).copied().unwrap_or(0);
                let due = if attack.stands() { standing < self.siege.standing } else { tried < stormed };
                if !due || !self.open_one(kind, *attack) {
                    break;
                }
            }
        }
    }

    fn open_one(&mut self, kind: usize, attack: Attack) -> bool {
        let addr = self.siege.addr;
        let source = SOURCES_FROM + self.connected / CONNECTIONS_OF_A_SOURCE % SOURCES;
        self.connected += 1;
        let connect = || -> std::io::Result<TcpStream> {
            let mut socket = connect_from(source_address(addr, source as usize), addr, CONNECT_TIMEOUT)?;
            socket.set_nodelay(true)?;
            socket.write_all(attack.opening(addr).as_bytes())?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let socket = connect();
        let Some(fate) = self.fates.get_mut(kind) else { return false };
        let Ok(socket) = socket else {
            fate.refused += 1;
            return false;
        };
        fate.opened += 1;
        if !attack.stands() {
            // A reset where one was asked for; otherwise an end in good order.
            let _ = SockRef::from(&socket).set_linger((attack == Attack::Resets).then_some(Duration::ZERO));
            return true;
        }
        let at = self.free.pop().unwrap_or(self.attackers.len());
        let flags = if attack.reads() { epoll::EventFlags::IN } else { epoll::EventFlags::empty() };
        let flags = flags | epoll::EventFlags::RDHUP;
        if epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(at as u64), flags).is_err() {
            return false;
        }
        let now = now_ns();
        let attacker = Attacker { socket, kind, since_ns: now, drip_ns: now, said: None };
        match self.attackers.get_mut(at) {
            Some(place) => *place = Some(attacker),
            None => self.attackers.push(Some(attacker)),
        }
        if let Some(count) = self.counts.get_mut(kind) {
            *count += 1;
        }
        true
    }

    /// Sends the pieces that are due. What does not go into the socket is not sent; who was cut shows elsewhere.
    fn drip(&mut self) {
        let (now, pause) = (now_ns(), self.siege.drip.as_nanos() as u64);
        for attacker in self.attackers.iter_mut().flatten() {
            let Some(piece) = self.drips.get(attacker.kind).filter(|piece| !piece.is_empty()) else {
                continue;
            };
            if now.saturating_sub(attacker.drip_ns) >= pause {
                attacker.drip_ns = now;
                let _ = attacker.socket.write(piece.as_bytes());
            }
        }
    }

    /// Waits for a tick at most, and takes note of who was cut.
    fn look(&mut self) -> Result<(), AttackError> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(READY_MAX);
        match epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &ready {
            let at = event.data.u64() as usize;
            let Some(Some(attacker)) = self.attackers.get_mut(at) else { continue };
            let reads = self.siege.attacks.get(attacker.kind).is_some_and(|attack| attack.reads());
            let flags = event.flags;
            let Some(cut) = attacker.cut(reads, flags) else { continue };
            let held_ns = now_ns().saturating_sub(attacker.since_ns);
            let kind = attacker.kind;
            if let Some(fate) = self.fates.get_mut(kind) {
                fate.enter(cut, held_ns);
            }
            if let Some(count) = self.counts.get_mut(kind) {
                *count -= 1;
            }
            if let Some(place) = self.attackers.get_mut(at) {
                *place = None;
            }
            self.free.push(at);
        }
        Ok(())
    }

    fn settle(mut self) -> Vec<Fate> {
        let now = now_ns();
        for attacker in self.attackers.iter().flatten() {
            // Ports are to be free again.
            let _ = SockRef::from(&attacker.socket).set_linger(Some(Duration::ZERO));
            if let Some(fate) = self.fates.get_mut(attacker.kind) {
                fate.standing += 1;
                fate.standing_ns_max = fate.standing_ns_max.max(now.saturating_sub(attacker.since_ns));
            }
        }
        self.fates
    }
}

impl Attacker {
    /// How it was cut, if it was.
    fn cut(&mut self, reads: bool, flags: epoll::EventFlags) -> Option<Cut> {
        if !reads {
            let reset = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            return Some(if reset { Cut::Reset } else { Cut::Closed });
        }
        let mut buffer = [0; 512];
        match self.socket.read(&mut buffer) {
            Ok(0) => Some(self.said.map_or(Cut::Closed, Cut::Answered)),
            Ok(count) => {
                self.said = self.said.or_else(|| status(buffer.get(..count).unwrap_or_default()));
                None
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
            Err(_) => Some(self.said.map_or(Cut::Reset, Cut::Answered)),
        }
    }
}

/// The status in `HTTP/1.1 408 …`.
fn status(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()
}
