//! The server under test: started, killed, asked whether it serves, and stopped. One at a time, always the
//! same port and the same data directory.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::http;
use super::random::Random;

/// How to start the server.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) binary: PathBuf,
    pub(super) address: SocketAddr,
    /// Holds the server's log.
    pub(super) directory: PathBuf,
    pub(super) data: PathBuf,
    /// Whether the server is killed when the thread that started it ends, however that comes: it would keep what is
    /// mounted for this run.
    pub(super) dies_with_us: bool,
    pub(super) segment_bytes: u64,
    pub(super) flags: Vec<String>,
}

/// A running server; dropped, it is killed.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    address: SocketAddr,
}

/// Why a server that was waited for does not serve.
pub(super) enum NotReady {
    Ended(ExitStatus),
    TooLate,
}

impl Recipe {
    pub(super) fn start(&self) -> io::Result<Server> {
        let log = self.log();
        let stderr = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(if self.dies_with_us { Path::new("setpriv") } else { &self.binary });
        if self.dies_with_us {
            // It becomes the server, under the same process id.
            command.args(["--pdeathsig", "KILL", "--"]).arg(&self.binary);
        }
        let child = command
            .arg("serve")
            .args(["--listen", &self.address.to_string()])
            .arg("--data-dir")
            .arg(&self.data)
            .args(["--durability", "commit", "--segment-bytes", &self.segment_bytes.to_string()])
            .args(["--min-free-bytes", "0"])
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()?;
        Ok(Server { child, log, address: self.address })
    }

    /// The line on which a server of this run complained of a panic.
    pub(super) fn panic(&self) -> Option<String> {
        let text = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines().find(|line| line.contains("panicked at")).map(str::to_owned)
    }

    fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }
}

impl Server {
    /// Waits until the server answers.
    pub(super) fn ready(&mut self, limit: Duration) -> Result<(), NotReady> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Err(NotReady::Ended(status));
            }
            if answers(self.address, deadline) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        Err(NotReady::TooLate)
    }

    /// The status of a server that ended by itself.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// A descriptor of the process, by which it can be killed from elsewhere.
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        Ok(pidfd_open(self.pid()?, PidfdFlags::empty())?)
    }

    fn pid(&self) -> io::Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.ok_or(io::ErrorKind::NotFound.into())
    }

    /// SIGKILL, unless it has come already, and the end of it.
    pub(super) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// SIGTERM; then the status, or `None` when it has not ended in time.
    pub(super) fn stop(mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        kill_process(self.pid()?, Signal::TERM)?;
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(None)
    }

    /// The end of what the server logged, on one line.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(1500)..]).into_owned();
        tail.trim().replace('\n', " | ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is fine; nothing else can go wrong here that anyone could act on.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn answers(address: SocketAddr, deadline: Instant) -> bool {
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = http::connect(address)
        .and_then(|mut stream| http::exchange(&mut stream, request.as_bytes(), deadline));
    answer.is_ok_and(|answer| answer.status == 200)
}

/// A free port that stays ours between restarts: one outside the range from which the kernel takes the ports
/// of outgoing connections. Inside it, a client that dials while the server is down can be given the server's
/// own port, connect to itself, and keep the server from binding.
pub(super) fn choose_address(random: &mut Random) -> io::Result<SocketAddr> {
    let range = fs::read_to_string(Path::new("/proc/sys/net/ipv4/ip_local_port_range"))?;
    let first: u64 = range.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(32_768);
    for _ in 0..200 {
        let port = u16::try_from(random.range(10_000, first.max(10_001))).unwrap_or(10_000);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return listener.local_addr();
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port below the range of outgoing connections"))
}
