//! An operator's world without a process: arguments, variables and one file, all given as text.

use std::ffi::OsString;
use std::io;

use crate::config::{Command, Config, ConfigError, parse};

/// What the operator wrote, where.
#[derive(Default)]
pub(super) struct World<'a> {
    pub(super) args: &'a str,
    pub(super) env: &'a [(&'a str, &'a str)],
    /// The text of `tailwire.toml`, the only file there is.
    pub(super) file: Option<&'a str>,
}

impl World<'_> {
    pub(super) fn parse(&self) -> Result<Command, ConfigError> {
        let args = std::iter::once("tailwire").chain(self.args.split_whitespace()).map(OsString::from);
        let env = |name: &str| {
            self.env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        parse(args, &env, &|path| match self.file {
            Some(text) if path.ends_with("tailwire.toml") => Ok(text.to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        })
    }

    pub(super) fn config(&self) -> Config {
        match self.parse() {
            Ok(Command::Serve(config)) => *config,
            other => panic!("{:?} gave {other:?}", self.args),
        }
    }

    pub(super) fn refusal(&self) -> String {
        match self.parse() {
            Err(error) => error.to_string(),
            Ok(command) => panic!("{:?} was taken: {command:?}", self.args),
        }
    }
}

/// A world with nothing but arguments.
pub(super) fn args(args: &str) -> World<'_> {
    World { args, ..World::default() }
}
