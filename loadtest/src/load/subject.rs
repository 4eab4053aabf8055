//! The server under load: started or found running, with a meter on what it costs. For a server that only an
//! address is known of, CPU and memory stay unknown and are printed as such.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};

use crate::client::{
    Dialect, Launch, Memory, Program, Server, ServerError, SystemError, UsageError, cpu_seconds, pin_to_cpu,
    raise_file_limit, softirq_seconds,
};
use crate::options::TargetOptions;

/// A server that takes load.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) addr: SocketAddr,
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    pid: Option<u32>,
    server: Option<Server>,
}

/// Why a server is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubjectError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// CPU seconds over some stretch of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) server: Option<f64>,
    /// Of the kernel's soft-interrupt threads on all CPUs: work nobody was charged for.
    pub(crate) softirq: f64,
    pub(crate) client: f64,
    pub(crate) seconds: f64,
}

/// The readings at the beginning of a stretch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    server: Option<f64>,
    softirq: f64,
    client: f64,
    begun: Instant,
}

impl Subject {
    /// Raises the file limit for `connections`, pins this tool, and starts the server if one is to be
    /// started.
    pub(crate) fn start(options: &TargetOptions, connections: usize) -> Result<Subject, SubjectError> {
        Subject::prepare(options, connections)?;
        let (program, name) = match &options.spawn {
            Some(path) => (Program::Tailwire(path.clone()), "tailwire"),
            None if options.sendloop => (Program::SendLoop, "send loop"),
            None => {
                let addr = options.url.addr;
                let (dialect, pid) = (Dialect::Tailwire, options.server_pid);
                return Ok(Subject { addr, name: "server", dialect, pid, server: None });
            }
        };
        Ok(Subject::launch(options, program, name)?)
    }

    /// Raises the file limit for `connections` and pins this tool.
    pub(crate) fn prepare(options: &TargetOptions, connections: usize) -> Result<(), SubjectError> {
        raise_file_limit(connections as u64)?;
        Ok(options.client_cpu.map_or(Ok(()), pin_to_cpu)?)
    }

    /// Starts one program, whatever the options name.
    pub(crate) fn launch(
        options: &TargetOptions,
        program: Program,
        name: &'static str,
    ) -> Result<Subject, ServerError> {
        // The further arguments are Tailwire's; the send loop has none.
        let args = if program == Program::SendLoop { Vec::new() } else { options.server_arg.clone() };
        let data_parent = options.data_dir.clone();
        Subject::of(&Launch { program, args, cpu: options.server_cpu, data_parent }, name)
    }

    /// Starts what is said, and nothing else.
    pub(crate) fn of(launch: &Launch, name: &'static str) -> Result<Subject, ServerError> {
        let server = Server::start(launch)?;
        let dialect = launch.program.dialect();
        Ok(Subject { addr: server.addr(), name, dialect, pid: Some(server.pid()), server: Some(server) })
    }

    /// The end of what a started server has printed.
    pub(crate) fn log_tail(&self) -> String {
        self.server.as_ref().map(Server::log_tail).unwrap_or_default()
    }

    pub(crate) fn memory(&self) -> Result<Option<Memory>, UsageError> {
        self.pid.map(Memory::of).transpose()
    }

    pub(crate) fn meter(&self) -> Result<Meter, UsageError> {
        Ok(Meter {
            server: self.pid.map(cpu_seconds).transpose()?,
            softirq: softirq_seconds(),
            client: cpu_seconds(std::process::id())?,
            begun: Instant::now(),
        })
    }

    pub(crate) fn cost_since(&self, meter: &Meter) -> Result<Cost, UsageError> {
        let now = self.meter()?;
        Ok(Cost {
            server: now.server.zip(meter.server).map(|(now, then)| now - then),
            softirq: now.softirq - meter.softirq,
            client: now.client - meter.client,
            seconds: now.begun.duration_since(meter.begun).as_secs_f64(),
        })
    }

    /// What a reader must know before believing a durability figure.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let on_tmpfs = self.server.as_ref().is_some_and(Server::is_on_tmpfs);
        on_tmpfs.then_some(
            "the server's data lies on a tmpfs, where syncing costs nothing; choose --data-dir on a disk",
        )
    }

    /// Stops a server that was started; leaves a found one alone.
    pub(crate) fn stop(self) -> Result<(), ServerError> {
        self.server.map_or(Ok(()), Server::stop)
    }
}

impl Cost {
    /// Microseconds of the server's CPU for each of `count` things.
    pub(crate) fn server_us_each(&self, count: u64) -> Option<f64> {
        self.server.filter(|_| count > 0).map(|seconds| seconds * 1e6 / count as f64)
    }

    pub(crate) fn line(&self, count: u64, thing: &str) -> String {
        let server = match self.server.zip(self.server_us_each(count)) {
            Some((seconds, each)) => format!("server {seconds:.2} s = {each:.2} µs per {thing}"),
            None => "server unknown (give --spawn or --server-pid)".to_owned(),
        };
        format!(
            "{server}; soft interrupts {:.2} s; this tool {:.2} s; of {:.2} s",
            self.softirq, self.client, self.seconds
        )
    }

    pub(crate) fn json(&self, count: u64) -> Value {
        json!({
            "serverSeconds": self.server,
            "serverUsEach": self.server_us_each(count),
            "softirqSeconds": self.softirq,
            "clientSeconds": self.client,
            "seconds": self.seconds,
        })
    }
}
