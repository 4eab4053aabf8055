//! `loadtest`: the load tool of Tailwire. A black-box client of the HTTP and SSE contract that counts exactly
//! what each subscriber was owed and got, and what it cost the server. It aims at this machine alone, and
//! every run ends by itself.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing results is what this program is for")]

mod chaos;
mod chart;
mod client;
mod command;
mod compare;
mod load;
mod options;
mod record;
mod sendloop;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::{
    Outcome, fanout, filtered, herd_helper, hostile, idle, publish, replay, restart, resume, run_server,
    saturate, sendloop_server, slow, soak, storm,
};
use crate::record::Output;

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
  loadtest saturate --spawn target/release/tailwire --in-flight 16 --svg saturate.svg
  loadtest storm --spawn target/release/tailwire --own 9900 --all 100 --behind-of log
  loadtest soak --spawn target/release/tailwire --seconds 1800 --json soak.json --svg soak.svg
  loadtest hostile --spawn target/release/tailwire --attack slow-heads --attackers 5000
  loadtest publish --spawn target/release/tailwire --connections 16 --batch 1 --seconds 10
  loadtest compare --quick
  loadtest fanout --url http://127.0.0.1:3001 --server-pid $(pidof tailwire) --json

See `loadtest <command> --help` for what each measures.";

#[derive(Debug, Subcommand)]
enum Command {
    Fanout(fanout::Options),
    Saturate(saturate::Options),
    Filtered(filtered::Options),
    Storm(storm::Options),
    Soak(soak::Options),
    Idle(idle::Options),
    Slow(slow::Options),
    Hostile(hostile::Options),
    Publish(publish::Options),
    Replay(replay::Options),
    Restart(restart::Options),
    Resume(resume::Options),
    Compare(compare::Options),
    SendloopServer(sendloop_server::Options),
    /// Kill the server again and again under load and prove that no event was lost, repeated or swapped
    Chaos(chaos::Args),
    #[command(hide = true)]
    RunServer(run_server::Options),
    #[command(hide = true)]
    HerdHelper(herd_helper::Options),
}

fn main() -> ExitCode {
    let (output, result) = match Cli::parse().command {
        Command::Fanout(options) => (options.target.output(), fanout::run(&options)),
        Command::Filtered(options) => (options.target.output(), filtered::run(&options)),
        Command::Saturate(options) => (options.target.output(), saturate::run(&options)),
        Command::Storm(options) => (options.target.output(), storm::run(&options)),
        Command::Soak(options) => (options.target.output(), soak::run(&options)),
        Command::Idle(options) => (options.target.output(), idle::run(&options)),
        Command::Hostile(options) => (options.target.output(), hostile::run(&options)),
        Command::Slow(options) => (options.target.output(), slow::run(&options)),
        Command::Publish(options) => (options.target.output(), publish::run(&options)),
        Command::Replay(options) => (options.target.output(), replay::run(&options)),
        Command::Resume(options) => (options.target.output(), resume::run(&options)),
        Command::Restart(options) => (json_on_stdout(options.json), restart::run(&options)),
        Command::Compare(options) => (Output::default(), compare::run(&options)),
        Command::Chaos(args) => return chaos::main(&args),
        Command::HerdHelper(options) => return help(&options),
        Command::RunServer(options) => (Output::default(), run_server::run(&options)),
        Command::SendloopServer(options) => (Output::default(), sendloop_server::run(&options)),
    };
    match result {
        Ok(outcome) => report(outcome, &output),
        Err(error) => {
            explain(&error);
            ExitCode::from(2)
        }
    }
}

fn report(outcome: Outcome, output: &Output) -> ExitCode {
    let Outcome { passed, text, json } = outcome;
    let record = record::complete(json, passed);
    if output.is_json_on_stdout() {
        println!("{record}")
    } else {
        print!("{text}")
    }
    if let Err(error) = output.write(&record) {
        explain(&error);
        return ExitCode::from(2);
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn help(options: &herd_helper::Options) -> ExitCode {
    herd_helper::run(options).map_or_else(
        |error| {
            explain(&error);
            ExitCode::from(2)
        },
        |()| ExitCode::SUCCESS,
    )
}

fn json_on_stdout(asked: bool) -> Output {
    Output { json: asked.then(|| "-".into()), svg: None }
}

fn explain(error: &dyn Error) {
    eprintln!("loadtest: {error}");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        eprintln!("  because: {deeper}");
        cause = deeper.source();
    }
}
