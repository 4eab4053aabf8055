//! The binary: from the command line to an exit code. Everything it does is in the library.

use std::io::Write;
use std::process::ExitCode;

use tailwire::config::{Command, ConfigError};
use tailwire::{app, cli, config};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = config::parse(std::env::args_os(), &|name| std::env::var_os(name), &|path| {
        std::fs::read_to_string(path)
    });
    match command {
        Ok(Command::Serve(config)) => match app::serve(*config, give_back) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error, 1),
        },
        Ok(Command::Publish(options)) => cli::publish(&options),
        Ok(Command::Tail(options)) => cli::tail(&options),
        Ok(Command::Log(command)) => cli::log(&command),
        Ok(Command::Token(command)) => cli::token(&command),
        Err(ConfigError::CommandLine(error)) => {
            // Help and version go to standard output and are no failure; clap knows which is which.
            let _closed = error.print();
            if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS }
        }
        Err(error) => complain(&error, EXIT_USAGE),
    }
}

/// Returns to the system what this thread has freed.
#[expect(unsafe_code, reason = "the allocator's crate does not export its own function for this")]
fn give_back() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: the allocator that is linked in has this function, which may be called at any time on any thread.
    unsafe { mi_collect(true) }
}

/// Says why on standard error.
fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    let _closed = writeln!(std::io::stderr(), "tailwire: {}", cli::sentence(error));
    ExitCode::from(code)
}
