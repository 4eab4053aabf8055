//! Faults at exact places: the N-th call of a kind that the real binary makes is not executed, and the process is
//! killed instead, or the call fails. `strace` does it, by counting; nothing in the program knows of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Pid;

use super::server::{BINARY, Server, serve};
use super::{soon, until};

/// Calls by which the log reads, changes or orders what is on the disk.
const CALLS: &str = "openat,pread64,pwrite64,fdatasync,fsync,rename,linkat,unlink,mkdir,ftruncate,fallocate,flock,\
                     getdents64,statx,mmap,statfs";

/// One call of a thread: the `number`th of its name, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub number: u32,
    /// The call as `strace` shows it.
    pub shown: String,
}

/// What happens in place of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Kill,
    /// By its name, like `EIO`.
    Error(&'static str),
}

impl Call {
    /// Whether the disk is another afterwards, or may be, or what it holds is ordered by it.
    pub fn changes_something(&self) -> bool {
        match self.name.as_str() {
            "openat" => self.shown.contains("O_CREAT"),
            "pread64" | "flock" | "getdents64" | "statx" | "mmap" | "statfs" => false,
            _ => true,
        }
    }

    fn argument(&self, fault: Fault) -> String {
        let (name, number) = (&self.name, self.number);
        match fault {
            Fault::Kill => format!("inject={name}:signal=SIGKILL:when={number}"),
            Fault::Error(error) => format!("inject={name}:error={error}:when={number}"),
        }
    }
}

/// Why faults cannot be planted here; `None` when they can.
pub fn impossible(directory: &Path) -> Option<String> {
    let output = Command::new("strace").arg("-o").arg(directory.join("probe")).arg("true").output();
    match output {
        Err(error) => Some(format!("strace cannot be run ({error}); it is a Debian package")),
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ")),
    }
}

/// Starts the server below `directory` with a fault in its main thread, which opens the log. `Err`: what it logged, and
/// how it ended, before it listened.
pub fn start_with(
    call: &Call,
    fault: Fault,
    directory: &Path,
    flags: &[&str],
) -> Result<Server, (String, std::process::ExitStatus)> {
    let mut command = strace(&directory.join("faults"), &call.argument(fault));
    Server::attempt(serve(command.arg(BINARY), directory, flags))
}

/// The calls that the main thread makes on files below `directory` until the server listens.
pub fn calls_of_start(directory: &Path, flags: &[&str]) -> Vec<Call> {
    let trace = directory.join("calls");
    let mut command = strace(&trace, &format!("trace={CALLS}"));
    let server = Server::attempt(serve(command.arg(BINARY), directory, flags)).unwrap();
    server.kill();
    calls_in(&trace, &directory.join("data"))
}

/// A thread of a running server that is watched, or has a fault waiting.
pub struct Tapped {
    trace: PathBuf,
}

impl Tapped {
    /// Attaches to the thread of this name.
    pub fn watch(server: &Server, thread: &str, directory: &Path) -> Self {
        Self::attach(server, thread, directory, &format!("trace={CALLS}"))
    }

    pub fn with(server: &Server, thread: &str, directory: &Path, call: &Call, fault: Fault) -> Self {
        Self::attach(server, thread, directory, &call.argument(fault))
    }

    /// The calls that were seen, once the server has ended.
    pub fn calls(self, data: &Path) -> Vec<Call> {
        calls_in(&self.trace, data)
    }

    /// Whether the fault has struck, once the server has ended or the call is over.
    pub fn struck(&self) -> bool {
        fs::read_to_string(&self.trace).unwrap_or_default().contains("(INJECTED)")
    }

    fn attach(server: &Server, thread: &str, directory: &Path, argument: &str) -> Self {
        let trace = directory.join("tapped");
        let task = until("the thread is there", || task(server.pid(), thread));
        // At rest, so that calls are counted from the same place each time; not every kernel tells.
        let rests = || {
            fs::read_to_string(task.join("wchan")).is_ok_and(|place| place.contains("futex")).then_some(())
        };
        let _counted_from_elsewhere = soon(rests);
        let id = task.file_name().unwrap().to_str().unwrap().to_owned();
        // It ends with the thread that it looks at.
        let mut strace = Command::new("strace")
            .args(["-q", "-y", "-o"])
            .arg(&trace)
            .args(["-e", argument, "-p", &id])
            .spawn()
            .unwrap();
        until("strace is attached", || {
            // Of a thread that is gone already the fault has struck.
            let Ok(status) = fs::read_to_string(task.join("status")) else { return Some(()) };
            let attached = !status.contains("TracerPid:\t0\n");
            let ended = strace.try_wait().unwrap();
            assert!(attached || ended.is_none() || !task.exists(), "strace ended: {ended:?}");
            attached.then_some(())
        });
        // Reaped when it has ended, so that none of them is left a zombie.
        std::thread::spawn(move || strace.wait());
        Self { trace }
    }
}

fn task(pid: Pid, thread: &str) -> Option<PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
    let mut tasks = tasks.map(|task| task.unwrap().path());
    tasks.find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == thread))
}

/// `-D`: the server is our child, and strace somebody else's.
fn strace(trace: &Path, argument: &str) -> Command {
    let mut command = Command::new("strace");
    command.args(["-D", "-q", "-y", "-o"]).arg(trace).args(["-e", argument]);
    command
}

/// The calls of a trace that name something below `data`, each with its number among all of its name.
fn calls_in(trace: &Path, data: &Path) -> Vec<Call> {
    let text = until("the trace is complete", || {
        let text = fs::read_to_string(trace).unwrap_or_default();
        (text.contains("+++ killed by SIGKILL +++") || text.contains("+++ exited with")).then_some(text)
    });
    let mut counts = std::collections::HashMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        let number = counts.entry(name.to_owned()).or_insert(0);
        *number += 1;
        if line.contains(data.to_str().unwrap()) {
            calls.push(Call { name: name.to_owned(), number: *number, shown: line.to_owned() });
        }
    }
    without_repetitions(calls)
}

/// Of the many equal writes by which a segment is filled with zeros the first two and the last are enough.
fn without_repetitions(calls: Vec<Call>) -> Vec<Call> {
    let zeros = |call: Option<&Call>| {
        call.is_some_and(|call| call.name == "pwrite64" && call.shown.contains("..., 262144, "))
    };
    let kept = |at: &usize| {
        let run = [-2, -1, 0, 1].map(|step| at.checked_add_signed(step).and_then(|at| calls.get(at)));
        !run.into_iter().all(zeros)
    };
    (0..calls.len()).filter(kept).map(|at| calls[at].clone()).collect()
}
