//! Every system call of a running server, by thread, from when `strace` is attached until the server is killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::support::{Server, strace, until};

/// Calls by which a worker ticks ten times a second and looks after 256 subscribers, in a second.
const CALLS_OF_TIME: u128 = 40;

/// Where a server's calls are being written down.
pub struct Tracing {
    directory: PathBuf,
    began: Instant,
    /// Names of the threads by their ids.
    threads: BTreeMap<String, String>,
}

/// What was seen.
pub struct Traced {
    /// Calls of threads by their name.
    pub threads: BTreeMap<String, Calls>,
    /// How many calls of a thread may have come with time alone.
    pub spare: usize,
}

/// The calls of the threads of one name.
#[derive(Debug, Default)]
pub struct Calls(Vec<Call>);

/// One call, with numbers in hexadecimal where they were asked for `raw`.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<String>,
    /// What it gave; `None` where it failed, or was not over when the server was killed.
    pub result: Option<u64>,
}

/// Whether calls can be seen here; says loudly where not.
pub fn possible(directory: &Path) -> bool {
    let why = strace::impossible(directory);
    if let Some(why) = &why {
        crate::support::skipped(&format!("counting system calls: {why}"));
    }
    why.is_none()
}

impl Tracing {
    /// Attaches to all threads. Only a kill ends it.
    pub fn attach(server: &Server, directory: &Path) -> Self {
        let directory = directory.join("calls");
        std::fs::create_dir(&directory).unwrap();
        let pid = server.pid().as_raw_nonzero().to_string();
        let mut strace = Command::new("strace")
            .args(["-ff", "-q", "-e", "raw=io_uring_enter,sendto", "-o"])
            .arg(directory.join("of"))
            .args(["-p", &pid])
            .spawn()
            .unwrap();
        let status = |task: &Path, name: &str| {
            let text = std::fs::read_to_string(task.join("status")).unwrap();
            let value = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            value.trim().to_owned()
        };
        let threads = until("strace is attached to every thread", || {
            assert_eq!(strace.try_wait().unwrap(), None, "strace has ended");
            let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let tasks: Vec<PathBuf> = tasks.map(|task| task.unwrap().path()).collect();
            let attached = tasks.iter().all(|task| status(task, "TracerPid:") != "0");
            let named = |task: &PathBuf| {
                (task.file_name().unwrap().to_str().unwrap().to_owned(), status(task, "Name:"))
            };
            attached.then(|| tasks.iter().map(named).collect())
        });
        // Reaped when it has ended, so that none of them is left a zombie.
        std::thread::spawn(move || strace.wait());
        Self { directory, began: Instant::now(), threads }
    }

    /// Kills the server; what it did until then.
    pub fn end(self, server: Server) -> Traced {
        server.kill();
        let spare = (self.began.elapsed().as_millis() * CALLS_OF_TIME / 1000) as usize;
        let mut calls = BTreeMap::<String, Calls>::new();
        for (id, name) in &self.threads {
            let text = until("the trace is complete", || {
                let text = std::fs::read_to_string(self.directory.join(format!("of.{id}"))).ok()?;
                (text.contains("+++ killed by SIGKILL") || text.contains("+++ exited")).then_some(text)
            });
            calls.entry(name.clone()).or_default().0.extend(text.lines().filter_map(Call::read));
        }
        Traced { threads: calls, spare }
    }
}

impl Calls {
    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Call> {
        self.0.iter().filter(move |call| call.name == name)
    }

    /// How often each name was called, for whoever reads a failure.
    pub fn summary(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        self.0.iter().for_each(|call| *counts.entry(call.name.as_str()).or_default() += 1);
        counts
    }
}

impl Call {
    /// Reads a line like `fdatasync(7) = 0`, or `fdatasync(7 <unfinished ...>` of one that was not over.
    fn read(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, "?"));
        let arguments = arguments.trim_end_matches(" <unfinished ...>").trim_end();
        let arguments =
            arguments.strip_suffix(')').unwrap_or(arguments).split(", ").map(str::to_owned).collect();
        Some(Self { name: name.to_owned(), arguments, result: number(result.split(' ').next()?) })
    }

    /// A numeric argument.
    pub fn argument(&self, at: usize) -> u64 {
        number(&self.arguments[at]).unwrap_or_else(|| panic!("no number at {at} in {self:?}"))
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
