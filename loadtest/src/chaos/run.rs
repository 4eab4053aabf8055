//! One run of the crash harness, from the first start of the server to the judgement. It decides when what
//! happens; what the parts do is theirs.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::args::Args;
use super::ledger::{Ledger, Record};
use super::oracle::{self, Evidence};
use super::power::{FileSystem, Power, PowerError};
use super::publisher::{Publisher, Scene};
use super::random::Random;
use super::report::{self, Summary};
use super::server::{self, NotReady, Recipe, Server};
use super::subscriber::{Progress, Subscriber, Surroundings};
use super::trap::Trap;
use super::violation::Violation;
use super::world::Filter;

/// Why there was no run to judge.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("no directory for the server's data: {0}; is the temporary directory writable?")]
    Directory(io::Error),
    #[error("no port for the server: {0}")]
    Port(io::Error),
    #[error("{path} cannot be started: {source}; build it first and name it by --server")]
    Start { path: PathBuf, source: io::Error },
    #[error("the server cannot be killed: {0}")]
    Kill(io::Error),
    #[error("no power cuts here: {0}")]
    NoPower(PowerError),
    #[error("after a power cut: {0}")]
    Power(#[from] PowerError),
}

/// The flags by which the threads of a run are told how far it is.
#[derive(Default)]
pub(super) struct Phase {
    /// Late subscribers may join.
    pub(super) late: AtomicBool,
    /// Publishers send as much as they can.
    pub(super) heavy: AtomicBool,
    stop_publishing: AtomicBool,
    last_connection: AtomicBool,
    leave: AtomicBool,
}

pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    recipe: &'a Recipe,
    pub(super) ledger: &'a Ledger,
    pub(super) phase: &'a Phase,
    pub(super) trap: &'a Trap,
    /// Where power is to be cut.
    pub(super) power: Option<&'a Power>,
    progress: &'a [Progress],
    filters: &'a [Filter],
    deadline: Duration,
}

/// A run that cannot go on; the violation that says why is in the ledger.
pub(super) struct Cut;

/// The command: 0 when nothing was found, 1 when the server broke a promise, 2 when it could not be tried.
pub(crate) fn main(args: &Args) -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fresh = u64::from(now.subsec_nanos()) << 20 ^ now.as_secs() ^ u64::from(std::process::id());
    let seed = args.seed.unwrap_or(fresh);
    match run(args, seed) {
        Ok(summary) => report::print(&summary),
        Err(RunError::NoPower(why)) if args.skip_if_impossible => {
            report::skip(&why);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::fail(&error);
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args, seed: u64) -> Result<Summary, RunError> {
    let started = Instant::now();
    let mut random = Random::new(seed);
    let directory =
        tempfile::Builder::new().prefix("tailwire-chaos-").tempdir().map_err(RunError::Directory)?;
    let power = args.power_cuts.map(|kind| Power::on(kind, directory.path())).transpose();
    let power = power.map_err(RunError::NoPower)?;
    let recipe = Recipe {
        binary: args.server.clone(),
        address: server::choose_address(&mut random).map_err(RunError::Port)?,
        directory: directory.path().to_owned(),
        data: power.as_ref().map_or(directory.path(), Power::place).join("data"),
        dies_with_us: power.is_some(),
        segment_bytes: args.segment_bytes,
        flags: args.server_flag.clone(),
    };
    let (ledger, phase, trap) = (Ledger::default(), Phase::default(), Trap::default());
    let choose = |index| Filter::choose(index, args.publishers, &mut random);
    let filters: Vec<Filter> = (0..args.subscribers).map(choose).collect();
    let progress: Vec<Progress> = filters.iter().map(|_| Progress::default()).collect();
    let run = Run {
        args,
        recipe: &recipe,
        ledger: &ledger,
        phase: &phase,
        trap: &trap,
        power: power.as_ref(),
        progress: &progress,
        filters: &filters,
        deadline: Duration::from_secs(args.deadline_s),
    };
    report::begin(seed, &recipe);
    let (records, complete) = run.perform(&random)?;
    if let Some(words) = recipe.panic() {
        ledger.violate(Violation::Panicked { words });
    }
    let (events, acks) = (ledger.events(), ledger.acks());
    let mut violations = ledger.violations();
    violations.extend(oracle::judge(&Evidence { events: &events, acks: &acks, records: &records, complete }));
    // Kept for whoever looks for the cause.
    let failed = !violations.is_empty();
    let rescue = |power: &Power| power.rescue(&directory.path().join("rescued"));
    if let Some(Err(error)) = power.as_ref().filter(|_| failed).map(rescue) {
        report::fail(&RunError::Power(error));
    }
    drop(power);
    let kept = failed.then(|| directory.keep());
    let what = args.power_cuts.map_or("kills", FileSystem::cuts);
    Ok(Summary { seed, what, ledger, records, violations, complete, kept, took: started.elapsed() })
}

impl Run<'_> {
    /// Plays the run. Returns what the subscribers saw, and whether it came to its planned end.
    fn perform(&self, random: &Random) -> Result<(Vec<Record>, bool), RunError> {
        let first = self.start()?;
        let surroundings = Surroundings {
            address: self.recipe.address,
            ledger: self.ledger,
            last_connection: &self.phase.last_connection,
            leave: &self.phase.leave,
        };
        thread::scope(|scope| {
            let subscribers: Vec<_> = (0..self.args.subscribers)
                .map(|index| {
                    self.subscriber(scope, &surroundings, index, random.fork(1000 + u64::from(index)))
                })
                .collect();
            let played = self.play(scope, first, random);
            self.phase.stop_publishing.store(true, Ordering::Release);
            self.phase.last_connection.store(true, Ordering::Release);
            self.phase.leave.store(true, Ordering::Release);
            let records = subscribers.into_iter().filter_map(|thread| thread.join().ok()).collect();
            played.map(|end| (records, end.is_ok()))
        })
    }

    fn subscriber<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        surroundings: &'scope Surroundings<'scope>,
        index: u32,
        random: Random,
    ) -> ScopedJoinHandle<'scope, Record> {
        let (at, late) = (index as usize, is_late(index));
        let from_earliest = late || index.is_multiple_of(3);
        let (progress, filter) = (&self.progress[at], self.filters[at].clone());
        let subscriber = Subscriber::new(surroundings, progress, index, filter, from_earliest, random);
        scope.spawn(move || {
            let begun =
                || self.phase.late.load(Ordering::Acquire) || self.phase.leave.load(Ordering::Acquire);
            while late && !begun() {
                thread::sleep(Duration::from_millis(20));
            }
            subscriber.run()
        })
    }

    /// The server's side of the run. The outer error says that there was none; `Cut`, that it ended early.
    fn play<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        mut server: Server,
        random: &Random,
    ) -> Result<Result<(), Cut>, RunError> {
        if self.await_ready(&mut server).is_err() || self.await_greetings(&server).is_err() {
            return Ok(Err(Cut));
        }
        let scene = Scene {
            address: self.recipe.address,
            ledger: self.ledger,
            abort: &self.phase.leave,
            heavy: &self.phase.heavy,
            trap: self.trap,
        };
        let publishers: Vec<_> = (0..self.args.publishers)
            .map(|number| {
                let publisher = Publisher::new(number, scene, random.fork(u64::from(number)));
                scope.spawn(|| publisher.run(&self.phase.stop_publishing))
            })
            .collect();
        let Ok(server) = self.lives(server, random.fork(999))? else { return Ok(Err(Cut)) };
        self.phase.stop_publishing.store(true, Ordering::Release);
        // Each ends with a last event on every lasting payment stream, acknowledged.
        if !wait(self.deadline, || publishers.iter().all(ScopedJoinHandle::is_finished)) {
            self.silent(&server, "acknowledge the last events");
            return Ok(Err(Cut));
        }
        self.await_everything();
        self.phase.last_connection.store(true, Ordering::Release);
        Ok(self.stop(server))
    }

    pub(super) fn start(&self) -> Result<Server, RunError> {
        let path = || self.recipe.binary.clone();
        self.recipe.start().map_err(|source| RunError::Start { path: path(), source })
    }

    pub(super) fn await_ready(&self, server: &mut Server) -> Result<(), Cut> {
        match server.ready(self.deadline) {
            Ok(()) => Ok(()),
            Err(NotReady::Ended(status)) => {
                self.died(server, status.to_string(), "while it started");
                Err(Cut)
            }
            Err(NotReady::TooLate) => {
                self.silent(server, "answer after its start");
                Err(Cut)
            }
        }
    }

    /// Those who begin at the end of the log must be there before the first event.
    fn await_greetings(&self, server: &Server) -> Result<(), Cut> {
        let greeted = |(index, progress): (usize, &Progress)| {
            is_late(u32::try_from(index).unwrap_or_default()) || progress.greeted.load(Ordering::Acquire)
        };
        if wait(self.deadline, || self.progress.iter().enumerate().all(greeted)) {
            return Ok(());
        }
        self.silent(server, "greet every subscriber");
        Err(Cut)
    }

    /// Waits until each subscriber has the last event that is for it. What is still missing then, the oracle
    /// names.
    fn await_everything(&self) {
        let events = self.ledger.events();
        let mut owed = vec![0; self.filters.len()];
        for ack in self.ledger.acks() {
            let Some(event) = events.get(ack.tag as usize) else { continue };
            for (filter, last) in self.filters.iter().zip(&mut owed) {
                *last = if filter.wants(event) { ack.id.max(*last) } else { *last };
            }
        }
        let got = |(progress, owed): (&Progress, &u64)| progress.last.load(Ordering::Acquire) >= *owed;
        wait(self.deadline, || self.progress.iter().zip(&owed).all(got));
    }

    pub(super) fn stop(&self, server: Server) -> Result<(), Cut> {
        let words = server.last_words();
        match server.stop(self.deadline) {
            Ok(Some(status)) if status.success() => {}
            Ok(Some(status)) => {
                self.ledger.violate(Violation::Died {
                    status: status.to_string(),
                    when: "at SIGTERM",
                    words,
                });
            }
            Ok(None) | Err(_) => {
                let (what, deadline_s) = ("end after SIGTERM", self.args.deadline_s);
                self.ledger.violate(Violation::Silent { what, deadline_s, words });
            }
        }
        Ok(())
    }

    pub(super) fn died(&self, server: &Server, status: String, when: &'static str) {
        self.ledger.violate(Violation::Died { status, when, words: server.last_words() });
    }

    fn silent(&self, server: &Server, what: &'static str) {
        let (deadline_s, words) = (self.args.deadline_s, server.last_words());
        self.ledger.violate(Violation::Silent { what, deadline_s, words });
    }
}

/// Every fifth subscriber joins when half of the kills are done, and asks for everything.
fn is_late(index: u32) -> bool {
    index % 5 == 4
}

pub(super) fn wait(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
