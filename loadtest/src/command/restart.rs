//! `loadtest restart`: how long a killed server takes to serve again on a large log, against an empty one.
//!
//! The log is made beforehand (the server's `make_log` example) and grows by what each round publishes. Nothing is
//! accounted for here but one key of its first events, which must be known again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::command::outcome::{CommandError, Outcome, line, progress};

const START_TIMEOUT: Duration = Duration::from_secs(120);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
const BATCH: u64 = 500;

/// Kill a server that publishes onto a large log and time its restart against an empty log's
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The server's binary
    #[arg(long, value_name = "PATH")]
    server: PathBuf,
    /// The data directory of the large log; it is published to
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each round publishes before the kill
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Most milliseconds that the median restart may take over an empty log's
    #[arg(long, default_value_t = 300)]
    over_max_ms: u32,
    /// An idempotency key of the log that is near the end of the window
    #[arg(long, default_value = "key-0")]
    key: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "Examples:
  target/release/examples/make_log /var/tmp/large 20 1000000 1000000
  loadtest restart --server target/release/tailwire --log /var/tmp/large

The time is from exec to the answer of GET /ready. The empty log lies beside the large one.
The first start of all reads the whole log and takes its snapshot anew; it is not counted.";

/// Why a restart could not be timed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestartError {
    #[error("{} cannot be started or killed", program.display())]
    Start { program: PathBuf, source: std::io::Error },
    #[error("no loopback port or no directory for the empty log is to be had")]
    Room { source: std::io::Error },
    #[error("the server did not answer /ready with 200 within {START_TIMEOUT:?}")]
    Silent,
    #[error("{} has no snapshot (MEMORY) within {START_TIMEOUT:?} of a start", log.display())]
    NoSnapshot { log: PathBuf },
    #[error("an old key is not known after a restart: HTTP {status}")]
    Forgotten { status: u16 },
}

/// A server on one data directory; killed when dropped.
struct Server {
    child: Child,
    addr: SocketAddr,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let room = |source| RestartError::Room { source };
    let parent = options.log.parent().filter(|parent| !parent.as_os_str().is_empty());
    let empty = tempfile::tempdir_in(parent.unwrap_or(Path::new("."))).map_err(room)?;
    take_snapshot(options)?;
    drop(start(&options.server, empty.path())?);
    let bar = progress("restarts", u64::from(options.rounds));
    let (mut large, mut small) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        publish_and_kill(options)?;
        let (server, took) = start(&options.server, &options.log)?;
        large.push(took.as_secs_f64() * 1e3);
        check_key(server.addr, &options.key)?;
        drop(server);
        let (server, took) = start(&options.server, empty.path())?;
        small.push(took.as_secs_f64() * 1e3);
        drop(server);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(report(options, large, small))
}

fn report(options: &Options, large: Vec<f64>, small: Vec<f64>) -> Outcome {
    let over = median(&large) - median(&small);
    let passed = over <= f64::from(options.over_max_ms);
    let bytes: u64 = std::fs::read_dir(options.log.join("seg"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    let list = |times: &[f64]| {
        let times: Vec<String> = times.iter().map(|ms| format!("{ms:.0}")).collect();
        times.join(" ")
    };
    let mut text = format!("restart: {} rounds, {} bytes of segment files\n", options.rounds, bytes);
    let times = |times: &[f64]| format!("{:.0} ms median ({})", median(times), list(times));
    line(&mut text, "large log", &times(&large));
    line(&mut text, "empty log", &times(&small));
    let verdict = if passed { "within" } else { "OVER" };
    line(&mut text, "over empty", &format!("{over:.0} ms, {verdict} the {} allowed", options.over_max_ms));
    let json: Value = json!({
        "workload": "restart",
        "segmentBytes": bytes,
        "largeMs": large,
        "emptyMs": small,
        "overEmptyMs": over,
    });
    Outcome { passed, text, json }
}

/// The first start, which has to read everything, and the snapshot that it takes.
fn take_snapshot(options: &Options) -> Result<(), RestartError> {
    // One that is there may be too old to count.
    let _there_may_be_none = std::fs::remove_file(options.log.join("MEMORY"));
    let (_server, _) = start(&options.server, &options.log)?;
    let deadline = Instant::now() + START_TIMEOUT;
    while !options.log.join("MEMORY").exists() {
        if Instant::now() > deadline {
            return Err(RestartError::NoSnapshot { log: options.log.clone() });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// SIGKILL while a publisher is busy.
fn publish_and_kill(options: &Options) -> Result<(), RestartError> {
    let (mut server, _) = start(&options.server, &options.log)?;
    let addr = server.addr;
    let publisher = std::thread::spawn(move || publish(addr));
    std::thread::sleep(Duration::from_secs(u64::from(options.seconds)));
    let killed = server.child.kill().and_then(|()| server.child.wait());
    killed.map_err(|source| RestartError::Start { program: options.server.clone(), source })?;
    // It ends with its connection.
    let _ended = publisher.join();
    Ok(())
}

/// Publishes batches until the server is gone.
fn publish(addr: SocketAddr) {
    let Ok(mut connection) = Connection::open(addr, ANSWER_TIMEOUT) else { return };
    let mut amount = 0;
    loop {
        let event = |amount| {
            let filler = "f".repeat(200);
            format!(
                r#"{{"type":"stream.topped_up","data":{{"streamId":{},"amount":"{amount}","note":"{filler}"}}}}"#,
                amount % 1000
            )
        };
        let body: Vec<String> = (amount..amount + BATCH).map(event).collect();
        amount += BATCH;
        let body = body.join("\n");
        if connection.request("POST", "/events", "application/x-ndjson", body.as_bytes()).is_err() {
            return;
        }
    }
}

/// Other data under a key that is known is a conflict.
fn check_key(addr: SocketAddr, key: &str) -> Result<(), CommandError> {
    let event =
        format!(r#"{{"type":"stream.topped_up","data":{{"streamId":1,"amount":"1"}},"dedupeKey":"{key}"}}"#);
    let answer = Connection::open(addr, ANSWER_TIMEOUT).and_then(|mut connection| {
        connection.request("POST", "/events", "application/json", event.as_bytes())
    });
    match answer {
        Ok(answer) if answer.status == 409 => Ok(()),
        Ok(answer) => Err(RestartError::Forgotten { status: answer.status }.into()),
        Err(_) => Err(RestartError::Silent.into()),
    }
}

/// Starts a server; how long it took from exec to the first answer.
fn start(program: &Path, log: &Path) -> Result<(Server, Duration), RestartError> {
    let room = |source| RestartError::Room { source };
    let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let addr = addr.map_err(room)?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--data-dir").arg(log).args(["--listen", &addr.to_string()]);
    command.args(["--log-filter", "warn"]).stdin(Stdio::null()).stdout(Stdio::null());
    let began = Instant::now();
    let child = command.spawn();
    let child = child.map_err(|source| RestartError::Start { program: program.to_owned(), source })?;
    let mut server = Server { child, addr };
    while began.elapsed() < START_TIMEOUT {
        let ready = Connection::open(addr, ANSWER_TIMEOUT)
            .and_then(|mut connection| connection.request("GET", "/ready", "", b""));
        if ready.is_ok_and(|answer| answer.status == 200) {
            return Ok((server, began.elapsed()));
        }
        if server.child.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(RestartError::Silent)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
