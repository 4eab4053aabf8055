//! A server as a child process: started on a free loopback port with a fresh data directory, waited for,
//! stopped with SIGTERM, and killed if the tool ends early. What differs from program to program is
//! `program`'s.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::http::Connection;
use crate::client::program::Program;
use crate::client::system::{SystemError, pinned};

const START_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// For a program that promises nothing about its end; then it is killed.
const RIVAL_STOP_TIMEOUT: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Bytes of the server's log that an error shows.
const LOG_TAIL_BYTES: usize = 2000;
/// `f_type` of tmpfs, where `fdatasync` does nothing.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// How to start a server.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: Program,
    /// Further arguments for the program.
    pub(crate) args: Vec<String>,
    pub(crate) cpu: Option<usize>,
    /// Where the data directory is made; the system's directory for temporary files otherwise.
    pub(crate) data_parent: Option<PathBuf>,
}

/// A running child. Dropping it kills the process and removes its data.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
    directory: TempDir,
    program: Program,
}

/// Why a server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("a directory for the server's data cannot be made; choose another with --data-dir")]
    Directory { source: std::io::Error },
    #[error("no free loopback port is to be had")]
    Port { source: std::io::Error },
    #[error("{program} cannot be started")]
    Start { program: PathBuf, source: std::io::Error },
    #[error(transparent)]
    System(#[from] SystemError),
    #[error("the server ended ({status}) before it was ready; its log ends with:\n{log}")]
    Ended { status: ExitStatus, log: String },
    #[error("the server was not ready within {START_TIMEOUT:?}; its log ends with:\n{log}")]
    Silent { log: String },
    #[error(
        "the server did not end within {STOP_TIMEOUT:?} of SIGTERM and was killed; its log ends with:\n{log}"
    )]
    Stubborn { log: String },
    #[error("the server ended badly ({status}); its log ends with:\n{log}")]
    Failed { status: ExitStatus, log: String },
}

impl Server {
    /// Starts the program and waits until it is ready.
    pub(crate) fn start(launch: &Launch) -> Result<Server, ServerError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("loadtest-");
        let directory = match &launch.data_parent {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        }
        .map_err(|source| ServerError::Directory { source })?;
        let addr = free_port().map_err(|source| ServerError::Port { source })?;
        let child = pinned(launch.cpu, || spawn(launch, addr, directory.path()))??;
        let mut server = Server { child, addr, directory, program: launch.program.clone() };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The data lies in memory, so that durability costs nothing and its figures mean nothing.
    pub(crate) fn is_on_tmpfs(&self) -> bool {
        rustix::fs::statfs(self.directory.path()).is_ok_and(|stat| stat.f_type == TMPFS_MAGIC)
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), ServerError> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // An error means that it has ended already, which `try_wait` tells better.
            let _ = kill_process(pid, Signal::TERM);
        }
        let strict = self.program.must_end_well();
        let deadline = Instant::now() + if strict { STOP_TIMEOUT } else { RIVAL_STOP_TIMEOUT };
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                let good = status.success() || !strict;
                return if good { Ok(()) } else { Err(ServerError::Failed { status, log: self.log_tail() }) };
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        if strict { Err(ServerError::Stubborn { log: self.log_tail() }) } else { Ok(()) }
    }

    fn wait_until_ready(&mut self) -> Result<(), ServerError> {
        let probe = self.program.ready_probe();
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ServerError::Ended { status, log: self.log_tail() });
            }
            let answer = Connection::open(self.addr, Duration::from_secs(1)).and_then(|mut connection| {
                connection.request(probe.method, probe.target, "application/json", b"")
            });
            if answer.is_ok_and(|response| matches!(response.status, 200 | 201)) {
                return Ok(());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Err(ServerError::Silent { log: self.log_tail() })
    }

    /// The end of what the server has printed, for the story of a failure.
    pub(crate) fn log_tail(&self) -> String {
        let bytes = fs::read(log_path(self.directory.path())).unwrap_or_default();
        let tail = bytes.get(bytes.len().saturating_sub(LOG_TAIL_BYTES)..).unwrap_or_default();
        String::from_utf8_lossy(tail).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(launch: &Launch, addr: SocketAddr, directory: &Path) -> Result<Child, ServerError> {
    let tool = std::env::current_exe();
    let tool = tool.map_err(|source| ServerError::Start { program: "loadtest".into(), source })?;
    let start = |source| ServerError::Start { program: tool.clone(), source };
    let mut command = Command::new(&tool);
    command.args(launch.program.arguments(addr, directory).map_err(start)?).args(&launch.args);
    let log = File::create(log_path(directory)).map_err(start)?;
    let same_log = log.try_clone().map_err(start)?;
    command.stdin(Stdio::null()).stdout(log).stderr(same_log).spawn().map_err(start)
}

/// A port that was free a moment ago. Another process may take it in between; then the server says so and
/// ends.
fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("server.log")
}
