//! `loadtest`: the load tool of Tailwire. A black-box client of the HTTP and SSE contract that counts exactly
//! what each subscriber was owed and got, and what it cost the server. It aims at this machine alone, and
//! every run ends by itself.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing results is what this program is for")]

mod chaos;
mod client;
mod command;
mod compare;
mod load;
mod options;
mod sendloop;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::{
    CommandError, Outcome, fanout, idle, publish, replay, restart, run_server, saturate, sendloop_server,
    slow, soak, storm,
};

/// Load, exact accounting and comparison for Tailwire.
///
/// Exit code: 0 all events came exactly once and in order; 1 they did not; 2 the run could not be made.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  loadtest fanout --spawn target/release/tailwire --subscribers 1000 --rate 50 --seconds 10
  loadtest fanout --spawn target/release/tailwire --compare-sendloop --rounds 5
  loadtest idle --spawn target/release/tailwire --subscribers 10000
  loadtest publish --spawn target/release/tailwire --connections 16 --batch 1 --seconds 10
  loadtest compare --quick
  loadtest fanout --url http://127.0.0.1:3001 --server-pid $(pidof tailwire) --json

See `loadtest <command> --help` for what each measures.";

#[derive(Debug, Subcommand)]
enum Command {
    Fanout(fanout::Options),
    Saturate(saturate::Options),
    Storm(storm::Options),
    Soak(soak::Options),
    Idle(idle::Options),
    Slow(slow::Options),
    Publish(publish::Options),
    Replay(replay::Options),
    Restart(restart::Options),
    Compare(compare::Options),
    SendloopServer(sendloop_server::Options),
    /// Kill the server again and again under load and prove that no event was lost, repeated or swapped
    Chaos(chaos::Args),
    #[command(hide = true)]
    RunServer(run_server::Options),
}

fn main() -> ExitCode {
    let (json, result) = match Cli::parse().command {
        Command::Fanout(options) => (options.target.json, fanout::run(&options)),
        Command::Saturate(options) => (options.target.json, saturate::run(&options)),
        Command::Storm(options) => (options.target.json, storm::run(&options)),
        Command::Soak(options) => (options.target.json, soak::run(&options)),
        Command::Idle(options) => (options.target.json, idle::run(&options)),
        Command::Slow(options) => (options.target.json, slow::run(&options)),
        Command::Publish(options) => (options.target.json, publish::run(&options)),
        Command::Replay(options) => (options.target.json, replay::run(&options)),
        Command::Restart(options) => (options.json, restart::run(&options)),
        Command::Compare(options) => (false, compare::run(&options)),
        Command::Chaos(args) => return chaos::main(&args),
        Command::RunServer(options) => (false, run_server::run(&options)),
        Command::SendloopServer(options) => (false, sendloop_server::run(&options)),
    };
    match result {
        Ok(outcome) => report(&outcome, json),
        Err(error) => {
            explain(&error);
            ExitCode::from(2)
        }
    }
}

fn report(outcome: &Outcome, json: bool) -> ExitCode {
    if json {
        println!("{}", outcome.json)
    } else {
        print!("{}", outcome.text)
    }
    if outcome.passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn explain(error: &CommandError) {
    eprintln!("loadtest: {error}");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        eprintln!("  because: {deeper}");
        cause = deeper.source();
    }
}
