//! A server of the test's own: its port is chosen by the kernel and read from its log, its data directory
//! belongs to the test, and it ends with the test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::{DEADLINE, until};

pub const BINARY: &str = env!("CARGO_BIN_EXE_tailwire");

pub fn data_directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("tailwire-test-").tempdir().unwrap()
}

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server on a loopback port of the kernel's choice, with its data below `directory`.
    pub fn start(directory: &Path, flags: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", directory, flags)
    }

    pub fn start_at(listen: &str, directory: &Path, flags: &[&str]) -> Self {
        Self::attempt(serve_at(&mut Command::new(BINARY), listen, directory, flags)).unwrap_or_else(
            |(log, status)| panic!("the server ended ({status}) before it listened; it said: {log}"),
        )
    }

    /// Starts a server by `command`, which `serve` has completed. `Err`: what it logged, and how it ended, before it
    /// listened.
    pub fn attempt(command: &mut Command) -> Result<Self, (String, ExitStatus)> {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, receiver) = mpsc::channel();
        let (stderr, shared) = (child.stderr.take().unwrap(), Arc::clone(&log));
        // Reads to the end, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stderr);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                shared.lock().unwrap().push_str(&text);
                if let Some(address) = address_in(&text) {
                    let _unheard = sender.send(address);
                }
            }
        });
        match receiver.recv_timeout(DEADLINE) {
            Ok(address) => Ok(Self { child, address, log }),
            Err(reason) => {
                let _ended = child.kill();
                let status = child.wait().unwrap();
                let words = log.lock().unwrap().clone();
                assert!(reason != RecvTimeoutError::Timeout, "the server is silent ({status}): {words}");
                Err((words, status))
            }
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for the server's own end.
    pub fn ended(mut self) -> ExitStatus {
        until("the server ends", || self.child.try_wait().unwrap())
    }

    /// SIGTERM, and the exit status that follows.
    pub fn terminate(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// SIGKILL, and the end of it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// Completes a command that ends in the server's binary; on a port of the kernel's choice.
pub fn serve<'a>(command: &'a mut Command, directory: &Path, flags: &[&str]) -> &'a mut Command {
    serve_at(command, "127.0.0.1:0", directory, flags)
}

fn serve_at<'a>(command: &'a mut Command, listen: &str, directory: &Path, flags: &[&str]) -> &'a mut Command {
    command.args(["serve", "--listen", listen, "--data-dir"]).arg(directory.join("data"));
    command.args(flags).stdin(Stdio::null()).stdout(Stdio::null())
}

/// The address in a line like `… listening on http://127.0.0.1:43121`, whatever stands around it.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on")?;
    let (_, rest) = rest.split_once("http://")?;
    let end = rest.find(|letter: char| !letter.is_ascii_hexdigit() && !".:[]".contains(letter));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// Runs a command that is expected to end by itself, and kills it when it does not.
pub fn run_to_end(command: &mut Command) -> Output {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + DEADLINE;
    let ended = loop {
        if child.try_wait().unwrap().is_some() {
            break true;
        }
        if Instant::now() >= deadline {
            break false;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    };
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended, "{command:?} did not end; it said: {}", String::from_utf8_lossy(&output.stderr));
    output
}
